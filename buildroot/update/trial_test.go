//go:build vm

package update

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// The deadline of a trial, with programs that stand in and note how they are called. On a Pi 4 and 5 it is the firmware's
// word in the device tree that begins it, in machines with U-Boot the kernel's command line.
func TestTrial(t *testing.T) {
	const (
		line = "console=tty1 rauc.slot=B"
		word = line + " submix.trial"
		down = "systemctl --no-block --job-mode=replace-irreversibly start reboot.target\nsystemctl --force --force reboot\n"
	)
	for _, c := range []struct {
		name, cmdline, tryboot string
		run                    map[string]string // what is there before
		left                   string            // of slot A, as U-Boot has it
		note                   string            // of its last deadline
		readOnly               bool              // nothing can be noted
		full                   bool              // the disk
		hangs                  bool              // U-Boot's environment, when it is read
		dead                   bool              // the daemon
		early                  bool              // tmpfiles has made no folder
		verdict                bool              // comes when the time is over
		did, noted             string
	}{
		{name: "no trial", cmdline: line},
		{name: "an ordinary start of a Pi", cmdline: line, tryboot: "\x00\x00\x00\x00"},
		{name: "kept", cmdline: word, run: map[string]string{"verdict": ""}, did: "fw_setenv BOOT_TRIAL\n"},
		{name: "kept by a Pi", cmdline: line, tryboot: "\x00\x00\x00\x01", run: map[string]string{"verdict": ""}},
		{name: "prove has said why", cmdline: word, run: map[string]string{"ailing": "rauc: no bus\n"}, left: "2",
			did: "fw_setenv BOOT_B_LEFT 0\n" + down, noted: "B rauc: no bus\n"},
		{name: "nobody has said why", cmdline: line, tryboot: "\x00\x00\x00\x01",
			did: down, noted: "B its start did not come to an end, but waits for stuck.service, slow.service\n"},
		{name: "kept at the last moment", cmdline: word, run: map[string]string{"ailing": "late\n"}, verdict: true, left: "2", did: "fw_setenv BOOT_TRIAL\n"},
		{name: "the other has no try left", cmdline: word, run: map[string]string{"ailing": "rauc: no bus\n"}, left: "0",
			did: "fw_setenv BOOT_B_LEFT 0\n" + down, noted: "B rauc: no bus\n"},
		{name: "the other did not come up", cmdline: word, left: "0", note: "B it was worse\n", noted: "B it was worse\n"},
		{name: "the other did not come up, and this one not far", cmdline: word, left: "0", note: "B it was worse\n", noted: "B it was worse\n", early: true},
		{name: "neither comes up", cmdline: word, left: "0", note: "B it was worse\n", dead: true, run: map[string]string{"ailing": "rauc: no bus\n"},
			did: "fw_setenv BOOT_B_LEFT 0\n" + down, noted: "B rauc: no bus\n"},
		{name: "nothing is known of the other", cmdline: word, left: "0", note: "B it was worse\n", hangs: true, run: map[string]string{"ailing": "rauc: no bus\n"},
			did: "fw_setenv BOOT_B_LEFT 0\n" + down, noted: "B rauc: no bus\n"},
		{name: "the other has no try left, and there is no data partition", cmdline: word, left: "0", run: map[string]string{"../submix-no-data": ""}},
		{name: "the other has no try left, and nothing can be noted", cmdline: word, left: "0", readOnly: true},
		{name: "the other has no try left, and the disk is full", cmdline: word, left: "0", full: true},
	} {
		dir := t.TempDir()
		write := func(name, content string, mode os.FileMode) {
			if err := os.MkdirAll(filepath.Dir(filepath.Join(dir, name)), 0o755); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(filepath.Join(dir, name), []byte(content), mode); err != nil {
				t.Fatal(err)
			}
		}
		read := func(name string) string {
			text, _ := os.ReadFile(filepath.Join(dir, name))
			return string(text)
		}
		write("proc/cmdline", c.cmdline+"\n", 0o644)
		if c.tryboot != "" {
			write("proc/device-tree/chosen/bootloader/tryboot", c.tryboot, 0o644)
		}
		write("run/none", "", 0o644)
		if !c.early {
			write("run/submix-update/restart", "", 0o644)
		}
		for name, content := range c.run {
			write("run/submix-update/"+name, content, 0o644)
		}
		write("data/update/record.json", "{}", 0o644)
		if c.readOnly { // which root cannot be told by a mode
			write("data/update/unproved.new/in-the-way", "", 0o644)
		}
		if c.full {
			if err := os.Symlink("/dev/full", filepath.Join(dir, "data/update/unproved.new")); err != nil {
				t.Fatal(err)
			}
		}
		if c.note != "" {
			write("data/update/unproved", c.note, 0o644)
		}
		noting := "#!/bin/sh\necho \"${0##*/} $*\" >>" + dir + "/did\n"
		write("bin/fw_setenv", noting, 0o755)
		// The first sleep is that in which the card gets its name.
		write("bin/fw_printenv", fmt.Sprintf("#!/bin/sh\n[ -e %[1]s/card ] && : >%[1]s/asked.new || exit 1\n"+
			"! %[2]v || { mv %[1]s/asked.new %[1]s/asked; /bin/sleep 10; }\necho %[3]s\nmv %[1]s/asked.new %[1]s/asked\n", dir, c.hangs, c.left), 0o755)
		write("bin/ln", fmt.Sprintf("#!/bin/sh\n! %v || : >$2\nexec /bin/ln \"$@\"\n", c.verdict), 0o755)
		last := "data/update/unproved" // what it does beside
		if c.cmdline == word {
			last = "did"
		}
		if c.cmdline != word {
			write("asked", "", 0o644)
		}
		write("bin/sleep", fmt.Sprintf("#!/bin/sh\n[ -e %[1]s/card ] || { : >%[1]s/card; exit; }\nwhile [ ! -e %[1]s/asked ]; do :; done\n"+
			"[ $1 != 10 ] || while [ ! -s %[1]s/%[2]s ]; do :; done\n", dir, last), 0o755)
		write("bin/systemctl", `#!/bin/sh
case "$*" in
*is-active*submixd) exec "$0.submixd" ;;
*is-active*) exit 3 ;;
*list-jobs*) printf '7 stuck.service start running\n8 multi-user.target start waiting\n9 slow.service start running\n'; exit ;;
esac
`+strings.TrimPrefix(noting, "#!/bin/sh\n"), 0o755)
		write("bin/systemctl.submixd", fmt.Sprintf("#!/bin/sh\n! %v\n", c.dead), 0o755)
		cmd := exec.Command(common+"overlay/usr/lib/submix/trial", "10")
		cmd.Env = append(os.Environ(), "PATH="+dir+"/bin:"+os.Getenv("PATH"), "PROC="+dir+"/proc", "RUN="+dir+"/run", "DATA="+dir+"/data")
		said, err := cmd.CombinedOutput()
		if err != nil {
			t.Errorf("%s: %v %s", c.name, err, said)
		}
		if got := read("did"); got != c.did {
			t.Errorf("%s: it did\n%swant\n%s", c.name, got, c.did)
		}
		// It is the deadline's where the box goes back, and otherwise says that this one is kept.
		verdict, err := os.ReadFile(filepath.Join(dir, "run/submix-update/verdict"))
		back, trial := strings.Contains(c.did, down), c.cmdline == word || c.tryboot == "\x00\x00\x00\x01"
		if (err == nil) != trial || (string(verdict) == "late\n") != back || !back && len(verdict) > 0 {
			t.Errorf("%s: the verdict is %q, %v", c.name, verdict, err)
		}
		if got := read("data/update/unproved"); got != c.noted {
			t.Errorf("%s: it notes %q, want %q", c.name, got, c.noted)
		}
		if _, err = os.Stat(filepath.Join(dir, "run/submix-trial")); (err == nil) != trial {
			t.Errorf("%s: prove is told of a trial: %v", c.name, !trial)
		}
		t.Logf("%s: %s", c.name, strings.TrimSpace(string(said)))
	}
}
