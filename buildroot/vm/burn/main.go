//go:build arm64

// Command burn uses up a processor, without end: "burn NICENESS" or "burn NICENESS slow". In the test machine's
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

	"golang.org/x/sys/unix"
)

// nops loops for ever.
func nops()

func main() {
	if err := beOrdinary(os.Args[1]); err != nil {
		fmt.Fprintln(os.Stderr, "burn:", err)
		os.Exit(1)
	}
	switch {
	case len(os.Args) == 2:
		nops()
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
