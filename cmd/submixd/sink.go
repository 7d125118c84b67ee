package main

import (
	"errors"
	"fmt"

	"submix/cmd/submixd/config"
	"submix/hw/alsa"
	"submix/hw/file"
	"submix/hw/pcm"
	"submix/hw/sim"
	"submix/mixer"
	"submix/mixer/predict"
)

// A sink is an open playback device.
type sink interface {
	mixer.Sink
	Drain() error // plays what is queued
	Close() error // ends a blocked Wait; any goroutine, and more than once
}

// openSink opens the playback device.
func openSink(cfg *config.Config) (sink, error) {
	d := cfg.Playback.Device
	switch d.Kind {
	case config.Sim:
		spec, err := sim.ParseSink(d.String())
		if err != nil {
			return nil, err
		}
		return newSim(cfg, spec)
	case config.File:
		w, err := file.Create(d.Name, cfg.Mixer.Rate, cfg.Mixer.Channels, pcm.S24_3LE)
		if err != nil {
			return nil, err
		}
		s, err := newSim(cfg, sim.SinkConfig{Recorder: w})
		if err != nil {
			w.Close()
			return nil, err
		}
		return recording{s, w}, nil
	}
	p, err := alsa.OpenPlayback(alsa.Config{
		Device: d.String(), Rate: cfg.Mixer.Rate, Channels: cfg.Mixer.Channels,
		PeriodFrames: cfg.Mixer.Block, Periods: cfg.Playback.Periods, HoldProcessor: true,
		Follow: new(predict.Predictor).Follow,
	})
	if err != nil {
		return nil, err
	}
	if n := p.PeriodFrames(); n != cfg.Mixer.Block {
		p.Close()
		return nil, fmt.Errorf("%s: %w: it has no period of %d frames; set block = %d", d, alsa.ErrUnsuitable, cfg.Mixer.Block, n)
	}
	return p, nil
}

// newSim makes a simulated playback card of the mix's shape.
func newSim(cfg *config.Config, c sim.SinkConfig) (simulated, error) {
	c.Rate, c.Channels, c.Block, c.Periods = cfg.Mixer.Rate, cfg.Mixer.Channels, cfg.Mixer.Block, cfg.Playback.Periods
	s, err := sim.NewSink(c)
	return simulated{s}, err
}

// simulated is a card on which nothing is heard, so that there is nothing to wait
// for when it drains.
type simulated struct{ *sim.Sink }

func (simulated) Drain() error { return nil }

// recording is a simulated card whose sound goes to a file.
type recording struct {
	simulated
	w *file.Writer
}

func (r recording) Close() error { return errors.Join(r.simulated.Close(), r.w.Close()) }
