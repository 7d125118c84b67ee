// Package initial writes the first configuration of a box, from the hardware that it finds.
package initial

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"submix/hw/alsa"
	"submix/hw/gpio"
)

// Machine is the hardware that a configuration is made for.
type Machine struct {
	Cards []alsa.Card
	Chips []gpio.Chip
	Ports []string // serial ports, by path
}

// Find looks what there is. What cannot be found out is left out: a configuration can be written all the same.
func Find() Machine {
	cards, _ := alsa.Cards()
	chips, _ := gpio.Chips()
	return Machine{cards, chips, Ports("/")}
}

// Ports lists the serial ports below root, which is / but in tests, that a console may be at: USB adapters, by the name
// that stays theirs, and the UART of the board's pins.
func Ports(root string) []string {
	paths, _ := filepath.Glob(filepath.Join(root, "dev/serial/by-id/*")) // the pattern is not malformed
	if uart := filepath.Join(root, "dev/ttyAMA0"); exists(uart) {
		paths = append(paths, uart)
	}
	for i, p := range paths {
		paths[i] = "/" + strings.TrimPrefix(strings.TrimPrefix(p, root), "/")
	}
	return paths
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

// pcm is one direction of one device of a card.
type pcm struct {
	alsa.Card
	alsa.Device
}

// all lists the devices of one direction that may be of use, a card's first one first.
func (m Machine) all(capture bool) (list []pcm) {
	for _, c := range m.Cards {
		for _, d := range c.Devices {
			usable := d.Offer == nil || len(d.Offer.Formats) > 0 // HDMI may take encoded sound only
			if d.Capture == capture && usable {
				list = append(list, pcm{c, d})
			}
		}
	}
	return list
}

// playback returns the device to play on, that of a USB card if there is one, and the others.
func (m Machine) playback() (chosen pcm, others []pcm, ok bool) {
	all := m.all(false)
	if len(all) == 0 {
		return pcm{}, nil, false
	}
	at := max(0, slices.IndexFunc(all, func(p pcm) bool { return p.USB != "" }))
	return all[at], slices.Delete(slices.Clone(all), at, at+1), true
}

// captures lists what can be mixed on a playback device. A cable (snd-aloop) that the
// mix is played into would hear itself: its own captures are left out.
func (m Machine) captures(playback pcm) (list []pcm) {
	for _, p := range m.all(true) {
		if !(p.cable() && p.sameCard(playback)) {
			list = append(list, p)
		}
	}
	return list
}

func (p pcm) cable() bool { return strings.HasPrefix(p.LongName, "Loopback ") }

func (p pcm) sameCard(other pcm) bool { return p.ID != "" && p.ID == other.ID }

// address is the device as the configuration has it: by its socket, if it is a USB card.
func (p pcm) address() string {
	if p.USB != "" {
		return fmt.Sprintf("usb:%s,%d", p.USB, p.Device.Number)
	}
	return p.byID()
}

func (p pcm) byID() string { return fmt.Sprintf("hw:%s,%d", p.ID, p.Device.Number) }

// about says what the device is, in a comment.
func (p pcm) about() string {
	s := fmt.Sprintf("%s %q", p.byID(), p.Card.Name)
	switch {
	case p.Busy:
		s += fmt.Sprintf(", in use now by %s", p.Owner)
	case p.Offer != nil:
		s += fmt.Sprintf(", %v Hz, channels: %v", p.Offer.Rate, p.Offer.Channels)
	case p.Err != nil:
		s += fmt.Sprintf(", which could not be asked what it can do: %v", p.Err)
	}
	return s
}
