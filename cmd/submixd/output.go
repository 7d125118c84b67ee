package main

import (
	"context"
	"errors"
	"time"

	"submix/cmd/submixd/config"
	"submix/control"
	"submix/hw/sim"
)

// An output opens and closes the playback device of one mix, and looks for it while it is not there, in a goroutine of
// its own: no driver holds up the mixing goroutine.
type output struct {
	b       *box
	cfg     *config.Config
	opened  chan sink     // unbuffered: the mixing goroutine takes the device between two blocks
	missing chan struct{} // closed when it is known that there is no device at first
	lost    chan error    // cap 1: why the device that was taken does not play any more
	cancel  context.CancelFunc
	over    chan struct{} // closed when the device is closed and nothing looks for it any more

	trouble trouble
	err     error // with which the device closed, when over
}

// startOutput begins to look for the playback device. stop must be called.
func (b *box) startOutput(ctx context.Context, cfg *config.Config) *output {
	o := &output{
		b: b, cfg: cfg,
		opened: make(chan sink), missing: make(chan struct{}), lost: make(chan error, 1), over: make(chan struct{}),
	}
	ctx, o.cancel = context.WithCancel(ctx)
	go o.run(ctx)
	return o
}

// stop closes the device. The mixing goroutine plays on it no more, or is let go by that.
func (o *output) stop() error {
	o.cancel()
	<-o.over
	return o.err
}

// first returns the device, or nil if it is not there.
func (o *output) first(ctx context.Context) sink {
	select {
	case s := <-o.opened:
		return s
	case <-o.missing:
	case <-ctx.Done():
	}
	return nil
}

func (o *output) run(ctx context.Context) {
	defer close(o.over)
	look := search[sink]{open: func() (sink, error) { return o.b.openSink(o.cfg) }, changed: o.b.devices, trouble: o.none}
	for {
		s, ok := look.find(ctx, nil)
		if !ok {
			return
		}
		why := o.lend(ctx, s)
		if why != nil {
			o.none(why)
		}
		err := look.close(s)
		if why == nil {
			o.err = err
			return
		}
		if o.cfg.Playback.Device.Kind == config.File { // to open it again would empty it
			<-ctx.Done()
			return
		}
	}
}

// playsAfter is soundAfter for the output: package alsa takes two seconds to find that a card takes no sound.
const playsAfter = 3 * time.Second

// lend gives the device to the mixing goroutine and returns why that has it no more; nil when ctx is done.
func (o *output) lend(ctx context.Context, s sink) (why error) {
	select {
	case o.opened <- o.b.post.watch(s, o.cfg.Playback.Device):
		o.b.noOutput(nil)
	case <-ctx.Done():
		return nil
	}
	for sound := time.After(playsAfter); ; {
		select {
		case <-sound:
			if o.trouble.news(nil) {
				state, _ := o.b.State()
				o.b.log.Info("output is back", control.EventMix.Attr(), "state", state, "device", o.cfg.Playback.Device)
			}
		case why = <-o.lost:
			return why
		case <-ctx.Done():
			return nil
		}
	}
}

// none takes in why there is no device.
func (o *output) none(why error) {
	o.b.noOutput(why)
	if o.trouble.news(why) {
		o.b.log.Warn("no output", control.EventMix.Attr(), "state", control.StateNoOutput, "device", o.cfg.Playback.Device, "error", why)
	}
	select {
	case <-o.missing:
	default:
		close(o.missing)
	}
}

// nowhere discards the mix at the pace of a simulated card until there is a device, which is then next.
type nowhere struct {
	simulated
	opened <-chan sink
	next   sink
}

// errOpened ends what is played nowhere.
var errOpened = errors.New("the device is open")

func (n *nowhere) Wait() (int, time.Time, error) {
	select {
	case n.next = <-n.opened:
		return 0, time.Time{}, errOpened
	default:
	}
	queued, at, err := n.simulated.Wait()
	if errors.Is(err, sim.ErrXrun) { // it was not played on meanwhile, and nothing is lost
		err = nil
	}
	return queued, at, err
}
