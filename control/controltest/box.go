// Package controltest has a box without hardware for tests of what is worked by
// commands: a real mixer with synthetic streams, the rest simple fakes.
package controltest

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"time"

	"submix/control"
	"submix/mixer"
)

const block = 480 // frames, 10 ms at 48 kHz

// Box is a fake box. Its methods are called by the dispatcher, one at a time;
// Pull belongs to the same goroutine or runs while no command does.
type Box struct {
	Dispatcher *control.Dispatcher
	Log        *control.Log
	Requests   []control.AddRequest // seen by Add
	Err        error                // what Reload and Devices return
	Slow       time.Duration        // how long Reload takes, and a command to find a stream
	Waits      []string             // what Reload says
	Changes    int                  // how often Changed was called
	SaveErr    error                // what Save returns

	mixer  *mixer.Mixer
	state  control.State
	reason string
}

// New returns a running box: streams mic (a constant 0.5, gain -6 dB) and tape
// (0.25, muted), and usb1, which has lost its device. Radio is configured but
// not in the mix. Ten blocks have been played.
func New() *Box {
	b := &Box{Log: control.NewLog(slog.DiscardHandler)}
	b.begin()
	b.Dispatcher = control.NewDispatcher(control.Box{
		Mixer:   func() *mixer.Mixer { <-time.After(b.Slow); return b.mixer },
		Streams: b, Session: b, Devices: b.devices,
		Reload:  b.reload,
		Changed: func() { b.Changes++ },
		Save:    func() error { return b.SaveErr },
		Captures: func() []control.Capture {
			return []control.Capture{{Name: "mic", Device: "hw:Mic,0"}, {Name: "tape", Device: "hw:Tape,0"},
				{Name: "usb1", Device: "usb:1-1.3"}, {Name: "radio", Device: "hw:Radio,0"}}
		},
		Version: "0.1.0", Log: b.Log,
	})
	return b
}

func (b *Box) begin() {
	m, err := mixer.New(mixer.Config{Rate: 48000, Channels: 2, Block: block})
	if err != nil {
		panic(err)
	}
	b.mixer, b.state, b.reason = m, control.StateRunning, ""
	for _, c := range []mixer.StreamConfig{
		{Name: "mic", Source: constant(0.5), GainDB: -6},
		{Name: "tape", Source: constant(0.25), Mute: true},
		{Name: "usb1", Live: true},
	} {
		c.Format = mixer.Format{Rate: 48000, Channels: 2}
		s, err := m.Add(c)
		if err != nil {
			panic(err)
		}
		if c.Source == nil {
			s.SetReason(errors.New(`"usb:1-1.3" is not plugged in`))
		}
	}
	b.Pull(10)
}

// Pull plays n blocks.
func (b *Box) Pull(n int) {
	dst := make([]float32, 2*block)
	for range n {
		if err := b.mixer.Pull(dst, block, time.Now(), time.Now()); err != nil {
			panic(err)
		}
	}
}

// Mixer is the current mixer.
func (b *Box) Mixer() *mixer.Mixer { return b.mixer }

// LosePlayback makes the state no-output.
func (b *Box) LosePlayback(reason string) { b.state, b.reason = control.StateNoOutput, reason }

// constant is an endless source that delivers a block at each read.
type constant float32

func (c constant) Read(dst []float32) (int, error) {
	dst = dst[:min(len(dst), 2*block)]
	for i := range dst {
		dst[i] = float32(c)
	}
	return len(dst) / 2, nil
}

// Add implements [control.Streams].
func (b *Box) Add(_ context.Context, r control.AddRequest) error {
	b.Requests = append(b.Requests, r)
	switch {
	case r.Device == "" && r.Name != "radio":
		return fmt.Errorf("%w: no capture %s is configured, and no device is given", control.ErrNoSuch, r.Name)
	case r.Device == "hw:Busy,0":
		return fmt.Errorf("add %s: %w: hw:Busy,0", r.Name, control.ErrBusy)
	case r.Device == "hw:None,0":
		return fmt.Errorf("add %s: %w: hw:None,0", r.Name, control.ErrMissing)
	case r.Device != "" && !strings.Contains(r.Device, ":"):
		return fmt.Errorf("%w: %s; write hw:CARD,DEV, usb:PORTPATH, file:PATH or sim:WHAT", control.ErrBadDevice, r.Device)
	case b.state == control.StateEnding || b.state == control.StateEnded:
		return fmt.Errorf("add %s: %w", r.Name, control.ErrEnded)
	}
	c := mixer.StreamConfig{Name: r.Name, Source: constant(0.125), Format: mixer.Format{Rate: 48000, Channels: 2}}
	if r.GainDB != nil {
		c.GainDB = *r.GainDB
	}
	_, err := b.mixer.Add(c)
	return err
}

// Remove implements [control.Streams].
func (b *Box) Remove(name string) error {
	if _, ok := b.mixer.Stream(name); !ok {
		return fmt.Errorf("%w: %s", control.ErrNoSuch, name)
	}
	b.mixer.Remove(name)
	return nil
}

// Start implements [control.Session].
func (b *Box) Start() error {
	if b.state != control.StateEnded {
		return fmt.Errorf("start: %w", control.ErrRunning)
	}
	b.begin()
	return nil
}

// End implements [control.Session].
func (b *Box) End(now bool) error {
	if b.state == control.StateEnded {
		return fmt.Errorf("end: %w", control.ErrEnded)
	}
	b.mixer.EndInput()
	b.state, b.reason = control.StateEnding, "end was asked for"
	if now {
		b.mixer.Close()
		b.state = control.StateEnded
	}
	return nil
}

// State implements [control.Session].
func (b *Box) State() (control.State, string) { return b.state, b.reason }

func (b *Box) reload() ([]string, error) {
	<-time.After(b.Slow)
	return b.Waits, b.Err
}

func (b *Box) devices() ([]control.Device, error) {
	return []control.Device{
		{Address: "hw:Mic,0", Direction: "capture", Card: "USB Audio", USB: "usb:1-1.2",
			Formats: []string{"S24_3LE"}, Rates: "48000", Channels: "1", TT: "1-1", Busy: true, User: "submix stream mic",
			Note: "shares the 12 Mbit/s of USB 1-1 with hw:Tape"},
		{Address: "hw:Tape,0", Direction: "capture", Card: "Tape deck", USB: "usb:1-1.4",
			Formats: []string{"S16_LE", "S24_3LE"}, Rates: "44100-96000", Channels: "1-2", TT: "1-1", Busy: false,
			Note: "shares the 12 Mbit/s of USB 1-1 with hw:Mic"},
		{Address: "hw:Out,0", Direction: "playback", Card: "Out", Formats: []string{"S16_LE"}, Rates: "48000", Channels: "2"},
	}, b.Err
}
