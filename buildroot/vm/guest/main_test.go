//go:build vm

package guest

import (
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"runtime/debug"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"submix/hw/rt"
)

// harnessPriority is that of the tests, testPriority that of what plays and records for them.
const (
	harnessPriority = 3
	testPriority    = 40
)

// start starts a program as an ordinary one: it would inherit the priority of the thread that starts it.
func start(t *testing.T, cmd *exec.Cmd) {
	t.Helper()
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	set := func(policy, priority uint32) {
		if err := unix.SchedSetAttr(0, &unix.SchedAttr{Size: unix.SizeofSchedAttr, Policy: policy, Priority: priority}, 0); err != nil {
			t.Fatal(err)
		}
	}
	set(unix.SCHED_NORMAL, 0)
	err := cmd.Start()
	set(unix.SCHED_FIFO, harnessPriority)
	if err != nil {
		t.Fatal(err)
	}
}

func TestMain(m *testing.M) {
	if os.Getenv("SUBMIX_GUEST") == "" {
		fmt.Println("These tests run in the test machine: go test -tags vm ./buildroot/vm")
		os.Exit(1)
	}
	// No less than the threads of the daemon: up to Linux 6.12, PREEMPT_RT runs timers, the clock of a cable, at the
	// priority of whoever was in a section without softirqs when they were due, such as a test at a socket.
	if err := rt.Process(harnessPriority); err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
	debug.SetGCPercent(-1) // a collection would hold up players and recorders
	runtime.GOMAXPROCS(16) // and so would a queue behind other goroutines
	os.Exit(m.Run())
}

// within waits until ok says yes, asking every millisecond of virtual time, and fails the test after limit.
func within(t *testing.T, limit time.Duration, what string, ok func() bool) {
	t.Helper()
	for end := time.Now().Add(limit); !ok(); time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("not within %v: %s", limit, what)
		}
	}
}

// readFile returns the text of a file of sysfs, procfs or configfs, without blanks around it.
func readFile(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(string(text))
}

// writeFile writes to a file of sysfs, procfs or configfs, which must be there.
func writeFile(t *testing.T, path, text string) {
	t.Helper()
	f, err := os.OpenFile(path, os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if _, err := f.WriteString(text); err != nil {
		t.Fatal(err)
	}
}
