// Package systemd tests the files beside it with systemd's own tools, without a running systemd.
package systemd

import (
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// exposure is what systemd-analyze security may find of a unit at most, of 10. What is left of it is named in the unit,
// beginning with "So there is no" or "There is no".
const exposure = 1.5

func TestVerify(t *testing.T) {
	root := system(t)
	out := tool(t, "systemd-analyze", "verify", "--root="+root, "--man=no", "submixd.service", "submix-console@ttyAMA0.service")
	if out != "" { // the exit status is 0 even so
		t.Errorf("systemd-analyze verify says:\n%s", out)
	}
}

const overlay = "../buildroot/board/common/overlay"

// The image's own units, and these with its drop-ins.
func TestVerifyImage(t *testing.T) {
	root := system(t)
	if out, err := exec.Command("cp", "-a", overlay+"/.", root).CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	for _, program := range []string{"usr/sbin/dropbear", "usr/bin/systemctl", "usr/bin/flock", "bin/sh", "bin/rm", "bin/mkdir"} {
		write(t, filepath.Join(root, program), "#!/bin/sh\n", 0o755)
	}
	units := []string{"verify", "--root=" + root, "--man=no", "var.mount", "submixd.service", "submix-console@ttyAMA0.service", "submix-restart.path"}
	paths, err := filepath.Glob(overlay + "/usr/lib/systemd/system/submix-*.service")
	if err != nil || len(paths) < 7 {
		t.Fatalf("%v: %v", paths, err)
	}
	for _, path := range paths {
		units = append(units, strings.Replace(filepath.Base(path), "@.", "@sda1.", 1))
	}
	if out := tool(t, "systemd-analyze", units...); out != "" {
		t.Errorf("systemd-analyze verify says:\n%s", out)
	}
	t.Logf("%d units", len(units)-3)
}

// The file that asks for a restart stays until that has come, as nothing is installed meanwhile, and goes if there is none.
func TestRestart(t *testing.T) {
	text, err := os.ReadFile(overlay + "/usr/lib/systemd/system/submix-restart.service")
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(text), "\nRemainAfterExit=yes\n") {
		t.Error("while the file is there systemd would begin it again and again")
	}
	for _, status := range []string{"0", "1"} {
		dir := t.TempDir()
		request := filepath.Join(dir, "run/submix-update/restart")
		write(t, request, "", 0o644)
		write(t, filepath.Join(dir, "usr/bin/systemctl"), "#!/bin/sh\necho $* >"+dir+"/asked\nexit "+status+"\n", 0o755)
		for line := range strings.Lines(string(text)) {
			if command, ok := strings.CutPrefix(line, "ExecStart="); ok {
				command = strings.NewReplacer("/run/", dir+"/run/", "/usr/bin/", dir+"/usr/bin/").Replace(command)
				err = exec.Command("sh", "-c", command).Run()
			}
		}
		_, missing := os.Stat(request)
		asked, _ := os.ReadFile(filepath.Join(dir, "asked"))
		if failed := status != "0"; string(asked) != "--no-block reboot\n" || (err != nil) != failed || (missing != nil) != failed {
			t.Errorf("systemctl ends with %s: it asks for %q, %v, the file: %v", status, asked, err, missing)
		}
	}
}

// A start takes away what is left of an update whose transfer was broken off, and nothing else of updates.
func TestReceived(t *testing.T) {
	root := system(t)
	tool(t, "systemd-sysusers", "--root="+root)
	left := filepath.Join(root, "data/update/received")
	kept := filepath.Join(root, "data/update/record")
	write(t, filepath.Join(left, "half.raucb"), "", 0o644)
	write(t, kept, "", 0o644)
	const conf = "usr/lib/tmpfiles.d/submix-update.conf"
	lines, err := os.ReadFile(filepath.Join(overlay, conf))
	if err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(root, conf), string(lines), 0o644)
	remove := []string{"--root=" + root, "--remove", filepath.Base(conf)}
	tool(t, "systemd-tmpfiles", remove...)
	if _, err := os.Stat(left); err != nil {
		t.Errorf("removed while the box runs: %v", err)
	}
	tool(t, "systemd-tmpfiles", append(remove, "--boot")...)
	if _, err := os.Stat(left); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("it is there after a start: %v", err)
	}
	if _, err := os.Stat(kept); err != nil {
		t.Error(err)
	}
}

