package main

import (
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"sync"
	"time"

	"submix/cmd/submixd/config"
	"submix/control"
	"submix/control/state"
	"submix/mixer"
)

// A box is a mix with the devices that feed it and the one it is played on. Its
// exported methods are what commands act on; the dispatcher calls them one at a
// time, while run, the mixing goroutine, goes on.
type box struct {
	load  func() (*config.Config, error)
	log   *slog.Logger
	begun *config.Config // what serial port and socket are made from
	begin chan struct{}  // cap 1: a new mix is ready to be played
	quit  chan struct{}  // closed by shutdown: the mix is the last one

	reloaded chan struct{} // cap 1: the configuration is another one

	kept    *state.File
	drifts  *drifts
	devices *bell          // rings when something has changed among the devices
	crash   *control.Crash // how an earlier run ended; nil: in order
	post    post           // where the mixing goroutine is
	keeping sync.Mutex     // held by keepSettings, so that what is put down last is the newest

	openSource func(*input) (*source, error) // tests have cards of their own
	openSink   func(*config.Config) (sink, error)
	sleep      func(time.Duration) // of the mixing goroutine while there is no output; see sim.Sink

	mu      sync.Mutex     // guards the rest; never held while a device is opened or closed
	cfg     *config.Config // as loaded last
	made    *config.Config // what mix was made from
	instead string         // why cfg is not that of the file; "" if it is
	mix     *mixer.Mixer
	inputs  map[string]*input
	wanted  []config.Capture  // what is to be in mix, with Add set and gain and mute as added; its device may be missing
	down    map[string]string // what each button that is held will run when it is let go, by its name
	told    settings          // what was put down last
	ending  bool
	ended   bool
	output  string // why there is no playback device; "" if there is
}

func newBox(cfg *config.Config, load func() (*config.Config, error), kept *state.File, log *slog.Logger) (*box, error) {
	b := &box{
		kept: kept, drifts: newDrifts(kept, log), devices: newBell(),
		load: load, log: log, begun: cfg,
		begin: make(chan struct{}, 1), quit: make(chan struct{}), reloaded: make(chan struct{}, 1),
		openSource: (*input).open, openSink: openSink,
		cfg: cfg, made: cfg, inputs: map[string]*input{}, down: map[string]string{},
	}
	b.crash = b.crashBefore()
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
		Mixer: b.mixer, Streams: b, Session: b, Devices: b.listDevices, Captures: b.configured, Reload: b.reload,
		Changed: b.keepSettings, Save: b.save, Version: version, Log: log,
		Crash: b.crash, System: system("/"), Notices: b.notices,
	}
}

// configured lists what add can take without a device.
func (b *box) configured() (all []control.Capture) {
	for _, c := range b.config().Captures {
		all = append(all, control.Capture{Name: c.Name, Device: c.Device.String()})
	}
	return all
}

func (b *box) mixer() *mixer.Mixer {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.mix
}

// current returns the mix and what it was made from.
func (b *box) current() (*mixer.Mixer, *config.Config) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.mix, b.made
}

// heard returns what feeds the mix, by name; nothing while the mix is not played
// on its device but at a pace of its own.
func (b *box) heard() []heard {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.output != "" {
		return nil
	}
	var all []heard
	for _, name := range slices.Sorted(maps.Keys(b.inputs)) {
		in := b.inputs[name]
		all = append(all, heard{in, in.stream.Info()})
	}
	return all
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
	if err := b.renew(); err != nil {
		return err
	}
	b.addAll(b.config().Captures)
	b.log.Info("mix begins", control.EventMix.Attr(), "state", control.StateRunning)
	b.begin <- struct{}{}
	return nil
}

// renew makes a new mix in place of one that has ended.
func (b *box) renew() error {
	b.mu.Lock()
	defer b.mu.Unlock()
	switch {
	case !b.ending && !b.ended:
		return fmt.Errorf("%w: end it first", control.ErrRunning)
	case !b.ended:
		return fmt.Errorf("%w: it has not ended yet", control.ErrRunning)
	}
	m, err := newMix(b.cfg)
	if err != nil {
		return err
	}
	m.Output().SetGain(b.mix.Output().GainDB()) // the knob stays where it was
	m.Output().SetMute(b.mix.Output().Muted())
	b.mix, b.made, b.wanted, b.ending, b.ended = m, b.cfg, nil, false, false
	return nil
}

// End implements control.Session: captures stop, files play on, unless now,
// which fades everything out at once.
func (b *box) End(now bool) error {
	begins := false
	defer func() { // when mu is free
		if begins {
			b.log.Info("mix ends", control.EventMix.Attr(), "state", control.StateEnding)
		}
	}()
	b.mu.Lock()
	defer b.mu.Unlock()
	switch {
	case b.ended:
		return fmt.Errorf("%w: start begins a new one", control.ErrEnded)
	case b.ending && !now:
		return fmt.Errorf("%w: what is left is played; end now drops it", control.ErrEnded)
	}
	begins, b.ending = !b.ending, true
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

// noOutput notes why there is no playback device, nil if there is one.
func (b *box) noOutput(why error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.output = ""
	if why != nil {
		b.output = why.Error()
	}
}
