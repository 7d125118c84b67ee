package main

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"submix/cmd/submixd/config"
	"submix/control"
	"submix/mixer"
)

// Add implements control.Streams.
func (b *box) Add(_ context.Context, r control.AddRequest) error {
	c := config.Capture{Name: r.Name}
	known := false
	for _, k := range b.config().Captures {
		if k.Name == r.Name {
			c, known = k, true
		}
	}
	switch d, err := config.ParseDevice(r.Device); {
	case r.Device == "" && !known:
		return fmt.Errorf("%w: %s is not in the configuration; name its device", control.ErrNoSuch, r.Name)
	case r.Device == "":
	case err != nil:
		return fmt.Errorf("%w: %w", control.ErrBadDevice, err)
	default:
		c.Device = d
	}
	if n, mix := len(r.Channels), b.mixer().Config().Channels; n > 1 && n != mix {
		return fmt.Errorf("%w: %d channels for a mix of %d; give one, or one for each", control.ErrBadOption, n, mix)
	}
	if r.GainDB != nil {
		c.GainDB = *r.GainDB
	}
	if r.Channels != nil {
		c.Channels = r.Channels
	}
	if r.Sync != "" {
		c.Locked = r.Sync == "locked"
	}
	if r.Latency != nil {
		c.Latency = *r.Latency
	}
	if r.Priority != nil {
		c.Priority = *r.Priority
	}
	return b.add(c, false)
}

// Remove implements control.Streams. It returns when the stream has faded out
// and its device is free.
func (b *box) Remove(name string) error {
	b.mu.Lock()
	m, in := b.mix, b.inputs[name]
	b.mu.Unlock()
	if _, ok := m.Stream(name); !ok {
		return fmt.Errorf("%w: %s", control.ErrNoSuch, name)
	}
	b.unwant(name)
	m.Remove(name)
	if in == nil { // it has ended already
		return nil
	}
	timeout := time.NewTimer(shutdownTime)
	defer timeout.Stop()
	select {
	case <-in.over:
	case <-timeout.C: // nobody mixes: the card that paces it does not move
		in.cancel()
		<-in.over
	}
	return nil
}

// addAll adds the captures that are to be in a new mix.
func (b *box) addAll(captures []config.Capture) {
	for _, c := range captures {
		if !c.Add {
			continue
		}
		if err := b.add(c, true); errors.Is(err, control.ErrEnded) {
			return
		} else if err != nil {
			b.log.Error("stream not added", "stream", c.Name, "error", err)
		}
	}
}

// add puts a capture into the mix. A device that cannot be opened is an error; or,
// with wait, add does not wait for the device: its stream is gone until it is open.
func (b *box) add(c config.Capture, wait bool) error {
	b.mu.Lock()
	m, over := b.mix, b.ending || b.ended
	b.mu.Unlock()
	if over {
		return control.ErrEnded
	}
	if s, ok := m.Stream(c.Name); ok && !isOver(s) {
		return fmt.Errorf("%w: %s", control.ErrExists, c.Name)
	}
	if wait {
		b.want(c)
	}
	in := &input{Capture: c, mix: m.Config(), live: c.Device.Kind != config.File, post: &b.post, over: make(chan struct{})}
	var src *source
	if !in.live || !wait {
		var err error
		if src, err = await(begin(func() (*source, error) { return b.openSource(in) }), func(s *source) { s.Close() }); err != nil {
			return codedDevice(err)
		}
	}
	ctx, cancel := context.WithCancel(context.Background())
	in.cancel = cancel
	if err := b.enter(m, in, src); err != nil {
		cancel()
		src.Close()
		return err
	}
	go in.run(ctx, b, src)
	return nil
}

// streamConfig is that of in, without a source.
func (b *box) streamConfig(in *input) mixer.StreamConfig {
	c := mixer.StreamConfig{
		Name: in.Name, GainDB: in.GainDB, Mute: in.Mute, Channels: in.channelMap(),
		Live: in.live, Locked: in.Locked, Latency: in.Latency, Priority: in.Priority,
	}
	if in.live {
		c.DriftPPM = b.drifts.of(in.Device)
	}
	return c
}

// enter adds the stream of in, with src unless that is nil, to m and to the
// inputs in one step, so that End finds every stream that is in the mix.
func (b *box) enter(m *mixer.Mixer, in *input, src *source) error {
	sc := b.streamConfig(in)
	if src != nil {
		sc.Source, sc.Format = src.Source, src.format
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	s, err := m.Add(sc)
	if errors.Is(err, mixer.ErrEnded) {
		return control.ErrEnded
	}
	if err != nil {
		return err
	}
	in.stream = s
	b.inputs[in.Name] = in
	b.wantLocked(in.Capture)
	return nil
}

// forget drops an input whose device is free.
func (b *box) forget(in *input) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.inputs[in.Name] == in {
		delete(b.inputs, in.Name)
	}
}

// release ends what feeds the mix that has ended.
func (b *box) release() {
	b.mu.Lock()
	inputs := slices.Collect(maps.Values(b.inputs))
	b.mu.Unlock()
	defer b.post.in(nil)
	for _, in := range inputs {
		in.cancel()
	}
	for _, in := range inputs {
		b.post.in(callOf(in.Device, "its end"))
		<-in.over
	}
}

func isOver(s *mixer.Stream) bool {
	select {
	case <-s.Done():
		return true
	default:
		return false
	}
}
