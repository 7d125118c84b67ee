package main

import (
	"fmt"
	"os"
	"strconv"
	"strings"

	"submix/cmd/submixd/config"
	"submix/control"
	"submix/hw/alsa"
)

// listDevices lists the sound devices of the machine.
func (b *box) listDevices() ([]control.Device, error) {
	cards, err := await(begin(alsa.Cards), nil)
	if err != nil {
		return nil, &control.Error{Code: control.CodeDevice, Text: err.Error()}
	}
	var list []control.Device
	for _, c := range cards {
		for _, d := range c.Devices {
			v := describe(c, d)
			v.User, v.Note = b.user(c, d), sharing(c, cards)
			list = append(list, v)
		}
	}
	return list, nil
}

func describe(c alsa.Card, d alsa.Device) control.Device {
	out := control.Device{
		Address: fmt.Sprintf("hw:%s,%d", c.ID, d.Number), Direction: "playback",
		Card: c.Name, Busy: d.Busy, TT: c.TT,
	}
	if d.Capture {
		out.Direction = "capture"
	}
	if c.USB != "" {
		out.USB = fmt.Sprintf("usb:%s,%d", c.USB, d.Number)
	}
	if d.Offer != nil {
		for _, f := range d.Offer.Formats {
			out.Formats = append(out.Formats, f.String())
		}
		out.Formats = append(out.Formats, d.Offer.OtherFormats...)
		out.Rates, out.Channels = d.Offer.Rate.String(), d.Offer.Channels.String()
	}
	return out
}

// sharing says with which other cards a card shares what a full-speed USB card has little of.
func sharing(c alsa.Card, cards []alsa.Card) string {
	if c.TT == "" {
		return ""
	}
	var others []string
	for _, other := range cards {
		if other.TT == c.TT && other.Number != c.Number {
			others = append(others, "hw:"+other.ID)
		}
	}
	if len(others) == 0 {
		return ""
	}
	return fmt.Sprintf("shares the 12 Mbit/s of USB %s with %s", c.TT, strings.Join(others, ", "))
}

// user says who uses a device; "" if nobody does.
func (b *box) user(c alsa.Card, d alsa.Device) string {
	if !d.Busy {
		return ""
	}
	if d.PID == os.Getpid() || d.PID == 0 {
		if own := b.ownUser(c, d); own != "" {
			return own
		}
	}
	return d.Owner
}

func (b *box) ownUser(c alsa.Card, d alsa.Device) string {
	b.mu.Lock()
	defer b.mu.Unlock()
	if !d.Capture {
		if means(b.made.Playback.Device, c, d) && b.output == "" {
			return "submix output"
		}
		return ""
	}
	for name, in := range b.inputs { // only one of them can have it open
		if means(in.Device, c, d) {
			return "submix stream " + name
		}
	}
	return ""
}

// means reports that a configuration's device is this device of this card.
func means(v config.Device, c alsa.Card, d alsa.Device) bool {
	switch v.Kind {
	case config.HW:
		return v.Number == d.Number && (v.Name == c.ID || v.Name == strconv.Itoa(c.Number))
	case config.USB:
		return v.Number == d.Number && v.Name == c.USB
	}
	return false
}
