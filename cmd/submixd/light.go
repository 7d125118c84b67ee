package main

import (
	"context"
	"time"

	"submix/cmd/submixd/config"
	"submix/control"
	"submix/hw/gpio"
)

// light drives one LED until ctx is done, which leaves it off, or its line fails.
func light(ctx context.Context, b *box, c config.LED) error {
	out, err := gpio.OpenOutput(gpio.Line{Chip: c.Chip, Line: c.Line, ActiveLow: c.ActiveLow})
	if err != nil {
		return err
	}
	defer out.Close()
	tick := time.NewTicker(control.LightPeriod)
	defer tick.Stop()
	l := control.Light{What: c.Shows.What, Name: c.Shows.Name, As: c.As}
	for {
		if err := out.Set(l.Lit(time.Now(), b.scene())); err != nil {
			return err
		}
		select {
		case <-ctx.Done():
			return out.Set(false)
		case <-tick.C:
		}
	}
}

func (b *box) scene() control.Scene {
	state, _ := b.State()
	m := b.mixer()
	b.mu.Lock()
	defer b.mu.Unlock()
	return control.Scene{State: state, Fault: b.instead != "", Streams: m.Streams(), Output: m.Output().Info()}
}