func TestSecurity(t *testing.T) {
	root := system(t)
	for _, unit := range []string{"submixd.service", "submix-console@ttyAMA0.service"} {
		out := tool(t, "systemd-analyze", "security", "--offline=yes", "--no-pager", unit, "--root="+root)
		found := regexp.MustCompile(`Overall exposure level for ` + regexp.QuoteMeta(unit) + `: ([0-9.]+)`).FindStringSubmatch(out)
		if found == nil {
			t.Fatalf("no exposure in:\n%s", out)
		}
		got, err := strconv.ParseFloat(found[1], 64)
		if err != nil {
			t.Fatal(err)
		}
		t.Logf("exposure of %s: %.1f of 10, at most %.1f is allowed", unit, got, exposure)
		if got > exposure {
			t.Errorf("of this:\n%s", out)
		}
	}
}

// The user and the groups of the units come from sysusers, and the state directory is theirs.
func TestUser(t *testing.T) {
	root := system(t)
	if out := tool(t, "systemd-sysusers", "--root="+root); strings.Contains(out, "submix.conf:") {
		t.Errorf("systemd-sysusers says:\n%s", out)
	}
	if again := tool(t, "systemd-sysusers", "--root="+root, "--dry-run"); strings.Contains(again, "Creating") {
		t.Errorf("a second time it would do:\n%s", again)
	}
	user := fields(t, root, "etc/passwd", "submix")
	if user[5] != "/var/lib/submix" || !strings.HasSuffix(user[6], "/nologin") {
		t.Errorf("user %v", user)
	}
	if group := fields(t, root, "etc/group", "submix"); group[2] != user[3] {
		t.Errorf("group %v of user %v", group, user)
	}
	fields(t, root, "etc/group", "gpio")
	if os.Getuid() != 0 {
		t.Log("not root: no directory can be given to the user")
		return
	}
	if out := tool(t, "systemd-tmpfiles", "--root="+root, "--create", "submix.conf"); out != "" {
		t.Errorf("systemd-tmpfiles says:\n%s", out)
	}
	out, err := exec.Command("stat", "-c", "%u %g %a", filepath.Join(root, "var/lib/submix")).CombinedOutput()
	if want := user[2] + " " + user[3] + " 755\n"; err != nil || string(out) != want {
		t.Errorf("/var/lib/submix: %s%v, want %s", out, err, want)
	}
}

// system is a root with our files, and of the rest what they refer to.
func system(t *testing.T) (root string) {
	t.Helper()
	root = t.TempDir()
	const units = "usr/lib/systemd/system"
	if err := os.CopyFS(filepath.Join(root, units), os.DirFS("/"+units)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		t.Fatalf("systemd's own units: %v", err)
	}
	if out, err := exec.Command("./install.sh", root).CombinedOutput(); err != nil {
		t.Fatalf("install.sh: %v\n%s", err, out)
	}
	for _, program := range []string{"submixd", "submixctl", "stty"} {
		write(t, filepath.Join(root, "usr/bin", program), "#!/bin/sh\n", 0o755)
	}
	write(t, filepath.Join(root, "etc/passwd"), "root:x:0:0:root:/root:/bin/sh\n", 0o644)
	write(t, filepath.Join(root, "etc/group"), "root:x:0:\n", 0o644)
	return root
}

func write(t *testing.T, path, text string, mode fs.FileMode) {
	t.Helper()
	err := os.MkdirAll(filepath.Dir(path), 0o755)
	if err == nil {
		err = os.WriteFile(path, []byte(text), mode)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// fields returns those of a line of passwd(5) or group(5).
func fields(t *testing.T, root, file, name string) []string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(root, file))
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(text)) {
		if f := strings.Split(strings.TrimSpace(line), ":"); f[0] == name {
			return f
		}
	}
	t.Fatalf("%s has no %s:\n%s", file, name, text)
	return nil
}

// tool runs a tool, which must succeed, and returns what it says. Where it is missing the test fails in CI and is skipped
// at home.
func tool(t *testing.T, name string, args ...string) string {
	t.Helper()
	if _, err := exec.LookPath(name); err != nil {
		if os.Getenv("CI") == "" {
			t.Skip(err)
		}
		t.Fatal(err)
	}
	out, err := exec.Command(name, args...).CombinedOutput()
	if err != nil {
		t.Fatalf("%s %s: %v\n%s", name, strings.Join(args, " "), err, out)
	}
	return string(out)
}
