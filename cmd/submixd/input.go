package main

import (
	"context"
	"fmt"
	"time"

	"submix/cmd/submixd/config"
	"submix/control"
	"submix/mixer"
)

// An input keeps a stream fed: it opens the stream's source, gives it up when it
// is lost and looks for it again.
type input struct {
	config.Capture
	mix    mixer.Config
	live   bool // reads a device, not a file
	stream *mixer.Stream
	cancel context.CancelFunc
	over   chan struct{} // closed when run has returned and the source is closed
}

// Add implements control.Streams.
func (b *box) Add(ctx context.Context, r control.AddRequest) error {
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
	if r.GainDB != nil {
		c.GainDB = *r.GainDB
	}
	if r.Channels != nil {
		c.Channels = r.Channels
	}
	if r.Sync != "" {
		c.Locked = r.Sync == "locked"
	}
	return b.add(context.WithoutCancel(ctx), c, false)
}

// add puts a capture into the mix. If its device cannot be opened, that is an
// error, or, with wait, the stream is gone until it can.
func (b *box) add(ctx context.Context, c config.Capture, wait bool) error {
	b.mu.Lock()
	m, old := b.mix, b.inputs[c.Name]
	b.mu.Unlock()
	if s, ok := m.Stream(c.Name); ok && !isOver(s) {
		return fmt.Errorf("%w: %s", control.ErrExists, c.Name)
	}
	if old != nil {
		<-old.over // it has ended by itself
	}
	in := &input{Capture: c, mix: m.Config(), live: c.Device.Kind != config.File, over: make(chan struct{})}
	src, err := in.open()
	if err != nil && !(wait && in.live) {
		return codedDevice(err)
	}
	sc := mixer.StreamConfig{Name: c.Name, GainDB: c.GainDB, Mute: c.Mute, Channels: in.channelMap(), Live: in.live}
	if src != nil {
		sc.Source, sc.Format = src, src.format
	}
	b.mu.Lock() // so that End finds every stream that is in the mix
	defer b.mu.Unlock()
	s, adding := m.Add(sc)
	if adding != nil {
		src.close()
		return adding
	}
	if err != nil {
		b.log.Warn("stream gone", "stream", c.Name, "error", err)
		s.SetReason(err)
	}
	in.stream = s
	ctx, in.cancel = context.WithCancel(ctx)
	b.inputs[c.Name] = in
	go in.run(ctx, b, src)
	return nil
}

// Remove implements control.Streams. It returns when the stream has faded out
// and its device is free.
func (b *box) Remove(name string) error {
	b.mu.Lock()
	m, in := b.mix, b.inputs[name]
	delete(b.inputs, name)
	b.mu.Unlock()
	if _, ok := m.Stream(name); !ok {
		return fmt.Errorf("%w: %s", control.ErrNoSuch, name)
	}
	m.Remove(name)
	if in == nil { // the mix has ended
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

// run serves the stream, first with src, which may be nil, until it is done.
func (in *input) run(ctx context.Context, b *box, src *source) {
	defer close(in.over)
	defer in.cancel()
	defer func() { src.close() }()
	src.start(ctx)
	why := ""
	for {
		var retry <-chan time.Time
		if src == nil {
			retry = time.After(retryPause)
		}
		var err error
		select {
		case <-ctx.Done():
			return
		case <-in.stream.Done():
			return
		case err = <-in.stream.Lost():
			src.close() // at once: an open descriptor keeps the card's number taken
			src = nil
		case <-retry:
			if src, err = in.reopen(); err == nil {
				src.start(ctx)
				why = ""
				b.log.Info("stream is back", "stream", in.Name, "device", in.Device)
			}
		}
		if err != nil && err.Error() != why {
			why = err.Error()
			b.log.Warn("stream gone", "stream", in.Name, "error", err)
		}
	}
}

// reopen opens the source again and gives it to the stream.
func (in *input) reopen() (*source, error) {
	src, err := in.open()
	if err == nil {
		err = in.stream.Attach(src, src.format)
	}
	if err != nil {
		in.stream.SetReason(err)
		src.close()
		return nil, err
	}
	return src, nil
}

// channelMap turns the configured channels, counted from 1, into the mixer's.
func (in *input) channelMap() []int {
	if len(in.Channels) == 0 {
		return nil
	}
	m := make([]int, in.mix.Channels)
	for i := range m {
		m[i] = in.Channels[min(i, len(in.Channels)-1)] - 1
	}
	return m
}

// deviceChannels is how many channels the device must have.
func (in *input) deviceChannels() int {
	if len(in.Channels) == 0 {
		return in.mix.Channels
	}
	most := 1
	for _, c := range in.Channels {
		most = max(most, c)
	}
	return most
}

func isOver(s *mixer.Stream) bool {
	select {
	case <-s.Done():
		return true
	default:
		return false
	}
}
