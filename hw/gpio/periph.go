package gpio

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"

	"golang.org/x/sys/unix"
	"periph.io/x/conn/v3/driver/driverreg"
	"periph.io/x/conn/v3/gpio"
	"periph.io/x/conn/v3/pin"
	"periph.io/x/host/v3/gpioioctl"
)

// requesting guards the library's list of chips, and who has which of its lines.
var requesting sync.Mutex

// scan finds the chips of this machine, and returns them as the library and as find know them, in the same order. The
// library looks only once a process; anew makes it look again, for chips that came later. It then keeps what it had open
// as well, so anew is for when there is a reason. requesting is held.
func scan(anew bool) (chips []*gpioioctl.GPIOChip, found []chip, err error) {
	restore, err := keepStdin()
	if err != nil {
		return nil, nil, err
	}
	defer restore()
	drivers, err := driverreg.Init()
	if err != nil {
		return nil, nil, fmt.Errorf("GPIO chips: %w", err)
	}
	if anew {
		for _, d := range drivers.Loaded {
			d.Init()
		}
		for _, d := range drivers.Skipped { // there was no chip
			d.D.Init()
		}
	}
	seen := map[string]bool{}
	for _, c := range gpioioctl.Chips {
		if seen[c.Path()] || !alive(c) {
			continue
		}
		seen[c.Path()] = true
		kept := chip{name: c.Name(), label: c.Label(), path: c.Path()}
		for _, l := range c.Lines() {
			kept.lines = append(kept.lines, known{l.Name(), l.Consumer()})
		}
		chips, found = append(chips, c), append(found, kept)
	}
	return chips, found, nil
}

// alive tells whether the chip has not been removed. A request for no lines is refused, for one of two reasons.
func alive(c *gpioioctl.GPIOChip) bool {
	_, err := c.LineSet(gpioioctl.LineInput, gpio.NoEdge, gpio.PullNoChange)
	return !errors.Is(errno(err), unix.ENODEV)
}

// unknownChip tells whether there is a chip that may be opened and is not among those found.
func unknownChip(found []chip) bool {
	paths, _ := filepath.Glob("/dev/gpiochip*") // the pattern is not malformed
	for _, path := range paths {
		if slices.ContainsFunc(found, func(c chip) bool { return same(c.path, path) }) {
			continue
		}
		if f, err := os.Open(path); err == nil {
			f.Close()
			return true
		}
	}
	return false
}

// same tells whether two paths lead to one device, as gpiochip0 and gpiochip4 do on a Pi.
func same(a, b string) bool {
	x, errA := os.Stat(a)
	y, errB := os.Stat(b)
	return errA == nil && errB == nil && os.SameFile(x, y)
}

// keepStdin returns a function that repairs file 0. The library closes it by mistake where two names lead to one chip,
// as on a Pi, and takes a line that then gets number 0 for closed. A copy made beforehand goes back to the lowest free
// number, which is 0 exactly if that happened, whatever other goroutines open meanwhile.
func keepStdin() (restore func(), err error) {
	if _, err := unix.FcntlInt(0, unix.F_GETFD, 0); err != nil {
		if _, err := unix.Open(os.DevNull, unix.O_RDWR, 0); err != nil { // gets number 0, and stays
			return nil, fmt.Errorf("%s: %w", os.DevNull, err)
		}
	}
	spare, err := unix.FcntlInt(0, unix.F_DUPFD_CLOEXEC, 3)
	if err != nil {
		return nil, fmt.Errorf("copy of standard input: %w", err)
	}
	return func() {
		if fd, err := unix.FcntlInt(uintptr(spare), unix.F_DUPFD, 0); err == nil && fd > 0 {
			unix.Close(fd)
		}
		unix.Close(spare)
	}, nil
}

// place is a line that was found.
type place struct {
	chip *gpioioctl.GPIOChip
	line *gpioioctl.GPIOLine
	user string // who had it when the chip was found, if anybody
}

// named tells whether the library can request the line as one of a set, which it does by name: lines of port expanders
// have none.
func (p place) named() bool { return p.chip.ByName(p.line.Name()) == p.line }

