package main

import (
	"context"
	"errors"
	"time"

	"submix/cmd/submixd/config"
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

// run serves the stream, first with src, which may be nil, until it is done.
func (in *input) run(ctx context.Context, b *box, src *source) {
	defer close(in.over)
	defer b.forget(in)
	defer in.cancel()
	defer func() { src.close() }()
	src.start(ctx)
	why := "" // it was lost
	pause := time.Duration(0)
	for {
		var retry <-chan time.Time
		if src == nil {
			retry = time.After(pause)
		}
		pause = retryPause
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
			if src, err = in.reopen(b.openSource); err != nil {
				break
			}
			src.start(ctx)
			if why != "" {
				b.log.Info("stream is back", "stream", in.Name, "device", in.Device)
			}
			why = ""
		}
		if errors.Is(err, mixer.ErrClosed) {
			return // it left the mix while its device was opened
		}
		if err != nil && err.Error() != why {
			why = err.Error()
			b.log.Warn("stream gone", "stream", in.Name, "error", err)
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
	if err == nil {
		return src, nil
	}
	src.close()
	if !errors.Is(err, mixer.ErrClosed) {
		in.stream.SetReason(err)
	}
	return nil, err
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
