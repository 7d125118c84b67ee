//go:build deb

package deb

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"testing"
	"time"
)

// recorder stands in for systemctl, which has no systemd to talk to in a root that is not booted: it writes down what it is
// asked, and leaves what concerns files to the real one.
const recorder = `#!/bin/sh
echo "$*" >>/systemctl.log
case "$*" in
--root=*) exec systemctl.real "$@" ;;
*list-units*) echo "submix-console@ttyAMA0.service loaded active running the console" ;;
*is-enabled*) exec systemctl.real --root=/ is-enabled submixd.service ;;
esac
`

// TestLife installs a package of before, upgrades, removes, installs again and purges.
func TestLife(t *testing.T) {
	deb := packages(t, "../..")[runtime.GOARCH]
	r := newRoot(t, deb, previous(t, deb))
	began := time.Now()
	before := r.files()
	r.write("/usr/local/bin/systemctl", recorder, 0o755)
	r.write("/run/systemd/system/x", "", 0o644) // by this a running systemd is known

	r.run("dpkg", "-i", "/old.deb")
	r.asked("daemon-reload", "start submixd.service")
	r.run("dpkg", "--verify", "submix")
	r.has("submix:", "/etc/passwd")
	r.run("test", "-L", "/etc/systemd/system/multi-user.target.wants/submixd.service")
	if out := r.run("stat", "-c", "%U:%G", "/var/lib/submix"); out != "submix:submix\n" {
		t.Errorf("/var/lib/submix is %s", out)
	}
	r.run("submixd", "-demo", "-check")
	r.valid()

	// Its owner configures it, and has a console.
	r.write("/etc/submix/submix.toml", "[playback]\ndevice = \"sim:null\"\n", 0o644)
	r.write("/etc/submix/console.conf", "BAUD=9600\n", 0o644)
	r.write("/var/lib/submix/state.json", "{}\n", 0o644)
	r.run("systemctl.real", "--root=/", "enable", "submix-console@ttyAMA0.service")

	r.run("dpkg", "--force-confold", "-i", "/new.deb")
	r.asked("daemon-reload", "restart submixd.service", "restart submix-console@ttyAMA0.service")
	r.has("BAUD=9600\n", "/etc/submix/console.conf")
	r.has("sim:null", "/etc/submix/submix.toml")
	r.run("test", "-L", "/etc/systemd/system/getty.target.wants/submix-console@ttyAMA0.service")
	r.valid()

	r.run("dpkg", "-r", "submix")
	r.asked("stop submix-console@*.service", "stop submixd.service", "daemon-reload")
	r.has("BAUD=9600\n", "/etc/submix/console.conf")
	r.has("{}", "/var/lib/submix/state.json")
	if left := r.files(); strings.Contains(left, "/usr/bin/submix") || strings.Contains(left, "/usr/lib/systemd/system/submix") {
		t.Error("programs or units are there after remove")
	}

	// A service that its owner has disabled stays so.
	r.run("dpkg", "-i", "/new.deb")
	r.run("systemctl.real", "--root=/", "disable", "submixd.service")
	r.run("dpkg", "-i", "/new.deb")
	if _, err := os.Lstat(r.path("/etc/systemd/system/multi-user.target.wants/submixd.service")); err == nil {
		t.Error("an upgrade has enabled a service that was disabled")
	}

	// Who installs may have no service touched, as in a container: restarted is nothing then.
	r.write("/usr/sbin/policy-rc.d", "#!/bin/sh\nexit 101\n", 0o755)
	r.write("/systemctl.log", "", 0o644)
	r.run("dpkg", "-i", "/new.deb")
	if asked, err := os.ReadFile(r.path("/systemctl.log")); err != nil || strings.Contains(string(asked), "restart") {
		t.Errorf("against the policy systemctl was asked for:\n%s%v", asked, err)
	}
	if err := os.Remove(r.path("/usr/sbin/policy-rc.d")); err != nil {
		t.Error(err)
	}

	r.run("dpkg", "-P", "submix")
	for _, f := range []string{"/usr/local/bin/systemctl", "/run/systemd/system/x", "/systemctl.log"} {
		if err := os.Remove(r.path(f)); err != nil {
			t.Error(err)
		}
	}
	if after := r.files(); after != before {
		t.Errorf("left after purge, or lost:\n%s", difference(before, after))
	}
	r.has("submix:", "/etc/passwd") // see postrm
	if t.Failed() {
		return
	}
	t.Logf("installed, upgraded, removed, installed and purged in %.1f s; nothing is left but the user", time.Since(began).Seconds())
}

