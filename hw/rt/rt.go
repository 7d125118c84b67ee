// Package rt gives the audio thread what it needs from Linux: a real-time priority, memory that stays, and a Go
// scheduler that does not get in its way.
//
// Each call can be refused; the box works on without, and is then only as punctual as the machine is idle.
package rt

import (
	"errors"
	"fmt"
	"os"
	"runtime"
	"strconv"
	"sync"

	"golang.org/x/sys/unix"
)

// spareProcs is how many more goroutines may run than there are processors: the audio thread, and one to spare.
const spareProcs = 2

// Thread binds the calling goroutine to its thread for good and makes that thread SCHED_FIFO with the priority given,
// 1 to 99 (sched(7)). Threads started later do not inherit it: Go starts them from another thread once one is bound.
// On a machine with one processor such a thread must not return from an ordinary system call at the wrong moment: the Go
// runtime (1.26, casgstatus) then spins until its own sysmon thread has finished looking at it, and a sysmon of lower
// priority never does. What the thread does at each block is to be raw system calls.
//
// Refused, it undoes the binding and returns an error that wraps unix.EPERM and says which setting is missing.
func Thread(priority int) error {
	runtime.LockOSThread()
	if err := setFIFO(0, priority); err != nil {
		runtime.UnlockOSThread()
		return fmt.Errorf("real-time priority %d: %w", priority, err)
	}
	return nil
}

// Process makes every thread of the process SCHED_RR with at least the priority given; call it once, after start, and
// give the audio thread a higher one. The reason is Go's garbage collector: it stops all goroutines, the audio thread
// too, from whichever thread it happens to be on, and if an ordinary busy program held that thread's processor, audio
// would wait for it. Threads that Go starts later inherit the priority from the thread that starts them, and so does
// any program that is executed. They take turns (RR, and not FIFO), as Go's threads wait for one another by calling Go's
// scheduler over and over, which does not give up the processor: the sweeper of memory for another one (bgsweep in
// runtime/mgcsweep.go), signal.Stop for a signal under way. On one processor that had no end. Linux keeps 5 % of the time for ordinary programs (sched_rt_runtime_us).
//
// Refused, it returns an error that wraps unix.EPERM and says which setting is missing.
func Process(priority int) error {
	// A thread that has not its priority yet may start another one while the list is read. Two passes in a row that
	// find nothing to do prove that there is none left: all that could start one had theirs by then.
	for clean := 0; clean < 2; clean++ {
		changed, err := raiseAll(priority)
		if err != nil {
			return fmt.Errorf("real-time priority %d for all threads: %w", priority, err)
		}
		if changed {
			clean = -1
		}
	}
	return nil
}

// raiseAll gives the priority to all threads below it, and says whether there was one.
func raiseAll(priority int) (changed bool, err error) {
	threads, err := os.ReadDir("/proc/self/task")
	if err != nil {
		return false, err
	}
	for _, thread := range threads {
		tid, err := strconv.Atoi(thread.Name())
		if err != nil {
			return false, fmt.Errorf("/proc/self/task: %w", err)
		}
		now, err := unix.SchedGetAttr(tid, 0)
		if err == nil && (now.Policy == unix.SCHED_FIFO || now.Policy == unix.SCHED_RR) && int(now.Priority) >= priority {
			continue
		}
		if err == nil {
			err = setPolicy(tid, unix.SCHED_RR, priority)
		}
		if errors.Is(err, unix.ESRCH) { // it has ended meanwhile
			continue
		}
		if err != nil {
			return false, err
		}
		changed = true
	}
	return changed, nil
}

func setFIFO(tid, priority int) error { return setPolicy(tid, unix.SCHED_FIFO, priority) }

func setPolicy(tid int, policy uint32, priority int) error {
	attr := unix.SchedAttr{Size: unix.SizeofSchedAttr, Policy: policy, Priority: uint32(priority)}
	err := unix.SchedSetAttr(tid, &attr, 0)
	if errors.Is(err, unix.EPERM) {
		return fmt.Errorf("%w: it takes LimitRTPRIO=%d or more in the unit (ulimit -r), or CAP_SYS_NICE", err, priority)
	}
	return err
}

// SpareProcs lets more goroutines run at once than there are processors (GOMAXPROCS), and returns how many; call it at
// start. A goroutine that comes back from waiting for a card needs one of these places to go on; were all of them taken
// by goroutines that compute, it would queue for up to 10 ms, whatever the priority of its thread. With places to spare
// the decision is the kernel's, which knows the priority.
func SpareProcs() int {
	n := runtime.NumCPU() + spareProcs
	runtime.GOMAXPROCS(n)
	return n
}

// heldThreads is how many goroutines that do not run may hold a thread at once: a device that is opened, a file that is
// written, a signal that is waited for. spareThreads are for the runtime itself, which wants one that looks for work. More
// would take too long at the start, for a program that is run at a real-time priority.
const heldThreads, spareThreads = 4, 4

// Threads has the Go runtime make all threads that are ever wanted, GOMAXPROCS(0) for goroutines that run and some for
// those that are held up in system calls, and returns when they are there: the runtime keeps them. Call it at start,
// before Process. It would make each when it is wanted first, while there is sound, and ends the program when the kernel
// has no room for one then.
func Threads() {
	n := runtime.GOMAXPROCS(0) + heldThreads + spareThreads
	var begun, ended sync.WaitGroup
	begun.Add(n)
	for range n {
		ended.Go(func() {
			runtime.LockOSThread() // nobody else's until all have one
			defer runtime.UnlockOSThread()
			begun.Done()
			begun.Wait()
		})
	}
	ended.Wait()
}
