// Package gpio reads buttons and drives lamps on GPIO lines, debounced, through the kernel's character device.
//
// Lines are reached with periph.io/x/host/v3/gpioioctl alone, so the kernel stays the owner of the pins: nothing here
// maps registers, and a line that belongs to a sound card's bus cannot be taken.
package gpio

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

var (
	// ErrNoChip: no chip has the label, name or path asked for. The message lists the chips there are.
	ErrNoChip = errors.New("no such GPIO chip")
	// ErrNoLine: the chip has no line of that name or offset. The message lists the lines there are.
	ErrNoLine = errors.New("no such GPIO line")
	// ErrConfig: a Line has a value that means nothing; correct the configuration.
	ErrConfig = errors.New("bad GPIO setting")
	// ErrGone: the chip was removed while the line was in use. Open the line again later.
	ErrGone = errors.New("GPIO line is gone")
)

// Pull is the bias resistor of an input. A chip without such resistors ignores it.
type Pull string

const (
	PullNone Pull = "none" // as the board has it; "" means the same
	PullUp   Pull = "up"
	PullDown Pull = "down"
)

// Line names one line of one chip.
type Line struct {
	Chip      string // label ("pinctrl-rp1"), name ("gpiochip0") or path; labels are the ones that survive a new kernel
	Line      string // the line's name ("GPIO17") or its offset on the chip ("17"); a name wins over an offset
	ActiveLow bool   // pressed, or lit, is the low level
	Pull      Pull   // inputs only
}

func (l Line) String() string { return fmt.Sprintf("GPIO line %s of chip %s", l.Line, l.Chip) }

// Change is one debounced change of an input.
type Change struct {
	Pressed bool
	At      time.Time // its first edge
}

// chip and pin are what is known of the hardware, apart from the library so that the search can be tested anywhere.
type chip struct {
	name, label, path string
	lines             []known
}

type known struct{ name, user string }

// find returns the places of the chip and of the line l means.
func find(chips []chip, l Line) (chipIndex, offset int, err error) {
	c := slices.IndexFunc(chips, func(c chip) bool { return l.Chip == c.label || l.Chip == c.name || l.Chip == c.path })
	if c < 0 {
		return 0, 0, fmt.Errorf("%v: %w; there are: %s", l, ErrNoChip, listChips(chips))
	}
	for i, p := range chips[c].lines {
		// The library puts the chip's name before a line name that an earlier chip has too.
		if l.Line != "" && (p.name == l.Line || p.name == chips[c].name+"-"+l.Line) {
			return c, i, nil
		}
	}
	if n, err := strconv.Atoi(l.Line); err == nil && n >= 0 && n < len(chips[c].lines) {
		return c, n, nil
	}
	return 0, 0, fmt.Errorf("%v: %w; there are: %s", l, ErrNoLine, listLines(chips[c]))
}

func listChips(chips []chip) string {
	if len(chips) == 0 {
		return "none (no /dev/gpiochip* that this user may open; the group is often gpio)"
	}
	var names []string
	for _, c := range chips {
		names = append(names, fmt.Sprintf("%s (%s)", c.label, c.name))
	}
	return strings.Join(names, ", ")
}

func listLines(c chip) string {
	if len(c.lines) == 0 {
		return "none"
	}
	names := []string{fmt.Sprintf("offsets 0 to %d", len(c.lines)-1)}
	for _, p := range c.lines {
		if p.name != "" {
			names = append(names, strings.TrimPrefix(p.name, c.name+"-"))
		}
	}
	return strings.Join(names, ", ")
}
