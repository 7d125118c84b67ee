package control

import (
	"context"
	"fmt"
)

// A fader is a gain and a mute: a stream or the output.
type fader interface {
	GainDB() float64
	SetGain(dB float64)
	Muted() bool
	SetMute(mute bool)
}

// find returns the faders that a checked name stands for.
func (d *Dispatcher) find(name string) ([]fader, error) {
	m := d.box.Mixer()
	switch name {
	case nameOut:
		return []fader{m.Output()}, nil
	case nameAll:
		var all []fader
		for _, info := range m.Streams() {
			if s, ok := m.Stream(info.Name); ok {
				all = append(all, s)
			}
		}
		return all, nil
	}
	s, ok := m.Stream(name)
	if !ok {
		return nil, fmt.Errorf("%w: %s", ErrNoSuch, name)
	}
	return []fader{s}, nil
}

// checkTarget allows the names of streams, and those given.
func checkTarget(name string, others ...string) error {
	for _, other := range others {
		if name == other {
			return nil
		}
	}
	return CheckName(name)
}

func parseMute(mute bool) func(args []string) (action, error) {
	return func(args []string) (action, error) {
		return func(_ context.Context, d *Dispatcher, _ *Reply) error {
			faders, err := d.find(args[0])
			for _, f := range faders {
				f.SetMute(mute)
			}
			return err
		}, checkTarget(args[0], nameAll, nameOut)
	}
}

// parseToggle turns several streams as one, so that a button always ends in one
// of two states that can be told apart in the dark.
func parseToggle(args []string) (action, error) {
	return func(_ context.Context, d *Dispatcher, r *Reply) error {
		faders, err := d.find(args[0])
		if err != nil {
			return err
		}
		heard := false
		for _, f := range faders {
			heard = heard || !f.Muted()
		}
		for _, f := range faders {
			f.SetMute(heard)
		}
		r.pair("mute", heard)
		return nil
	}, checkTarget(args[0], nameAll, nameOut)
}

func parseGain(args []string) (action, error) {
	if err := checkTarget(args[0], nameOut); err != nil {
		return nil, err
	}
	step, err := parseStep(args[1], args[2:])
	return func(_ context.Context, d *Dispatcher, r *Reply) error {
		faders, err := d.find(args[0])
		if err != nil {
			return err
		}
		now := step(faders[0].GainDB())
		faders[0].SetGain(now)
		r.pair("gain", gainDB(now))
		return nil
	}, err
}
