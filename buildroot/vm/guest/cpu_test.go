//go:build vm

package guest

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"
)

// cpuTime returns the time that all threads of a process have been on the processor, exact to the nanosecond.
// The time of threads that have ended is not in it. See Documentation/scheduler/sched-stats.rst of the kernel.
func cpuTime(t *testing.T, pid int) time.Duration {
	t.Helper()
	threads, err := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/schedstat", pid))
	if err != nil || len(threads) == 0 {
		t.Fatalf("process %d has no threads: %v", pid, err)
	}
	var sum time.Duration
	for _, path := range threads {
		text, err := os.ReadFile(path)
		if os.IsNotExist(err) {
			continue // ended since
		}
		var ns time.Duration
		if _, err := fmt.Sscan(string(text), &ns); err != nil {
			t.Fatalf("%s: %v", path, err)
		}
		sum += ns
	}
	return sum
}

// burn uses up the processor at a niceness, 0 to compete with every ordinary thread, until the test ends,
// and returns its process. It costs the host little: virtual time runs many times faster than the host's.
func burn(t *testing.T, nice int) (pid int) {
	t.Helper()
	return run(t, exec.Command("/bin/burn", fmt.Sprint(nice)))
}

// slowTime makes virtual time pass more slowly than the host's, until the test ends: no idle
// time is skipped, and a millisecond that the host needs is less than one here. Use it where bytes on the serial
// cable, which pass through the host, are timed. It takes only the time that no other thread wants.
func slowTime(t *testing.T) {
	t.Helper()
	run(t, exec.Command("/bin/burn", "19", "slow"))
}

func run(t *testing.T, cmd *exec.Cmd) (pid int) {
	t.Helper()
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		cmd.Process.Kill()
		cmd.Wait()
	})
	return cmd.Process.Pid
}
