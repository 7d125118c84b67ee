//go:build arm64

// Command burn uses up a processor, without end: "burn NICENESS" or "burn NICENESS slow"; or, with a real-time priority,
// a share of each millisecond or so: "burn fifo PRIORITY PERCENT". In the test machine's
// virtual time an instruction takes a nanosecond whatever it costs the host, and that is to choose: burn runs NOPs,
// which the emulator has almost nothing to do for, so that long runs are short; burn slow runs square roots, which
// it computes in software, so that the machine's time passes more slowly than the host's.
//
// "burn NICENESS exec PROGRAM ..." becomes that program, at an ordinary priority.
package main

import (
	"fmt"
	"math"
	"os"
	"runtime"
	"strconv"
	"unsafe"

	"golang.org/x/sys/unix"
)

// nops runs 4096 NOPs n times.
func nops(n int)

func main() {
	if os.Args[1] == "fifo" {
		check(fifo(os.Args[2], os.Args[3]))
	}
	check(beOrdinary(os.Args[1]))
	switch {
	case len(os.Args) == 2:
		for {
			nops(math.MaxInt)
		}
	case os.Args[2] == "exec":
		fmt.Fprintln(os.Stderr, "burn:", unix.Exec(os.Args[3], os.Args[3:], os.Environ()))
		os.Exit(1)
	}
	for x := 1.0; x > 0; {
		for i := range 8 {
			x = math.Sqrt(x + float64(i))
		}
	}
}

// beOrdinary gives the calling thread an ordinary priority: what a real-time thread has started would else be
// real-time too, and never let go of the processor.
func beOrdinary(niceness string) error {
	n, err := strconv.ParseInt(niceness, 10, 32)
	if err != nil {
		return err
	}
	runtime.LockOSThread()
	return unix.SchedSetAttr(0, &unix.SchedAttr{Size: unix.SizeofSchedAttr, Policy: unix.SCHED_NORMAL, Nice: int32(n)}, 0)
}

// fifo takes percent of each millisecond or so. Its system calls are raw, as those of every real-time thread of Go: see rt.Thread.
func fifo(priority, percent string) error {
	level, err := strconv.ParseUint(priority, 10, 32)
	if err != nil {
		return err
	}
	share, err := strconv.ParseUint(percent, 10, 32)
	if err != nil {
		return err
	}
	runtime.LockOSThread()
	if err := unix.SchedSetAttr(0, &unix.SchedAttr{Size: unix.SizeofSchedAttr, Policy: unix.SCHED_FIFO, Priority: uint32(level)}, 0); err != nil {
		return err
	}
	idle := unix.NsecToTimespec(int64(100-share) * 10_000)
	for {
		nops(int(share) * 10_000 / 4096)
		unix.RawSyscall6(unix.SYS_CLOCK_NANOSLEEP, unix.CLOCK_MONOTONIC, 0, uintptr(unsafe.Pointer(&idle)), 0, 0, 0)
	}
}

func check(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, "burn:", err)
		os.Exit(1)
	}
}
