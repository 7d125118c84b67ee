package main

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"submix/cmd/submixd/config"
	"submix/control"
	"submix/hw/alsa"
	"submix/mixer"
)

// An input keeps a stream fed: it opens the stream's source, gives it up when it
// is lost and looks for it again.
type input struct {
	config.Capture
	mix    mixer.Config
	live   bool // reads a device, not a file
	post   *post
	stream *mixer.Stream
	cancel context.CancelFunc
	over   chan struct{} // closed when run has returned and the source is closed

	trouble trouble
	stood   bool // its card was lost as it stood still
}

// run serves the stream, first with src, which may be nil, until it is done.
func (in *input) run(ctx context.Context, b *box, src *source) {
	defer close(in.over)
	defer b.forget(in)
	if !in.live {
		defer b.keepSettings()
	}
	defer in.cancel()
	look := search[*source]{
		open:    func() (*source, error) { return in.reopen(b.openSource) },
		changed: b.devices,
		trouble: func(err error) { in.gone(b.log, err) },
	}
	if src != nil {
		look.opened = time.Now()
	}
	for ok := true; ; {
		if src == nil {
			if src, ok = look.find(ctx, in.stream.Done()); !ok {
				return
			}
		}
		src.start(ctx)
		lost := in.wait(ctx, b.log)
		in.stood = errors.Is(lost, alsa.ErrStands)
		look.close(src) // at once: an open descriptor keeps the card's number taken
		if src = nil; lost == nil {
			return
		}
	}
}

// A card that is opened anew as it stood still waits for its clock, or is beyond
// help. It has this long to deliver: if something comes it is heard at once, and
// the card is not opened again and again for nothing.
const standingPatience = time.Minute

// patience is how long the card may deliver nothing at first; 0: as long as later.
func (in *input) patience() time.Duration {
	if in.stood {
		return standingPatience
	}
	return 0
}

// wait waits until the stream has lost its source and returns why; nil if the
// stream is done.
func (in *input) wait(ctx context.Context, log *slog.Logger) (lost error) {
	for sound := time.After(soundAfter); ; {
		select {
		case <-sound:
			if s := in.stream.Info().State; s != mixer.Live && s != mixer.Shed || !in.stream.Delivers() { // some open, and then deliver nothing
				sound = time.After(soundAfter)
			} else if in.trouble.news(nil) {
				log.Info("stream is back", control.EventReplug.Attr(), "stream", in.Name, "device", in.Device)
			}
		case lost = <-in.stream.Lost():
			in.gone(log, lost)
			return lost
		case <-in.stream.Done():
			return nil
		case <-ctx.Done():
			return nil
		}
	}
}

// reopen opens the source again and gives it to the stream. mixer.ErrClosed: the
// stream is no longer in the mix.
func (in *input) reopen(open func(*input) (*source, error)) (*source, error) {
	src, err := open(in)
	if err == nil {
		err = in.stream.Attach(src.Source, src.format)
	}
	if err != nil {
		src.Close()
		return nil, err
	}
	return src, nil
}

// gone takes in why the stream has no source.
func (in *input) gone(log *slog.Logger, err error) {
	if errors.Is(err, mixer.ErrClosed) {
		return // it left the mix while its device was opened
	}
	in.stream.SetReason(err)
	if in.trouble.news(err) {
		log.Warn("stream gone", control.EventUnplug.Attr(), "stream", in.Name, "error", err)
	}
}

// channelMap turns the configured channels, counted from 1, into the mixer's:
// one for each channel of the mix, or one for all.
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
