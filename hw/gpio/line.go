package gpio

import (
	"fmt"
	"os"
	"time"

	"golang.org/x/sys/unix"
	"periph.io/x/conn/v3/gpio"
	"periph.io/x/host/v3/gpioioctl"
)

// namedLine is a line that has a name of its own: a set of one, which is what tells a timeout from an error.
type namedLine struct{ lines *gpioioctl.LineSet }

func (n namedLine) wait(timeout time.Duration) error {
	_, _, err := n.lines.WaitForEdge(timeout)
	return err
}

func (n namedLine) high() (bool, error) {
	bits, err := n.lines.Read(1)
	return bits&1 != 0, errno(err)
}

func (n namedLine) set(high bool) error {
	var bits gpio.GPIOValue
	if high {
		bits = 1
	}
	return errno(n.lines.Out(bits, 1))
}

func (n namedLine) halt()        { n.lines.Halt() }
func (n namedLine) close() error { return n.lines.Close() }

// namedPair is a set of two lines, a before b, of which b has a number on its chip.
type namedPair struct {
	namedLine
	b int
}

func (n namedPair) wait(timeout time.Duration) (b, high bool, err error) {
	number, edge, err := n.lines.WaitForEdge(timeout)
	return number == n.b, edge == gpio.RisingEdge, err
}

func (n namedPair) high() (a, b bool, err error) {
	bits, err := n.lines.Read(3)
	return bits&1 != 0, bits&2 != 0, errno(err)
}

// bareLine is a line without a name of its own. The library does not tell errors from timeouts and low levels there, so
// the chip's device node is looked at as well.
type bareLine struct {
	line *gpioioctl.GPIOLine
	path string
}

func (b bareLine) wait(timeout time.Duration) error {
	start := time.Now()
	if b.line.WaitForEdge(timeout) {
		return nil
	}
	if err := b.alive(); err != nil {
		return err
	}
	if time.Since(start) < timeout { // it was not the timeout, and waiting again would spin
		return unix.EIO
	}
	return os.ErrDeadlineExceeded
}

func (b bareLine) high() (bool, error) {
	if err := b.alive(); err != nil {
		return false, err
	}
	return bool(b.line.Read()), nil
}

func (b bareLine) set(high bool) error { return errno(b.line.Out(gpio.Level(high))) }

func (b bareLine) alive() error {
	if _, err := os.Stat(b.path); err != nil {
		return fmt.Errorf("%w: %w", unix.ENODEV, err)
	}
	return nil
}

func (b bareLine) halt() { b.line.Halt() }

func (b bareLine) close() error {
	requesting.Lock()
	defer requesting.Unlock()
	b.line.Close()
	return nil
}
