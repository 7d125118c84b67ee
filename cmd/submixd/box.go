package main

import (
	"context"
	"fmt"
	"log/slog"
	"sync"

	"submix/cmd/submixd/config"
	"submix/control"
	"submix/mixer"
)

// A box is a mix with the devices that feed it and the one it is played on. Its
// exported methods are what commands act on; the dispatcher calls them one at a
// time, while run, the mixing goroutine, goes on.
type box struct {
	load  func() (*config.Config, error)
	log   *slog.Logger
	begin chan struct{} // cap 1: a new mix is ready to be played

	mu     sync.Mutex // guards the rest; never held while a device is opened
	cfg    *config.Config
	mix    *mixer.Mixer
	inputs map[string]*input
	ending bool
	ended  bool
	output string // why there is no playback device; "" if there is
}

func newBox(cfg *config.Config, load func() (*config.Config, error), log *slog.Logger) (*box, error) {
	b := &box{load: load, log: log, begin: make(chan struct{}, 1), cfg: cfg, inputs: map[string]*input{}}
	m, err := newMix(cfg)
	b.mix = m
	return b, err
}

func newMix(cfg *config.Config) (*mixer.Mixer, error) {
	return mixer.New(mixer.Config{
		Rate: cfg.Mixer.Rate, Channels: cfg.Mixer.Channels, Block: cfg.Mixer.Block,
		StreamTimeout: cfg.Mixer.StreamTimeout, Capacity: cfg.Mixer.Capacity, Limiter: cfg.Mixer.Limiter,
	})
}

func (b *box) controls(log *control.Log) control.Box {
	return control.Box{
		Mixer: b.mixer, Streams: b, Session: b, Devices: listDevices, Reload: b.reload,
		Version: version, Log: log,
	}
}

func (b *box) mixer() *mixer.Mixer {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.mix
}

func (b *box) config() *config.Config {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.cfg
}

// State implements control.Session.
func (b *box) State() (control.State, string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	switch {
	case b.ended:
		return control.StateEnded, ""
	case b.ending:
		return control.StateEnding, b.output
	case b.output != "":
		return control.StateNoOutput, b.output
	}
	return control.StateRunning, ""
}

// Start implements control.Session.
func (b *box) Start() error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if !b.ended {
		return fmt.Errorf("%w: end it first", control.ErrRunning)
	}
	m, err := newMix(b.cfg)
	if err != nil {
		return err
	}
	b.mix, b.inputs, b.ending, b.ended = m, map[string]*input{}, false, false
	b.begin <- struct{}{}
	return nil
}

// End implements control.Session: captures stop, files play on, unless now,
// which fades everything out at once.
func (b *box) End(now bool) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.ended || b.ending && !now {
		return fmt.Errorf("%w: start begins a new one", control.ErrEnded)
	}
	b.ending = true
	b.mix.EndInput()
	for name, in := range b.inputs {
		if now {
			b.mix.Remove(name)
		} else if in.live {
			in.stream.Finish()
		}
	}
	return nil
}

// over marks the mix as ended.
func (b *box) over() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.ended = true
}

// noOutput notes why there is no playback device, "" if there is one, and
// reports whether that is news.
func (b *box) noOutput(why string) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	news := b.output != why
	b.output = why
	return news
}

// begun adds the configured streams to a new mix.
func (b *box) begun(ctx context.Context) {
	for _, c := range b.config().Captures {
		if !c.Add {
			continue
		}
		if err := b.add(ctx, c, true); err != nil {
			b.log.Error("stream not added", "stream", c.Name, "error", err)
		}
	}
}
