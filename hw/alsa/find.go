package alsa

import (
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// system is where the kernel shows its sound devices. Tests have a tree of files in its place.
type system struct {
	dev, proc, sys string
	openNode       func(path string, hold bool) (node, error)
	titles         func() map[string]string
}

func host() system { return system{"/dev/snd", "/proc", "/sys", openNode, titles} }

// address is one direction of one PCM device.
type address struct {
	card, device int
	capture      bool
}

// letter ends the names of its files: p or c.
func (a address) letter() string {
	if a.capture {
		return "c"
	}
	return "p"
}

func (a address) direction() string {
	if a.capture {
		return "capture"
	}
	return "playback"
}

func (sys system) path(a address) string {
	return filepath.Join(sys.dev, fmt.Sprintf("pcmC%dD%d%s", a.card, a.device, a.letter()))
}

var (
	deviceName = regexp.MustCompile(`^(hw|usb):([^,\s]+)(?:,(\d{1,3}))?$`)
	portPath   = regexp.MustCompile(`^\d+-\d+(\.\d+)*$`)
)

// find returns the device of that name and direction.
func (sys system) find(name string, capture bool) (address, error) {
	m := deviceName.FindStringSubmatch(name)
	if m == nil || m[1] == "usb" && !portPath.MatchString(m[2]) {
		return address{}, fmt.Errorf("%q: %w: write hw:CARD,DEVICE or usb:PORTPATH,DEVICE, such as hw:0,0 or usb:1-1.2", name, ErrNotFound)
	}
	a := address{capture: capture}
	cards := sys.cards()
	for _, c := range cards {
		if m[1] == "usb" && c.USB != m[2] || m[1] == "hw" && c.ID != m[2] && strconv.Itoa(c.Number) != m[2] {
			continue
		}
		for _, d := range c.Devices {
			if number, err := strconv.Atoi(m[3]); d.Capture == capture && (err != nil || d.Number == number) {
				a.card, a.device = c.Number, d.Number
				return a, nil
			}
		}
		return a, fmt.Errorf("%s: %w: card %s has no such device for %s; it has %s", name, ErrNotFound, c.ID, a.direction(), c.deviceList())
	}
	return a, fmt.Errorf("%s: %w: %s", name, ErrNotFound, cardList(cards))
}

func cardList(cards []Card) string {
	if len(cards) == 0 {
		return "there is no sound card at all"
	}
	var list []string
	for _, c := range cards {
		s := fmt.Sprintf("hw:%s (card %d)", c.ID, c.Number)
		if c.USB != "" {
			s = fmt.Sprintf("hw:%s (card %d, usb:%s)", c.ID, c.Number, c.USB)
		}
		list = append(list, s)
	}
	return "the cards here are " + strings.Join(list, ", ")
}

// open finds, opens and sets up a device.
func (sys system) open(c Config, capture bool) (*stream, error) {
	c, err := c.withDefaults(capture)
	if err != nil {
		return nil, err
	}
	a, err := sys.find(c.Device, capture)
	if err != nil {
		return nil, err
	}
	if !opening.take(sys.path(a), claimLimit) {
		return nil, errStuck(c.Device)
	}
	defer opening.give(sys.path(a))
	n, err := sys.openAddress(c.Device, a, c.HoldProcessor && !capture)
	if err != nil {
		return nil, err
	}
	s, err := setUp(n, c, capture)
	if err != nil {
		return nil, err
	}
	// While it is open nothing else can have its number; until then cards may have been swapped.
	if now, err := sys.find(c.Device, capture); err != nil || now != a {
		s.Close()
		return nil, fmt.Errorf("%s: %w: it was unplugged while it was opened", c.Device, ErrNotFound)
	}
	return s, nil
}

func errStuck(name string) error {
	return fmt.Errorf("%s: %w: an open of it has not come back from the driver; unplug it", name, ErrBusy)
}

func (sys system) openAddress(name string, a address, hold bool) (node, error) {
	n, err := sys.openNode(sys.path(a), hold)
	switch {
	case err == nil:
		return n, nil
	case errors.Is(err, unix.EBUSY):
		return nil, fmt.Errorf("%s: %w: %s of card %d is held by %s: %w", name, ErrBusy, a.direction(), a.card, sys.owner(a), err)
	case errors.Is(err, fs.ErrNotExist), errors.Is(err, unix.ENODEV), errors.Is(err, unix.ENXIO):
		return nil, fmt.Errorf("%s: %w: %s: %w", name, ErrNotFound, cardList(sys.cards()), err)
	case errors.Is(err, fs.ErrPermission):
		return nil, fmt.Errorf("%s: %s may not be opened: add the user to the group audio: %w", name, sys.path(a), err)
	}
	return nil, fmt.Errorf("%s: %s: %w", name, sys.path(a), err)
}
