package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"time"

	"submix/cmd/submixd/config"
	"submix/control"
	"submix/hw/alsa"
	"submix/hw/file"
	"submix/hw/sim"
	"submix/mixer"
)

// A source is an open device that a stream reads. A nil *source is none.
type source struct {
	Source  mixer.Source // given to the mixer, which looks what more it is: mixer.Clocked, a feed
	format  mixer.Format
	release func() error
	pump    func(context.Context) // feeds Source; nil if it needs no help
	done    chan struct{}         // closed when pump has returned; nil before start
	cancel  context.CancelFunc
}

// start starts what the source needs to deliver.
func (s *source) start(ctx context.Context) {
	if s == nil || s.pump == nil {
		return
	}
	ctx, s.cancel = context.WithCancel(ctx)
	s.done = make(chan struct{})
	go func() {
		defer close(s.done)
		s.pump(ctx)
	}()
}

// Close frees the device.
func (s *source) Close() error {
	if s == nil {
		return nil
	}
	if s.done != nil {
		s.cancel()
		<-s.done
	}
	return s.release()
}

// open opens the capture's device.
func (in *input) open() (*source, error) {
	switch in.Device.Kind {
	case config.File:
		return in.openFile()
	case config.Sim:
		return in.openSim()
	}
	c, err := alsa.OpenCapture(alsa.Config{
		Device: in.Device.String(), Rate: in.mix.Rate, Channels: in.deviceChannels(),
		PeriodFrames: in.mix.Block, AnyRate: true, Patience: in.patience(),
	})
	if err != nil {
		return nil, err
	}
	if err := c.Start(); err != nil {
		c.Close()
		return nil, err
	}
	return &source{Source: in.gaps(c), format: mixer.Format{Rate: c.Rate(), Channels: c.Channels()}, release: c.Close}, nil
}

func (in *input) openSim() (*source, error) {
	spec, err := sim.ParseSource(in.Device.String())
	if err != nil {
		return nil, fmt.Errorf("%w: %w", control.ErrBadDevice, err)
	}
	spec.Rate, spec.Channels = cmp.Or(spec.Rate, in.mix.Rate), cmp.Or(spec.Channels, in.deviceChannels())
	c, err := sim.NewSource(spec)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", control.ErrBadDevice, err)
	}
	return &source{Source: in.gaps(c), format: mixer.Format{Rate: c.Rate(), Channels: c.Channels()}, release: c.Close}, nil
}

// fileAhead is how many blocks of a file are read ahead of the mix.
const fileAhead = 64

func (in *input) openFile() (*source, error) {
	info, err := os.Stat(in.Device.Name)
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() { // a pipe would block whoever opens or closes it
		return nil, fmt.Errorf("%s: %w: not a regular file", in.Device.Name, control.ErrUnsuitable)
	}
	r, err := file.OpenReader(in.Device.Name)
	if err != nil {
		return nil, err
	}
	feed := mixer.NewFeed(r.Channels(), fileAhead*in.mix.Block)
	return &source{
		Source: feed, format: mixer.Format{Rate: r.Rate(), Channels: r.Channels()}, release: r.Close,
		pump: func(ctx context.Context) { feed.CloseWrite(pump(ctx, feed, r, in.mix.Block)) },
	}, nil
}

// pump copies the file to the feed and returns why it stopped, nil at the end.
func pump(ctx context.Context, feed *mixer.Feed, r *file.Reader, block int) error {
	buf := make([]float32, block*r.Channels())
	for {
		n, err := r.Read(buf)
		if w := feed.Write(ctx, buf[:n*r.Channels()]); w != nil {
			return w
		}
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
	}
}

// gaps is a card that tells the mixer in its own words that it has lost frames.
type gaps struct {
	mixer.Clocked
	post        *post // where the mixing goroutine stands
	read, ahead *string
}

func (in *input) gaps(c mixer.Clocked) gaps {
	return gaps{c, in.post, callOf(in.Device, "a read"), callOf(in.Device, "telling its position")}
}

func (g gaps) Ahead() (int, time.Time) {
	g.post.in(g.ahead)
	defer g.post.in(nil)
	return g.Clocked.Ahead()
}

func (g gaps) Read(dst []float32) (int, error) {
	g.post.in(g.read)
	n, err := g.Clocked.Read(dst)
	g.post.in(nil)
	if err != nil && isXrun(err) {
		err = mixer.ErrGap
	}
	return n, err
}

func isXrun(err error) bool { return errors.Is(err, alsa.ErrXrun) || errors.Is(err, sim.ErrXrun) }

// codedDevice gives an error of a device the code of its reply.
func codedDevice(err error) error {
	var coded *control.Error
	switch {
	case errors.As(err, &coded):
	case errors.Is(err, alsa.ErrBusy):
		coded = control.ErrBusy
	case errors.Is(err, alsa.ErrNotFound), errors.Is(err, fs.ErrNotExist):
		coded = control.ErrMissing
	case errors.Is(err, alsa.ErrUnsuitable):
		coded = control.ErrUnsuitable
	default:
		coded = control.ErrDevice
	}
	return &control.Error{Code: coded.Code, Text: err.Error()}
}
