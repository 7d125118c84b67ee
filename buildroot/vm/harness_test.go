//go:build vm

package vm

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// The harness must not take a bad run for a good one.
func TestHarness(t *testing.T) {
	for _, c := range []struct {
		run   string
		limit time.Duration
		want  string // among the verdicts; empty for none at all
	}{
		{"^TestHarnessFail$", time.Minute, "TestHarnessFail/within: the guest says: fail"},
		{"^TestHarnessSkip$", time.Minute, "TestHarnessSkip: the guest says: skip"},
		{"^TestHarnessExit$", time.Minute, "TestHarnessExit: the test did not end"},
		{"^TestHarnessWarn$", time.Minute, "the console says: WARNING: told to warn"},
		{"^TestHarnessPanic$", time.Minute, "the console says: Kernel panic"},
		{"^TestHarnessOrphan$", time.Minute, ""},
		{"^NoSuchTest$", time.Minute, "no test ran"},
	} {
		t.Run(c.run, func(t *testing.T) {
			t.Parallel()
			r := boot(t, c.run, c.limit)
			if got := verdicts(r); !strings.Contains(got, c.want) || (got != "") != (c.want != "") {
				t.Errorf("verdicts are %q, want %q\n%s", got, c.want, r.Tail())
			}
		})
	}
}

// A guest that hangs is ended by its limit of the host's time, and its console is there to be shown.
func TestHarnessLimit(t *testing.T) {
	t.Parallel()
	m, err := images()
	if err != nil {
		t.Fatal(err)
	}
	m.Limit, m.Args = 20*time.Second, []string{"-test.v=test2json", "-test.run=^TestHarnessHang$"}
	r, err := m.Run(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	got := verdicts(r)
	for _, want := range []string{"TestHarnessHang: the test did not end", "ended from outside after 20 s"} {
		if !strings.Contains(got, want) {
			t.Errorf("verdicts are %q, want %q among them", got, want)
		}
	}
	if !strings.Contains(r.Tail(), "Run /init") {
		t.Errorf("the console's end is missing: %q", r.Tail())
	}
}

// What a guest costs the host that never idles is printed, in time of the host's processor: figures of long runs
// depend on it, and slow time must be slower than the host's.
func TestHarnessPace(t *testing.T) {
	cost := func(run string) time.Duration {
		before := childrenTime(t)
		r := boot(t, "^"+run+"$", 2*time.Minute)
		if got := verdicts(r); got != "" {
			t.Fatal(got)
		}
		return childrenTime(t) - before
	}
	if _, err := images(); err != nil { // made here, or they count as a boot's cost
		t.Fatal(err)
	}
	idle := cost("TestHarnessOrphan")
	burn, slow := 30/(cost("TestHarnessBurn")-idle).Seconds(), 1/(cost("TestHarnessSlow")-idle).Seconds()
	t.Logf("a second of the host's processor is %.2g s of virtual time with burn, %.2g s of slow time", burn, slow)
	if burn < 2 || slow > 1 {
		t.Error("burn must be well above 1, slow time below")
	}
}

// childrenTime is the processor time of all processes that this one has started and that have ended.
func childrenTime(t *testing.T) time.Duration {
	t.Helper()
	var used unix.Rusage
	if err := unix.Getrusage(unix.RUSAGE_CHILDREN, &used); err != nil {
		t.Fatal(err)
	}
	return time.Duration(used.Utime.Nano() + used.Stime.Nano())
}

// orphanEnv makes a test binary the one that is killed below. It holds the Machine to run, as JSON.
const orphanEnv = "SUBMIX_VM_ORPHAN"

// A machine does not outlive the test binary, however that dies: the binary runs itself with a machine that
// hangs, and is killed. The connection to that machine's monitor must then come to its end.
func TestHarnessKilled(t *testing.T) {
	if text := os.Getenv(orphanEnv); text != "" {
		var m Machine
		if err := json.Unmarshal([]byte(text), &m); err != nil {
			t.Fatal(err)
		}
		t.Fatal(m.Run(context.Background()))
	}
	t.Parallel()
	m, err := images()
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	listener, err := net.Listen("unix", filepath.Join(dir, "monitor"))
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	m.Devices = []string{"-chardev", "socket,id=monitor,path=" + listener.Addr().String(), "-mon", "chardev=monitor"}
	m.Limit, m.Args = time.Hour, []string{"-test.run=^TestHarnessHang$"}
	text, err := json.Marshal(m)
	if err != nil {
		t.Fatal(err)
	}
	binary := exec.Command(os.Args[0], "-test.run=^TestHarnessKilled$")
	binary.Env = append(os.Environ(), orphanEnv+"="+string(text), "TMPDIR="+dir)
	if err := binary.Start(); err != nil {
		t.Fatal(err)
	}
	defer binary.Process.Kill()
	if err := listener.(*net.UnixListener).SetDeadline(time.Now().Add(time.Minute)); err != nil {
		t.Fatal(err)
	}
	monitor, err := listener.Accept()
	if err != nil {
		t.Fatal(err)
	}
	if err := binary.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	binary.Wait()
	if err := monitor.SetReadDeadline(time.Now().Add(30 * time.Second)); err != nil {
		t.Fatal(err)
	}
	if _, err := io.Copy(io.Discard, monitor); err != nil {
		t.Errorf("qemu outlived the binary: %v", err)
		fmt.Fprintln(monitor, "quit")
	}
}