// A root is a Debian system that is not booted.
type root struct {
	t   *testing.T
	dir string
}

// newRoot unpacks the root of root.sh, and puts the packages into it.
func newRoot(t *testing.T, deb, old string) root {
	t.Helper()
	cmd := exec.Command("./root.sh")
	cmd.Stderr = os.Stderr
	archive, err := cmd.Output()
	if err != nil {
		t.Fatalf("root.sh: %v", err)
	}
	r := root{t, t.TempDir()}
	command(t, "tar", "-xzf", strings.TrimSpace(string(archive)), "-C", r.dir, "--exclude=./dev/*")
	command(t, "cp", deb, r.path("/new.deb"))
	command(t, "cp", old, r.path("/old.deb"))
	command(t, "ln", "-s", "/usr/bin/systemctl", r.path("/usr/bin/systemctl.real"))
	command(t, "mknod", "-m", "666", r.path("/dev/null"), "c", "1", "3")
	return r
}

func (r root) path(inside string) string { return filepath.Join(r.dir, inside) }

// run runs a command in the root, with no more of the machine than /proc.
func (r root) run(args ...string) string {
	r.t.Helper()
	const enter = `mount -t proc proc "$0/proc" && exec chroot "$0" "$@"`
	cmd := exec.Command("unshare", append([]string{"--mount", "--pid", "--fork", "--kill-child", "sh", "-c", enter, r.dir}, args...)...)
	cmd.Env = []string{"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "DEBIAN_FRONTEND=noninteractive", "LC_ALL=C.UTF-8"}
	out, err := cmd.CombinedOutput()
	if err != nil {
		r.t.Fatalf("%s: %v\n%s", strings.Join(args, " "), err, out)
	}
	return string(out)
}

func (r root) write(path, text string, mode os.FileMode) {
	r.t.Helper()
	err := os.MkdirAll(filepath.Dir(r.path(path)), 0o755)
	if err == nil {
		err = os.WriteFile(r.path(path), []byte(text), mode)
	}
	if err != nil {
		r.t.Fatal(err)
	}
}

func (r root) has(text, path string) {
	r.t.Helper()
	if found, err := os.ReadFile(r.path(path)); err != nil || !strings.Contains(string(found), text) {
		r.t.Errorf("%s: %v, want %q in\n%s", path, err, text, found)
	}
}

// asked wants systemctl to have been asked for this since the last time, in this order.
func (r root) asked(requests ...string) {
	r.t.Helper()
	log, err := os.ReadFile(r.path("/systemctl.log"))
	if err != nil {
		r.t.Fatal(err)
	}
	pattern := "(?s)"
	for _, request := range requests {
		pattern += ".*" + regexp.QuoteMeta(request) + "\n"
	}
	if !regexp.MustCompile(pattern).Match(log) {
		r.t.Errorf("systemctl was to be asked for %q, and was for:\n%s", requests, log)
	}
	r.write("/systemctl.log", "", 0o644)
}

// valid has this system's tools look at what is installed: they are newer than the oldest that the units are for.
func (r root) valid() {
	r.t.Helper()
	if out := r.run("systemd-analyze", "verify", "--man=no", "submixd.service", "submix-console@ttyAMA0.service"); out != "" {
		r.t.Errorf("systemd-analyze verify says:\n%s", out)
	}
	out := r.run("systemd-analyze", "security", "--offline=yes", "--no-pager", "submixd.service")
	exposure := regexp.MustCompile(`Overall exposure level for submixd.service: [0-9.]+`).FindString(out)
	r.t.Logf("%s: %s", strings.Fields(r.run("systemd-analyze", "--version"))[1], exposure)
	r.run("udevadm", "verify", "/usr/lib/udev/rules.d/70-submix.rules")
}

// files lists what is in the root, with what dpkg, ldconfig and sysusers write down of everything left out.
func (r root) files() string {
	r.t.Helper()
	return command(r.t, "sh", "-c", `cd "$0" && find . -xdev \( -path ./var/lib/dpkg -o -path ./var/cache -o -path ./var/log -o -path './etc/*-' \
		-o -path ./run/systemd -o -path ./proc -o -path './usr/local/bin' -o -path ./systemctl.log \) -prune -o -print | sort`, r.dir)
}

// difference lists lines that are only in one of two texts.
func difference(before, after string) (all string) {
	only := func(a, b, mark string) {
		known := map[string]bool{}
		for line := range strings.Lines(b) {
			known[line] = true
		}
		for line := range strings.Lines(a) {
			if !known[line] {
				all += mark + line
			}
		}
	}
	only(before, after, "- ")
	only(after, before, "+ ")
	return all
}
