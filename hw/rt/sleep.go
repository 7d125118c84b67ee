package rt

import (
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// mostSleep is how long Sleep may take: for so long the thread keeps a Go processor (one of GOMAXPROCS).
const mostSleep = 20 * time.Millisecond

// Sleep is time.Sleep for the audio thread. The kernel wakes it when it is time; to end a time.Sleep, threads of Go's must
// run first that have a lower priority. It returns before that after 20 ms, or at a signal, by which the garbage
// collector asks the goroutine to stop: look at the time, and call it again. It allocates nothing.
//
// It is a call of its own, as a goroutine can be stopped at the beginning of a call. See clock_nanosleep(2).
//
//go:noinline
func Sleep(d time.Duration) {
	ts := unix.NsecToTimespec(min(d, mostSleep).Nanoseconds())
	unix.RawSyscall6(unix.SYS_CLOCK_NANOSLEEP, unix.CLOCK_MONOTONIC, 0, uintptr(unsafe.Pointer(&ts)), 0, 0, 0)
}
