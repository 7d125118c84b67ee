package serial

import (
	"errors"
	"fmt"

	bugst "go.bug.st/serial"
	"golang.org/x/sys/unix"
)

// errHungUp is what the library calls a closed port, though nobody here has closed it.
var errHungUp = errors.New("unplugged or hung up")

// tty is a port of the library, and a second descriptor of it: a write to the library's has no limit of time. The
// library's enumeration of ports is not used: it reprograms every port there is.
type tty struct {
	bugst.Port
	out int // non-blocking
}

func openDevice(path string, baud int) (device, error) {
	// First, as the library then keeps others from opening it (TIOCEXCL, ioctl_tty(2)).
	out, err := unix.Open(path, unix.O_WRONLY|unix.O_NOCTTY|unix.O_NONBLOCK|unix.O_CLOEXEC, 0)
	if err != nil {
		return nil, fmt.Errorf("open: %w", err)
	}
	// InitialStatusBits stays nil: pseudo terminals have no such bits.
	port, err := bugst.Open(path, &bugst.Mode{BaudRate: baud})
	if err != nil {
		unix.Close(out)
		return nil, fmt.Errorf("open at %d baud: %w", baud, errnoOf(err))
	}
	t := tty{port, out}
	if err := port.SetReadTimeout(poll); err != nil {
		t.Close()
		return nil, err
	}
	return t, nil
}

func (t tty) Read(p []byte) (int, error) {
	n, err := t.Port.Read(p)
	var portErr *bugst.PortError
	if errors.As(err, &portErr) && portErr.Code() == bugst.PortClosed {
		err = errHungUp
	}
	return n, err
}

func (t tty) Write(p []byte) (int, error) {
	n, err := unix.Write(t.out, p)
	if err == unix.EAGAIN {
		room := []unix.PollFd{{Fd: int32(t.out), Events: unix.POLLOUT}}
		if _, err = unix.Poll(room, int(poll.Milliseconds())); err == nil {
			n, err = unix.Write(t.out, p)
		}
	}
	if err == unix.EAGAIN || err == unix.EINTR {
		err = nil
	}
	return max(0, n), err
}

// Close drops what the kernel has yet to send: it would wait for that to go out.
func (t tty) Close() error {
	t.ResetOutputBuffer()
	unix.Close(t.out)
	return t.Port.Close()
}

// errnoOf gives back the errno that the library has put into words.
func errnoOf(err error) error {
	var portErr *bugst.PortError
	if errors.As(err, &portErr) {
		switch portErr.Code() {
		case bugst.PortBusy:
			return unix.EBUSY
		case bugst.PermissionDenied:
			return unix.EACCES
		}
	}
	return err
}