// locate finds the line l means, on chips that have come since the last time too. requesting is held.
func locate(l Line) (place, error) {
	chips, found, err := scan(false)
	if err != nil {
		return place{}, err
	}
	c, offset, err := find(found, l)
	if errors.Is(err, ErrNoChip) && unknownChip(found) {
		if chips, found, err = scan(true); err == nil {
			c, offset, err = find(found, l)
		}
	}
	if err != nil {
		return place{}, err
	}
	return place{chips[c], chips[c].Lines()[offset], found[c].lines[offset].user}, nil
}

// request finds and requests the line l means. set is nil where the line must be used by itself.
func request(l Line, dir gpioioctl.LineDir, edge gpio.Edge, pull gpio.Pull) (set *gpioioctl.LineSet, line *gpioioctl.GPIOLine, path string, err error) {
	requesting.Lock()
	defer requesting.Unlock()
	p, err := locate(l)
	if err != nil {
		return nil, nil, "", err
	}
	switch {
	case p.named():
		set, err = p.chip.LineSet(dir, edge, pull, p.line.Name())
	case p.line.Func() != pin.FuncNone: // the kernel is not asked again, but the one who has the line would lose it
		err = unix.EBUSY
	case dir == gpioioctl.LineInput:
		err = p.line.In(pull, edge)
	default:
		err = p.line.Out(gpio.Low)
	}
	if err != nil {
		return nil, nil, "", fmt.Errorf("%v: %w%s", l, errno(err), usedBy(p))
	}
	return set, p.line, p.chip.Path(), nil
}

func usedBy(p place) string {
	if p.user == "" {
		return ""
	}
	return fmt.Sprintf(" (used by %q)", p.user)
}

// errno gives back the errno that the library has put into words, for errors of its ioctls.
func errno(err error) error {
	for _, e := range []syscall.Errno{unix.ENODEV, unix.EBUSY, unix.EPERM, unix.EINVAL, unix.ENXIO, unix.EIO} {
		if err != nil && strings.HasSuffix(err.Error(), e.Error()) {
			return e
		}
	}
	return err
}

func (p Pull) known() (gpio.Pull, error) {
	pull, ok := map[Pull]gpio.Pull{"": gpio.PullNoChange, PullNone: gpio.PullNoChange, PullUp: gpio.PullUp, PullDown: gpio.PullDown}[p]
	if !ok {
		return pull, fmt.Errorf("%w: pull %q (none, up or down)", ErrConfig, p)
	}
	return pull, nil
}

func requestInput(l Line) (edgeLine, error) {
	pull, err := l.Pull.known()
	if err != nil {
		return nil, fmt.Errorf("%v: %w", l, err)
	}
	set, line, path, err := request(l, gpioioctl.LineInput, gpio.BothEdges, pull)
	if err != nil {
		return nil, err
	}
	// A wait that is over at once makes the library set up what halt needs, before there is a second goroutine.
	if set != nil {
		set.WaitForEdge(-1)
		return namedLine{set}, nil
	}
	line.WaitForEdge(-1)
	return bareLine{line, path}, nil
}

func requestPair(p Pair) (edgePair, error) {
	pull, err := p.Pull.known()
	if err != nil {
		return nil, fmt.Errorf("%v: %w", p, err)
	}
	requesting.Lock()
	defer requesting.Unlock()
	a, err := locate(p.line(p.A))
	if err != nil {
		return nil, err
	}
	b, err := locate(p.line(p.B))
	switch {
	case err != nil:
		return nil, err
	case a.line == b.line:
		return nil, fmt.Errorf("%v: %w: one line cannot be both", p, ErrConfig)
	case !a.named() || !b.named():
		return nil, fmt.Errorf("%v: %w: an encoder needs lines that have names of their own; choose others", p, ErrConfig)
	}
	set, err := a.chip.LineSet(gpioioctl.LineInput, gpio.BothEdges, pull, a.line.Name(), b.line.Name())
	if err != nil {
		return nil, fmt.Errorf("%v: %w%s%s", p, errno(err), usedBy(a), usedBy(b))
	}
	set.WaitForEdge(-1) // as in requestInput
	return namedPair{namedLine{set}, b.line.Number()}, nil
}

func requestOutput(l Line) (outLine, error) {
	set, line, path, err := request(l, gpioioctl.LineOutput, gpio.NoEdge, gpio.PullNoChange)
	if err != nil {
		return nil, err
	}
	if set != nil {
		return namedLine{set}, nil
	}
	return bareLine{line, path}, nil
}
