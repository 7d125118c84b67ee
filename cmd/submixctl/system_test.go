package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/creack/pty"
)

// The console knows update, too; and what it reads ahead does not keep the terminal from rz.
func TestUpdateInTheConsole(t *testing.T) {
	_, path := daemon(t)
	t.Setenv("PATH", t.TempDir()) // no rauc, wherever the test runs
	p := sit(t, "-socket", path)
	p.sees("submix> \u2588")
	p.types("update status\r")
	p.sees("there is no rauc")
	p.types("update sing\r")
	p.sees("mark-good")
	p.types("\x04")
	p.ends(0)

	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	link := filepath.Join(t.TempDir(), "submixctl")
	if err := os.Symlink(self, link); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(link, "-socket", path)
	cmd.Env = append(os.Environ(), "GORACE=atexit_sleep_ms=0")
	terminal, err := pty.Start(cmd)
	if err != nil {
		t.Fatal(err)
	}
	defer terminal.Close()
	if _, err := terminal.WriteString("update receive\r"); err != nil {
		t.Fatal(err)
	}
	const want = "submixctl: update: mkdir /data/update/received: no such file or directory"
	said, buffer := "", make([]byte, 4096)
	for !strings.Contains(said, want) {
		n, err := terminal.Read(buffer)
		if err != nil {
			t.Fatalf("%v, and it does not say %q but %q", err, want, said)
		}
		said += string(buffer[:n])
	}
	if err := cmd.Wait(); cmd.ProcessState.ExitCode() != exitRefused {
		t.Errorf("it ends with %v", err)
	}
}

// Without a daemon the console says so once, and has what works without; when there is one again, it is asked.
func TestConsoleWithoutDaemon(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	path := filepath.Join(t.TempDir(), "s")
	p := sit(t, "-socket", path)
	p.sees("submixctl: the daemon cannot be reached: ")
	p.sees("submix> \u2588")
	p.types("doctor " + path + "x\r")
	p.sees("\nbad   configuration: ")
	p.sees("submix> \u2588")
	p.types("\x0cdoctor a b\r")
	p.sees("usage: submixctl doctor")
	p.types("\x0cupdate status\r")
	p.sees("there is no rauc")
	p.types("\x0cmute mic\r")
	p.sees("mute mic\nthe daemon cannot be reached: ")
	p.types("\x0cmeters\r")
	p.sees("meters\nthe daemon cannot be reached: ")
	p.types("\x0chelp\r")
	p.sees("\ndoctor  look for")
	p.types("\x0c")
	daemonAt(t, path)
	p.types("mute mic\r")
	p.sees("mute mic\nok\n")
	p.types("\x04")
	p.ends(0)
}

func TestUpdateUsage(t *testing.T) {
	var stdout, stderr strings.Builder
	if status := run([]string{"update", "sing"}, nil, &stdout, &stderr); status != exitUsage || !strings.Contains(stderr.String(), "submixctl update install FILE [now]") ||
		strings.Contains(stderr.String(), "prove") {
		t.Errorf("status %d: %s", status, stderr.String())
	}
}
