package serial

import (
	"errors"
	"fmt"

	bugst "go.bug.st/serial"
	"golang.org/x/sys/unix"
)

// errHungUp is what the library calls a closed port, though nobody here has closed it.
var errHungUp = errors.New("unplugged or hung up")

// tty is a port of the library. The library's enumeration of ports is not used: it reprograms every port there is.
type tty struct{ bugst.Port }

func openDevice(path string, baud int) (device, error) {
	// InitialStatusBits stays nil: pseudo terminals have no such bits.
	port, err := bugst.Open(path, &bugst.Mode{BaudRate: baud})
	if err != nil {
		return nil, fmt.Errorf("open at %d baud: %w", baud, errnoOf(err))
	}
	if err := port.SetReadTimeout(poll); err != nil {
		port.Close()
		return nil, err
	}
	return tty{port}, nil
}

func (t tty) Read(p []byte) (int, error) {
	n, err := t.Port.Read(p)
	var portErr *bugst.PortError
	if errors.As(err, &portErr) && portErr.Code() == bugst.PortClosed {
		err = errHungUp
	}
	return n, err
}

func (t tty) drop() error { return t.ResetOutputBuffer() }

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
