package alsa

import (
	"encoding/binary"
	"errors"
	"time"
	"unsafe"

	yobert "github.com/yobert/alsa"
	"golang.org/x/sys/unix"
)

// node is an open PCM device. All but wake belong to one goroutine at a time.
type node interface {
	// configure gives the device p, which is one single configuration, and s says the same.
	configure(s setup, p *hwParams) unix.Errno
	ioctl(req uintptr, arg unsafe.Pointer) unix.Errno
	// poll waits for events, for at most timeout (for ever if negative), and until wake is called: from then on it
	// returns woken at once.
	poll(events int16, timeout time.Duration) (revents int16, woken bool)
	wake()
	close()
}

// kernelNode is a device node of the running kernel.
type kernelNode struct {
	path      string
	fd, event int
	hold      bool           // see Config.HoldProcessor
	fds       [2]unix.PollFd // in here, as what poll is given must not be made anew each time
	ts        unix.Timespec
}

// openNode opens the device without waiting for it to become free: EBUSY at once. The descriptor stays non-blocking.
func openNode(path string, hold bool) (node, error) {
	fd, err := openDescriptor(path)
	if err != nil {
		return nil, err
	}
	event, err := unix.Eventfd(0, unix.EFD_NONBLOCK|unix.EFD_CLOEXEC)
	if err != nil {
		unix.Close(fd)
		return nil, err
	}
	return &kernelNode{path: path, fd: fd, event: event, hold: hold}, nil
}

func openDescriptor(path string) (int, error) {
	return unix.Open(path, unix.O_RDWR|unix.O_NONBLOCK|unix.O_CLOEXEC, 0)
}

// configure has the library open and set up the device, if it can ask for the format. What it is refused is asked for
// once more without it, as it does not tell the errno.
func (n *kernelNode) configure(s setup, p *hwParams) unix.Errno {
	if formatNumber(s.format) <= int(yobert.FormatTypeLast) {
		unix.Close(n.fd) // the device may be one that can be opened only once
		var err error
		if n.fd, err = openByLibrary(n.path, s); err == nil {
			return 0
		}
		if !errors.Is(err, unix.EBUSY) {
			n.fd, err = openDescriptor(n.path)
		}
		if err != nil {
			var e unix.Errno
			errors.As(err, &e)
			return e
		}
	}
	return n.ioctl(reqHwParams, unsafe.Pointer(p))
}

// ioctl calls the kernel. The calls of each block never sleep, as the descriptor is non-blocking, and take a few
// microseconds: they are made raw, so that the Go scheduler does not take the processor from the real-time thread
// meanwhile and make it queue for one. The others may sleep (a USB card sets its interface in PREPARE) and tell it.
func (n *kernelNode) ioctl(req uintptr, arg unsafe.Pointer) unix.Errno {
	var e unix.Errno
	switch req {
	case reqReadI, reqWriteI, reqRewind, reqStatus, reqSyncPtr:
		_, _, e = unix.RawSyscall(unix.SYS_IOCTL, uintptr(n.fd), req, uintptr(arg))
	default:
		_, _, e = unix.Syscall(unix.SYS_IOCTL, uintptr(n.fd), req, uintptr(arg))
	}
	return e
}

// holdLimit bounds how long poll keeps the Go processor. It is longer than the periods of a box that is to have little
// latency; a card that stands still is waited for in the usual way.
const holdLimit = 20 * time.Millisecond

// poll blocks the thread, as its caller is one locked to it with a priority of its own: the Go poller would wake it
// from another thread, and later.
func (n *kernelNode) poll(events int16, timeout time.Duration) (int16, bool) {
	n.fds = [2]unix.PollFd{{Fd: int32(n.fd), Events: events}, {Fd: int32(n.event), Events: unix.POLLIN}}
	var e unix.Errno
	found := 0
	rest := timeout
	if n.hold && timeout != 0 {
		held := holdLimit
		if timeout > 0 {
			held = min(held, timeout)
			rest -= held
		}
		found, e = n.ppoll(true, held)
	}
	if found == 0 && e == 0 && (rest != 0 || timeout == 0) {
		_, e = n.ppoll(false, rest)
	}
	if e != 0 {
		return unix.POLLERR, false
	}
	return n.fds[0].Revents, n.fds[1].Revents != 0
}

func (n *kernelNode) ppoll(hold bool, timeout time.Duration) (found int, e unix.Errno) {
	ts := &n.ts
	if timeout < 0 {
		ts = nil
	}
	n.ts = unix.NsecToTimespec(timeout.Nanoseconds())
	for {
		if hold {
			found, e = n.pollRaw(ts)
		} else {
			var r uintptr
			r, _, e = unix.Syscall6(unix.SYS_PPOLL, uintptr(unsafe.Pointer(&n.fds)), 2, uintptr(unsafe.Pointer(ts)), 0, 0, 0)
			found = int(r)
		}
		// Interrupted by a signal (the Go runtime sends some), Linux leaves the rest of the time in ts.
		if e != unix.EINTR {
			return found, e
		}
	}
}

// pollRaw is a call of its own, as a goroutine can be stopped at the beginning of a call: the garbage collector sends a
// signal to ask for that, again and again. Where it is not heard until the card wakes the thread, the thread may wake just
// when the collector has locked the goroutine's status for some instructions, and then, with one processor and a higher
// priority than the collector's, waits for it for ever (suspendG and casGToPreemptScan in package runtime of Go 1.26).
//
//go:noinline
func (n *kernelNode) pollRaw(ts *unix.Timespec) (int, unix.Errno) {
	r, _, e := unix.RawSyscall6(unix.SYS_PPOLL, uintptr(unsafe.Pointer(&n.fds)), 2, uintptr(unsafe.Pointer(ts)), 0, 0, 0)
	return int(r), e
}

func (n *kernelNode) wake() {
	unix.Write(n.event, binary.NativeEndian.AppendUint64(nil, 1))
}

func (n *kernelNode) close() {
	unix.Close(n.fd)
	unix.Close(n.event)
}
