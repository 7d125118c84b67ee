//go:build vm

package guest

import (
	"flag"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"runtime/debug"
	"strings"
	"testing"
	"time"

	"submix/hw/rt"
)

// testPriority is that of every thread of the tests: above whatever burns the processor and the ordinary threads of the
// daemon, below its mixing thread. It is one for all, as the Go runtime's threads spin for one another, which on a single
// processor has no end if the one that is spun for has the lower priority.
const testPriority = 40

// What the host's tests are told too.
var (
	long = flag.Bool("long", false, "have tests run for as long as they are meant to")
	seed = flag.Int("seed", 0, "`N`: the tests begin so much later that they meet the cables' ticks at another phase")
)

// ordinary is a program that does not inherit that priority.
func ordinary(program string, args ...string) *exec.Cmd {
	return exec.Command("/bin/burn", append([]string{"0", "exec", program}, args...)...)
}

func TestMain(m *testing.M) {
	if os.Getenv("SUBMIX_GUEST") == "" {
		fmt.Println("These tests run in the test machine: go test -tags vm ./buildroot/vm")
		os.Exit(1)
	}
	// Up to Linux 6.12, PREEMPT_RT runs timers, the clock of a cable, at the priority of whoever was in a section without
	// softirqs when they were due, such as a test at a socket; that must not be an ordinary one.
	if err := rt.Process(testPriority); err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
	flag.Parse()
	time.Sleep(time.Duration(*seed) * 137 * time.Microsecond)
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
