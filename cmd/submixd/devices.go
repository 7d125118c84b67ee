package main

import (
	"fmt"

	"submix/control"
	"submix/hw/alsa"
)

// listDevices lists the sound devices of the machine.
func listDevices() ([]control.Device, error) {
	cards, err := await(begin(alsa.Cards), nil)
	if err != nil {
		return nil, &control.Error{Code: control.CodeDevice, Text: err.Error()}
	}
	var list []control.Device
	for _, c := range cards {
		for _, d := range c.Devices {
			list = append(list, describe(c, d))
		}
	}
	return list, nil
}

func describe(c alsa.Card, d alsa.Device) control.Device {
	out := control.Device{
		Address: fmt.Sprintf("hw:%s,%d", c.ID, d.Number), Direction: "playback",
		Card: c.Name, Busy: d.Busy,
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
