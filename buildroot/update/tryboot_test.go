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
	dir string
}

// rauc calls the backend as rauc does.
func (p pi) rauc(line string) string {
	p.Helper()
	cmd := exec.Command(common+"overlay/usr/lib/submix/tryboot", strings.Fields(line)...)
	cmd.Env = append(os.Environ(), "AUTOBOOT="+p.dir, "RUN="+p.dir, "DATA="+p.dir, "CMDLINE="+filepath.Join(p.dir, "cmdline"))
	out, err := cmd.CombinedOutput()
	if err != nil {
		p.Fatalf("tryboot %s: %v %s", line, err, out)
	}
	return strings.TrimSpace(string(out))
}

func (p pi) expect(lineAndWant ...string) {
	p.Helper()
	for i := 0; i < len(lineAndWant); i += 2 {
		if got := p.rauc(lineAndWant[i]); got != lineAndWant[i+1] {
			p.Errorf("%s: %q, want %q", lineAndWant[i], got, lineAndWant[i+1])
		}
	}
}

// restarts is a restart, if the power was not cut; the slot that autoboot.txt names begins, or with the word the other.
func (p pi) restarts(powerCut bool) string {
	p.Helper()
	text, err := os.ReadFile(filepath.Join(p.dir, "autoboot.txt"))
	if err != nil {
		p.Fatal(err)
	}
	word, _ := os.ReadFile(filepath.Join(p.dir, "reboot-param"))
	os.Remove(filepath.Join(p.dir, "reboot-param"))
	all, try, ok := strings.Cut(string(text), "[tryboot]\n")
	if !ok || !strings.HasPrefix(all, "[all]\ntryboot_a_b=1\n") || len(text) > 512 {
		p.Fatalf("autoboot.txt is %q", text)
	}
	if string(word) == "0 tryboot" && !powerCut {
		all = try
	}
	slot := "A"
	if strings.Contains(all, "boot_partition=3") {
		slot = "B"
	}
	if err := os.WriteFile(filepath.Join(p.dir, "cmdline"), []byte("console=tty1 rauc.slot="+slot+"\n"), 0o644); err != nil {
		p.Fatal(err)
	}
	return slot
}

// A slot is tried once, and begun always when it has said that it is good; whatever else happens, the old one is.
func TestTryboot(t *testing.T) {
	for _, board := range []string{"rpi4", "rpi5"} {
		p := pi{t, t.TempDir()}
		text, err := os.ReadFile("../board/" + board + "/autoboot/autoboot.txt")
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(p.dir, "autoboot.txt"), text, 0o644); err != nil {
			t.Fatal(err)
		}
		begins := func(powerCut bool, want string) {
			t.Helper()
			if slot := p.restarts(powerCut); slot != want {
				t.Fatalf("slot %s begins, want %s", slot, want)
			}
		}
		begins(false, "A")
		p.expect("get-primary", "A", "get-state A", "good", "get-state B", "bad")
		p.expect("set-state A good", "", "set-state B bad", "", "set-primary B", "", "get-primary", "B", "get-state B", "good")
		begins(false, "B")
		p.expect("get-primary", "A", "set-state B bad", "")
		begins(false, "A") // it has not proved itself
		p.expect("get-primary", "A", "get-state B", "bad", "set-primary B", "")
		begins(true, "A") // it was not tried
		p.expect("get-primary", "A", "set-primary B", "", "set-primary A", "", "get-primary", "A", "set-primary B", "")
		begins(false, "B")
		p.expect("set-state B good", "", "get-primary", "B", "get-state A", "good", "get-state B", "good")
		begins(true, "B")
		begins(false, "B")
		p.expect("set-state A bad", "", "set-primary A", "") // the next update
		begins(false, "A")
		p.expect("set-state A good", "", "get-primary", "A", "get-state B", "good")
		begins(true, "A")
	}
	t.Log("2 boards, 18 starts: tried once, kept when good, back otherwise")
}
