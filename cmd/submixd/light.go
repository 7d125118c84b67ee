package main

import (
	"context"
	"time"

	"submix/cmd/submixd/config"
	"submix/control"
	"submix/hw/gpio"
	"submix/mixer"
)

const (
	lightPeriod = 50 * time.Millisecond  // how often a light looks
	clipShown   = 500 * time.Millisecond // so that a single clip is seen
)

// light drives one LED until ctx is done or its line fails.
func light(ctx context.Context, b *box, c config.LED) error {
	out, err := gpio.OpenOutput(gpio.Line{Chip: c.Chip, Line: c.Line})
	if err != nil {
		return err
	}
	defer out.Close()
	tick := time.NewTicker(lightPeriod)
	defer tick.Stop()
	l := lamp{shows: c.Shows}
	for {
		state, _ := b.State()
		m := b.mixer()
		if err := out.Set(l.lit(time.Now(), state, m.Streams(), m.Output().Info())); err != nil {
			return err
		}
		select {
		case <-ctx.Done():
			return out.Set(false)
		case <-tick.C:
		}
	}
}

// A lamp decides whether an LED is lit.
type lamp struct {
	shows config.Shows
	clips uint64
	until time.Time // a clip is shown
}

func (l *lamp) lit(now time.Time, state control.State, streams []mixer.StreamInfo, out mixer.OutputInfo) bool {
	if l.shows.What == "running" {
		return state == control.StateRunning
	}
	on, clips := false, uint64(0)
	if l.shows.Name == "out" {
		on, clips = l.shows.What == "muted" && out.Mute, out.Clips
	}
	for _, s := range streams {
		if l.shows.Name != s.Name && l.shows.Name != "any" {
			continue
		}
		clips += s.Clips
		switch l.shows.What {
		case "muted":
			on = on || s.Mute
		case "stalled":
			on = on || s.State >= mixer.Stalled && s.State <= mixer.Gone // or shed
		}
	}
	if l.shows.What == "clip" {
		if clips > l.clips {
			l.until = now.Add(clipShown)
		}
		l.clips = clips
		on = now.Before(l.until)
	}
	return on
}
