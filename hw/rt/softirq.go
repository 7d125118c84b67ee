package rt

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// TimerThreads makes the kernel's threads that run timers SCHED_FIFO with at least the priority given, if the kernel is
// PREEMPT_RT; on others it does nothing, as timers run in interrupts there. Drivers move their positions and wake
// players from timers. Up to Linux 6.12 PREEMPT_RT runs them in ksoftirqd, a thread of ordinary priority that any busy
// program delays for milliseconds; since 6.13 in ktimers, SCHED_FIFO at 1 (kernel/softirq.c).
//
// It takes CAP_SYS_NICE; refused, it returns an error that wraps unix.EPERM and says so.
func TimerThreads(priority int) error {
	// /sys/kernel/realtime is not in all such kernels; the version is, as uname -v shows it.
	if version, err := os.ReadFile("/proc/sys/kernel/version"); err != nil || !strings.Contains(string(version), "PREEMPT_RT") {
		return nil
	}
	names, err := filepath.Glob("/proc/[0-9]*/comm")
	if err != nil {
		return err
	}
	for _, name := range names {
		comm, err := os.ReadFile(name)
		if err != nil || !isTimerThread(string(comm)) {
			continue // other programs come and go
		}
		pid, err := strconv.Atoi(filepath.Base(filepath.Dir(name)))
		if err != nil {
			return err
		}
		now, err := unix.SchedGetAttr(pid, 0)
		if err == nil && now.Policy == unix.SCHED_FIFO && int(now.Priority) >= priority {
			continue
		}
		if err := setFIFO(pid, priority); errors.Is(err, unix.EPERM) {
			return fmt.Errorf("priority of the kernel's timer threads: %w: it takes CAP_SYS_NICE, or chrt -f -p %d %d by root", unix.EPERM, priority, pid)
		} else if err != nil {
			return fmt.Errorf("priority of %s: %w", strings.TrimSpace(string(comm)), err)
		}
	}
	return nil
}

func isTimerThread(comm string) bool {
	return strings.HasPrefix(comm, "ksoftirqd/") || strings.HasPrefix(comm, "ktimers/")
}
