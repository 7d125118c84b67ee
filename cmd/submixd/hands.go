package main

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"submix/cmd/submixd/config"
	"submix/control"
	"submix/hw/gpio"
)

// hands are the buttons, encoders and lights in use.
type hands struct {
	log     *slog.Logger
	running map[any]func() // what ends each, by its configuration

	// Each until ctx is done or its line fails; tests have others.
	button  func(context.Context, config.Button) error
	encoder func(context.Context, config.Encoder) error
	light   func(context.Context, config.LED) error
}

func newHands(b *box, d *control.Dispatcher, log *slog.Logger) *hands {
	return &hands{log: log, running: map[any]func(){},
		button:  func(ctx context.Context, c config.Button) error { return button(ctx, b, d, c) },
		encoder: func(ctx context.Context, c config.Encoder) error { return encoder(ctx, d, c) },
		light:   func(ctx context.Context, c config.LED) error { return light(ctx, b, c) },
	}
}

// run keeps in use what is configured, at first and after each reload, until ctx
// is done.
func (h *hands) run(ctx context.Context, b *box) {
	for ctx.Err() == nil {
		h.apply(ctx, b.config())
		select {
		case <-ctx.Done():
		case <-b.reloaded:
		}
	}
	h.apply(ctx, &config.Config{})
}

// apply ends what is no longer configured, so that its lines are free, begins what
// is new, and leaves the rest alone.
func (h *hands) apply(ctx context.Context, cfg *config.Config) {
	want := map[any]func(context.Context){}
	for _, c := range cfg.Buttons {
		want[c] = h.again("button", c.Name, func(ctx context.Context) error { return h.button(ctx, c) })
	}
	for _, c := range cfg.Encoders {
		want[c] = h.again("encoder", c.Name, func(ctx context.Context) error { return h.encoder(ctx, c) })
	}
	for _, c := range cfg.LEDs {
		want[c] = h.again("light", c.Line, func(ctx context.Context) error { return h.light(ctx, c) })
	}
	for c, end := range h.running {
		if want[c] == nil {
			end()
			delete(h.running, c)
		}
	}
	for c, use := range want {
		if h.running[c] == nil {
			h.running[c] = within(ctx, use)
		}
	}
}

// again returns what runs f again and again until ctx is done.
func (h *hands) again(kind, name string, f func(context.Context) error) func(context.Context) {
	return func(ctx context.Context) {
		again(ctx, h.log, kind, name, func() error { return f(ctx) })
	}
}

// button runs the commands of one button until ctx is done or its line fails.
func button(ctx context.Context, b *box, d *control.Dispatcher, c config.Button) error {
	in, err := gpio.OpenInput(gpio.Line{Chip: c.Chip, Line: c.Line, ActiveLow: c.ActiveLow, Pull: gpio.Pull(c.Pull)})
	if err != nil {
		return err
	}
	does := control.Button{Name: c.Name, Press: c.Press, Release: c.Release, Hold: c.Hold, Double: c.Double, Repeat: c.Repeat,
		HoldTime: c.HoldTime, DoubleTime: c.DoubleTime, RepeatTime: time.Duration(float64(time.Second) / c.RepeatRate),
		Held: b.held(c.Name, c.Release)}
	first := control.Change{Pressed: in.Pressed(), At: time.Now(), First: true}
	return pass(ctx, func(send func(control.Change)) error {
		send(first)
		return in.Run(ctx, func(g gpio.Change) { send(control.Change{Pressed: g.Pressed, At: g.At}) })
	}, func(changes <-chan control.Change) { does.Run(ctx, d, changes) })
}

// encoder turns what one encoder turns until ctx is done or its lines fail.
func encoder(ctx context.Context, d *control.Dispatcher, c config.Encoder) error {
	in, err := gpio.OpenEncoder(gpio.Pair{Chip: c.Chip, A: c.LineA, B: c.LineB, ActiveLow: c.ActiveLow, Pull: gpio.Pull(c.Pull)})
	if err != nil {
		return err
	}
	e := control.Encoder{Name: c.Name, Target: c.Turns, StepDB: c.StepDB, MinDB: c.MinDB, MaxDB: c.MaxDB,
		Accelerate: c.Accelerate, StatesADetent: c.Steps, Reverse: c.Reverse}
	return pass(ctx, func(send func(control.Levels)) error {
		return in.Run(ctx, func(l gpio.Levels) { send(control.Levels(l)) })
	}, func(levels <-chan control.Levels) { e.Run(ctx, d, levels) })
}

// pass runs from, with what it sends going to to, which ends when from has.
func pass[T any](ctx context.Context, from func(send func(T)) error, to func(<-chan T)) error {
	events := make(chan T, 16)
	var taking sync.WaitGroup
	taking.Go(func() { to(events) })
	defer taking.Wait()
	defer close(events)
	return from(func(v T) {
		select {
		case events <- v:
		case <-ctx.Done():
		}
	})
}
