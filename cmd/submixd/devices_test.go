package main

import (
	"os"
	"testing"

	"submix/cmd/submixd/config"
	"submix/hw/alsa"
)

func TestDevicesSayWhoUsesThem(t *testing.T) {
	device := func(text string) config.Device {
		d, err := config.ParseDevice(text)
		if err != nil {
			t.Fatal(err)
		}
		return d
	}
	b := &box{made: &config.Config{Playback: config.Playback{Device: device("hw:Out,0")}}, inputs: map[string]*input{
		"mic":  {Capture: config.Capture{Device: device("usb:1-1.2")}},
		"line": {Capture: config.Capture{Device: device("hw:2,1")}},
	}}
	mic, line, out := alsa.Card{Number: 1, ID: "Mic", USB: "1-1.2"}, alsa.Card{Number: 2, ID: "Line"}, alsa.Card{Number: 3, ID: "Out"}
	own, other := os.Getpid(), os.Getpid()+1
	for _, c := range []struct {
		card alsa.Card
		d    alsa.Device
		want string
	}{
		{mic, alsa.Device{Capture: true}, ""},
		{mic, alsa.Device{Capture: true, Busy: true, PID: own, Owner: "submixd (pid 5)"}, "submix stream mic"},
		{mic, alsa.Device{Capture: true, Busy: true, Owner: "another program"}, "submix stream mic"}, // a kernel that does not say
		{mic, alsa.Device{Capture: true, Busy: true, PID: other, Owner: "arecord (pid 6)"}, "arecord (pid 6)"},
		{mic, alsa.Device{Busy: true, PID: own, Owner: "submixd (pid 5)"}, "submixd (pid 5)"}, // its own loudspeaker
		{line, alsa.Device{Number: 1, Capture: true, Busy: true, PID: own}, "submix stream line"},
		{line, alsa.Device{Capture: true, Busy: true, Owner: "another program"}, "another program"},
		{out, alsa.Device{Busy: true, PID: own}, "submix output"},
	} {
		if got := b.user(c.card, c.d); got != c.want {
			t.Errorf("%s %+v: %q, want %q", c.card.ID, c.d, got, c.want)
		}
	}
	b.output = "busy"
	if got := b.user(out, alsa.Device{Busy: true, Owner: "another program"}); got != "another program" {
		t.Errorf("without an output the card is used by %q", got)
	}
}

func TestDevicesShareATranslator(t *testing.T) {
	cards := []alsa.Card{
		{Number: 0, ID: "A", USB: "1-1.1", TT: "1-1"}, {Number: 1, ID: "B", USB: "1-1.2", TT: "1-1"},
		{Number: 2, ID: "C", USB: "1-1.3"}, {Number: 3, ID: "D", USB: "1-2.1", TT: "1-2.1"}, {Number: 4, ID: "E", USB: "1-1.4", TT: "1-1"},
	}
	for i, want := range []string{"shares the 12 Mbit/s of USB 1-1 with hw:B, hw:E", "shares the 12 Mbit/s of USB 1-1 with hw:A, hw:E", "", "",
		"shares the 12 Mbit/s of USB 1-1 with hw:A, hw:B"} {
		if got := sharing(cards[i], cards); got != want {
			t.Errorf("%s: %q, want %q", cards[i].ID, got, want)
		}
	}
	if d := describe(cards[0], alsa.Device{Capture: true}); d.TT != "1-1" || d.USB != "usb:1-1.1,0" || d.Direction != "capture" {
		t.Errorf("%+v", d)
	}
}
