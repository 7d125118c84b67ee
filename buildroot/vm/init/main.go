// Command init is the first process of the test machine: it mounts the kernel's file systems, runs the guest's
// tests with the arguments it got itself (what follows "--" on the kernel command line), sends what they print
// to the host, and switches the machine off.
//
// Where another program is the first process it does the same as a service: the arguments are then the kernel parameter
// submix.guest, with commas between them.
package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

var mounts = []struct{ kind, path, options string }{
	{"proc", "/proc", ""},
	{"sysfs", "/sys", ""},
	{"devtmpfs", "/dev", ""},
	{"devpts", "/dev/pts", "mode=620,ptmxmode=666"},
	{"tmpfs", "/dev/shm", ""},
	{"configfs", "/sys/kernel/config", ""},
	{"cgroup2", "/sys/fs/cgroup", ""},
	{"tmpfs", "/run", "mode=755"},
	{"tmpfs", "/tmp", "mode=1777"},
	{"tmpfs", "/etc", "mode=755"},
	{"tmpfs", "/var", "mode=755"},
}

func main() {
	begin := asFirst
	if os.Getpid() != 1 {
		begin = asService
	}
	if err := run(begin); err != nil {
		fmt.Println("init:", err)
	}
	unix.Sync()
	err := unix.Reboot(unix.LINUX_REBOOT_CMD_POWER_OFF)
	panic(err) // the end of process 1: the kernel panics, which ends qemu too
}

// asFirst mounts all, and returns the arguments.
func asFirst() ([]string, error) {
	for _, m := range mounts {
		if err := os.MkdirAll(m.path, 0o755); err != nil {
			return nil, err
		}
		if err := unix.Mount(m.kind, m.path, m.kind, 0, m.options); err != nil {
			return nil, fmt.Errorf("mount %s: %w", m.path, err)
		}
	}
	return os.Args[1:], nil
}

// asService returns the arguments.
func asService() ([]string, error) {
	line, err := os.ReadFile("/proc/cmdline")
	for word := range strings.FieldsSeq(string(line)) {
		if args, ok := strings.CutPrefix(word, "submix.guest="); ok {
			return strings.Split(args, ","), nil
		}
	}
	return nil, fmt.Errorf("no arguments on the kernel command line: %w", err)
}

func run(begin func() ([]string, error)) error {
	args, err := begin()
	if err != nil {
		return err
	}
	port, err := openPort("results")
	if err != nil {
		return err
	}
	defer port.Close()
	status, err := runTests(port, args)
	if err != nil {
		return err
	}
	tainted, err := os.ReadFile("/proc/sys/kernel/tainted")
	if err != nil {
		return err
	}
	// The host takes a run without this line for one that broke off. See Report.
	_, err = fmt.Fprintf(port, "\nguest: exit=%d tainted=%s\n", status, strings.TrimSpace(string(tainted)))
	return err
}

// openPort opens the virtio port that the host calls name. The kernel adds ports a moment after boot.
func openPort(name string) (*os.File, error) {
	for range 1000 {
		names, err := filepath.Glob("/sys/class/virtio-ports/*/name")
		if err != nil {
			return nil, err
		}
		for _, path := range names {
			if text, _ := os.ReadFile(path); strings.TrimSpace(string(text)) == name {
				return os.OpenFile("/dev/"+filepath.Base(filepath.Dir(path)), os.O_WRONLY, 0)
			}
		}
		time.Sleep(time.Millisecond)
	}
	return nil, fmt.Errorf("no virtio port is named %s", name)
}

// runTests runs the tests to their end and returns their exit status (128 and the signal, if one ended them).
// Meanwhile it reaps whatever process is left to it, as process 1 must.
func runTests(out *os.File, args []string) (int, error) {
	tests, err := os.StartProcess("/bin/guest.test", append([]string{"guest.test"}, args...), &os.ProcAttr{
		Dir:   "/tmp",
		Env:   []string{"PATH=/bin", "HOME=/tmp", "TMPDIR=/tmp", "SUBMIX_GUEST=1"},
		Files: []*os.File{os.Stdin, out, out},
	})
	if err != nil {
		return 0, err
	}
	for {
		var status unix.WaitStatus
		pid, err := unix.Wait4(-1, &status, 0, nil)
		switch {
		case errors.Is(err, unix.EINTR):
		case err != nil:
			return 0, fmt.Errorf("wait: %w", err)
		case pid == tests.Pid && status.Signaled():
			return 128 + int(status.Signal()), nil
		case pid == tests.Pid && status.Exited():
			return status.ExitStatus(), nil
		}
	}
}
