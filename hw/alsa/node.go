package alsa

import (
	"encoding/binary"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// node is an open PCM device. All but wake belong to one goroutine at a time.
type node interface {
	ioctl(req uintptr, arg unsafe.Pointer) unix.Errno
	// poll waits for events, for at most timeout (for ever if negative), and until wake is called: from then on it
	// returns woken at once.
	poll(events int16, timeout time.Duration) (revents int16, woken bool)
	wake()
	close()
}

// kernelNode is a device node of the running kernel.
type kernelNode struct {
	fd, event int
	fds       [2]unix.PollFd // in here, as what poll is given must not be made anew each time
	ts        unix.Timespec
}

// openNode opens the device without waiting for it to become free: EBUSY at once. The descriptor stays non-blocking.
func openNode(path string) (node, error) {
	fd, err := unix.Open(path, unix.O_RDWR|unix.O_NONBLOCK|unix.O_CLOEXEC, 0)
	if err != nil {
		return nil, err
	}
	event, err := unix.Eventfd(0, unix.EFD_NONBLOCK|unix.EFD_CLOEXEC)
	if err != nil {
		unix.Close(fd)
		return nil, err
	}
	return &kernelNode{fd: fd, event: event}, nil
}

// ioctl calls the kernel. The calls of each block never sleep, as the descriptor is non-blocking, and take a few
// microseconds: they are made raw, so that the Go scheduler does not take the processor from the real-time thread
// meanwhile and make it queue for one. The others may sleep (a USB card sets its interface in PREPARE) and tell it.
func (n *kernelNode) ioctl(req uintptr, arg unsafe.Pointer) unix.Errno {
	var e unix.Errno
	switch req {
	case reqReadI, reqWriteI, reqDelay, reqStatus:
		_, _, e = unix.RawSyscall(unix.SYS_IOCTL, uintptr(n.fd), req, uintptr(arg))
	default:
		_, _, e = unix.Syscall(unix.SYS_IOCTL, uintptr(n.fd), req, uintptr(arg))
	}
	return e
}

// poll blocks the thread, as its caller is one locked to it with a priority of its own: the Go poller would wake it
// from another thread, and later.
func (n *kernelNode) poll(events int16, timeout time.Duration) (int16, bool) {
	n.fds = [2]unix.PollFd{{Fd: int32(n.fd), Events: events}, {Fd: int32(n.event), Events: unix.POLLIN}}
	ts := &n.ts
	if timeout < 0 {
		ts = nil
	}
	n.ts = unix.NsecToTimespec(timeout.Nanoseconds())
	for {
		// Interrupted by a signal (the Go runtime sends some), Linux leaves the rest of the time in ts.
		_, err := unix.Ppoll(n.fds[:], ts, nil)
		if err == nil {
			return n.fds[0].Revents, n.fds[1].Revents != 0
		}
		if err != unix.EINTR {
			return unix.POLLERR, false
		}
	}
}

func (n *kernelNode) wake() {
	unix.Write(n.event, binary.NativeEndian.AppendUint64(nil, 1))
}

func (n *kernelNode) close() {
	unix.Close(n.fd)
	unix.Close(n.event)
}
