package config

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
)

// Kind is the first word of a device: which hw package opens it.
type Kind string

// The kinds of devices.
const (
	HW   Kind = "hw"   // hw:CARD,DEV: a card by number or id
	USB  Kind = "usb"  // usb:PORTPATH[,DEV]: whatever is plugged into that socket
	File Kind = "file" // file:PATH.wav
	Sim  Kind = "sim"  // sim:NAME[?KEY=VALUE&...]: a simulated card; package sim has the names and keys
)

// Device is a device as the configuration and the command add write it. Two devices are the same
// if they are equal.
type Device struct {
	Kind   Kind
	Name   string // the card, the port path, the path of the file, or all that follows sim:
	Number int    // DEV of hw and usb
}

// String returns the device in the form that ParseDevice reads.
func (d Device) String() string {
	if d.Kind == HW || d.Kind == USB {
		return fmt.Sprintf("%s:%s,%d", d.Kind, d.Name, d.Number)
	}
	return fmt.Sprintf("%s:%s", d.Kind, d.Name)
}

// MarshalText implements [encoding.TextMarshaler].
func (d Device) MarshalText() ([]byte, error) { return []byte(d.String()), nil }

// UnmarshalText implements [encoding.TextUnmarshaler].
func (d *Device) UnmarshalText(text []byte) (err error) {
	*d, err = ParseDevice(string(text))
	return err
}

// A card id has up to 15 letters, digits, - and _ (struct snd_card, include/sound/core.h); a USB
// device's sysfs name is its bus, a dash, and the ports on the way to it with dots between them
// (usb_alloc_dev, drivers/usb/core/usb.c).
var (
	cardForm = regexp.MustCompile(`^[A-Za-z0-9_-]{1,15}$`)
	portForm = regexp.MustCompile(`^[0-9]+-[0-9]+(\.[0-9]+)*$`)
	simForm  = regexp.MustCompile(`^[a-z]+(\?[!-~]*)?$`)
)

const deviceForms = "hw:CARD,DEV, usb:PORTPATH[,DEV], file:PATH.wav or sim:NAME?KEY=VALUE"

// ParseDevice reads a device. Its error says what was found and which forms there are. Whether the
// device exists is not checked, nor what follows the name of a simulated card.
func ParseDevice(text string) (Device, error) {
	kind, rest, _ := strings.Cut(text, ":")
	d := Device{Kind: Kind(kind)}
	ok := false
	switch d.Kind {
	case HW, USB:
		name, number, numbered := strings.Cut(rest, ",")
		d.Name = name
		n, err := strconv.ParseUint(number, 10, 8)
		d.Number = int(n)
		if d.Kind == HW {
			ok = err == nil && cardForm.MatchString(name)
		} else {
			ok = (err == nil || !numbered) && portForm.MatchString(name)
		}
	case File:
		d.Name = rest
		ok = len(rest) > len(".wav") && strings.HasSuffix(strings.ToLower(rest), ".wav")
	case Sim:
		d.Name = rest
		ok = simForm.MatchString(rest)
	}
	if !ok {
		return Device{}, fmt.Errorf("%s is not a device: %s", show(text), deviceForms)
	}
	return d, nil
}
