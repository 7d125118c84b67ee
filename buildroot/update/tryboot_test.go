//go:build vm

package update

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

const common = "../board/common/"

// pi stands in for a Raspberry Pi 4 or 5: its first partition, and what its firmware does.
type pi struct {
	*testing.T
	dir    string
	starts int
}

// newPi is a board with its own autoboot.txt, switched off. A file in its folder says how the partition is mounted.
func newPi(t *testing.T, board string) *pi {
	p := &pi{T: t, dir: t.TempDir()}
	text, err := os.ReadFile("../board/" + board + "/autoboot/autoboot.txt")
	if err != nil {
		t.Fatal(err)
	}
	p.write("autoboot.txt", string(text))
	p.write("mounted", "ro\n")
	p.write("bin/mount", "#!/bin/sh\ncase \"$*\" in \"-o remount,rw "+p.dir+"\") echo rw ;; \"-o remount,ro "+p.dir+"\") echo ro ;; *) echo \"$*\" ;; esac >"+p.dir+"/mounted\n")
	p.write("bin/systemctl", "#!/bin/sh\ncase $* in *list-jobs) cat "+p.dir+"/jobs ;; *) echo \"$*\" >"+p.dir+"/asked ;; esac\n")
	return p
}

func (p *pi) write(name, text string) {
	p.Helper()
	if err := put(p.dir, map[string]string{name: text}); err != nil {
		p.Fatal(err)
	}
}

func (p *pi) read(name string) string {
	text, _ := os.ReadFile(filepath.Join(p.dir, name))
	return strings.TrimSpace(string(text))
}

// call calls the backend, as rauc does and submix-tryboot.service.
func (p *pi) call(line string) (string, error) {
	cmd := exec.Command(common+"overlay/usr/lib/submix/tryboot", strings.Fields(line)...)
	cmd.Env = append(os.Environ(), "AUTOBOOT="+p.dir, "RUN="+p.dir, "DATA="+p.dir, "CMDLINE="+filepath.Join(p.dir, "cmdline"),
		"PATH="+filepath.Join(p.dir, "bin")+":"+os.Getenv("PATH"))
	out, err := cmd.CombinedOutput()
	return strings.TrimSpace(string(out)), err
}

func (p *pi) expect(lineAndWant ...string) {
	p.Helper()
	for i := 0; i < len(lineAndWant); i += 2 {
		got, err := p.call(lineAndWant[i])
		if err != nil {
			p.Fatalf("tryboot %s: %v %s", lineAndWant[i], err, got)
		}
		if got != lineAndWant[i+1] {
			p.Errorf("%s: %q, want %q", lineAndWant[i], got, lineAndWant[i+1])
		}
	}
	if how := p.read("mounted"); how != "ro" {
		p.Errorf("the first partition stays mounted %s", how)
	}
}

// How a start came about.
const (
	restart  = "  7 reboot.target start waiting\n"
	powerOff = "  7 poweroff.target start waiting\n"
	cut      = ""
)

// begins has the board start: the slot that autoboot.txt names begins, or with the word the other.
func (p *pi) begins(how, want string) {
	p.Helper()
	p.starts++
	if how != cut {
		p.write("jobs", how)
		p.expect("stop", "")
	}
	word := p.read("reboot-param")
	os.Remove(filepath.Join(p.dir, "reboot-param")) // which is in memory
	os.Remove(filepath.Join(p.dir, "asked"))
	text := p.read("autoboot.txt") + "\n"
	all, try, ok := strings.Cut(text, "[tryboot]\n")
	if !ok || !strings.HasPrefix(all, "[all]\ntryboot_a_b=1\n") || len(text) > 512 {
		p.Fatalf("autoboot.txt is %q", text)
	}
	if word == "0 tryboot" && how == restart {
		all = try
	}
	slot := "A"
	if strings.Contains(all, "boot_partition=3") {
		slot = "B"
	}
	p.write("cmdline", "console=tty1 rauc.slot="+slot+"\n")
	if slot != want {
		p.Fatalf("slot %s begins, want %s", slot, want)
	}
}

// early has the service do what it does early in a start, and tells whether that restarts the box.
func (p *pi) early(want string, restarts bool) {
	p.Helper()
	p.expect("start", want)
	if asked := p.read("asked"); (asked == "--no-block reboot") != restarts {
		p.Errorf("it asks for %q", asked)
	}
}

// A slot is tried once, and begun always when it has said that it is good; whatever else happens, the old one is.
func TestTryboot(t *testing.T) {
	starts := 0
	for _, board := range []string{"rpi4", "rpi5"} {
		p := newPi(t, board)
		p.begins(cut, "A")
		p.early("", false)
		p.expect("get-primary", "A", "get-state A", "good", "get-state B", "bad")
		p.expect("set-state A good", "", "set-state B bad", "", "set-primary B", "", "get-primary", "B", "get-state B", "good")
		p.begins(restart, "B")
		p.early("", false)
		p.expect("get-primary", "A", "get-state B", "bad", "set-state B bad", "")
		p.begins(restart, "A") // it has not proved itself
		p.early("", false)
		p.expect("get-primary", "A", "get-state B", "bad", "set-primary B", "", "get-primary", "B")
		p.expect("set-primary A", "", "get-primary", "A", "get-state B", "bad", "set-primary B", "")
		p.begins(restart, "B")
		p.expect("set-state B good", "", "get-primary", "B", "get-state A", "good", "get-state B", "good")
		p.begins(cut, "B")
		p.begins(restart, "B")
		p.expect("set-state A bad", "", "get-state A", "bad", "set-primary A", "") // the next update
		p.begins(restart, "A")
		p.expect("set-state A good", "", "get-primary", "A", "get-state B", "good")
		p.begins(cut, "A")
		p.early("", false)
		starts += p.starts
	}
	t.Logf("2 boards, %d starts: tried once, kept when good, back otherwise", starts)
}

// The wish to try a slot outlives what is no orderly restart, and the start that finds it restarts once, to try it. What
// was not tried is never said to be bad.
func TestTrybootPowerCut(t *testing.T) {
	const again = "update: slot B is still to be tried: the box restarts into it"
	p := newPi(t, "rpi5")
	p.begins(cut, "A")
	for _, how := range []string{cut, powerOff} {
		p.expect("set-state B bad", "", "set-primary B", "")
		p.begins(how, "A")
		p.expect("get-primary", "B", "get-state B", "good")
		p.early(again, true)
		p.expect("get-state B", "good")
		p.begins(restart, "B")
		p.early("", false)
		p.begins(cut, "A") // while it is on trial
		p.early("", false)
		p.expect("get-primary", "A", "get-state B", "bad")
	}
	// In that restart, too.
	p.expect("set-primary B", "")
	p.begins(cut, "A")
	p.early(again, true)
	p.begins(cut, "A")
	p.early("update: slot B is still to be tried, by the next restart", false)
	p.expect("get-primary", "B", "get-state B", "good")
	p.begins(restart, "B")
	p.expect("get-state B", "bad")
	p.begins(restart, "A")
	// While the next update is written: what is half written is not tried.
	p.expect("set-primary B", "", "get-primary", "B", "set-state B bad", "", "get-primary", "A")
	p.begins(restart, "A")
	p.early("", false)
	// Back by hand.
	p.expect("set-primary B", "")
	p.begins(restart, "B")
	p.expect("set-state B good", "", "set-primary A", "", "get-primary", "A")
	p.begins(cut, "B")
	p.early("update: slot A is still to be tried: the box restarts into it", true)
	p.begins(restart, "A")
	p.begins(cut, "B") // it is tried as any other
	p.expect("get-primary", "B", "get-state A", "good")
	// A card that cannot be written to restarts nothing, and so not for ever.
	p.expect("set-primary A", "")
	p.begins(cut, "B")
	p.write("bin/mv", "#!/bin/sh\nexit 1\n")
	if said, err := p.call("start"); err == nil || p.read("asked") != "" {
		t.Errorf("it says %q, and asks for %q", said, p.read("asked"))
	}
}

// A slot that is given up is not begun any more, if there is a good one.
func TestTrybootGivenUp(t *testing.T) {
	p := newPi(t, "rpi5")
	p.begins(cut, "A")
	p.expect("set-state A bad", "") // and B was never tried
	p.begins(cut, "A")
	p.expect("set-state B bad", "", "set-primary B", "")
	p.begins(restart, "B")
	p.expect("set-state B good", "", "get-primary", "B")
	p.begins(cut, "B")
	p.expect("set-state B bad", "", "get-primary", "A", "get-state A", "good", "get-state B", "bad")
	p.begins(cut, "A")
	// Nor one that is written to while the other runs, which nobody has said to be good.
	p.expect("set-primary B", "")
	p.begins(restart, "B")
	p.expect("set-state A bad", "", "get-primary", "B")
	p.begins(cut, "B")
	p.expect("set-primary A", "")
	p.begins(restart, "A")
	p.begins(cut, "B")
}

// A system that cannot keep that it is good is not begun always, and not said to be good: it may be there that it is, and
// only the last word of the card be missing.
func TestTrybootCannotKeep(t *testing.T) {
	for program, fails := range map[string]string{"mv": "exit 1", "sync": `[ ! -d "$1" ]`} {
		p := newPi(t, "rpi4")
		p.begins(cut, "A")
		p.expect("set-state A good", "", "set-state B bad", "", "set-primary B", "")
		p.begins(restart, "B")
		p.write("bin/"+program, "#!/bin/sh\n"+fails+"\n")
		if said, err := p.call("set-state B good"); err == nil {
			t.Errorf("%s: B is good: %q", program, said)
		}
		p.expect("get-primary", "A", "get-state A", "good", "get-state B", "bad")
		p.begins(restart, "A")
	}
}

// Whatever becomes of writing autoboot.txt, the partition is read-only again, and one of the slots is begun.
func TestTrybootWrites(t *testing.T) {
	for name, dd := range map[string]string{
		"fails":             "#!/bin/sh\nexit 1\n",
		"writes nothing":    "#!/bin/sh\nexit 0\n",
		"is killed":         "#!/bin/sh\nkill -9 $$\n",
		"is told to end":    "#!/bin/sh\nkill -TERM $PPID\n",
		"finds a full disk": "#!/bin/sh\necho 'dd: No space left on device' >&2\nexit 1\n",
	} {
		p := newPi(t, "rpi4")
		p.begins(cut, "A")
		p.expect("set-primary B", "")
		p.begins(restart, "B")
		p.write("bin/dd", dd)
		said, err := p.call("set-state B good")
		if err == nil || name != "is told to end" && !strings.Contains(said, "autoboot.txt cannot be written: the slot that is begun stays as it was") {
			t.Errorf("dd %s: %v, it says %q", name, err, said)
		}
		p.expect("get-primary", "A", "get-state A", "good", "get-state B", "bad") // and looks how the partition is mounted
		p.begins(restart, "A")
	}
}
