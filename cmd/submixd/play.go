package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"submix/cmd/submixd/config"
	"submix/control"
	"submix/hw/rt"
	"submix/mixer"
)

// Priorities of SCHED_FIFO: the mixing thread above the kernel's threads for
// timers and interrupts (50 by default), the rest of the process just above
// everything ordinary.
const (
	mixingPriority  = 60
	timerPriority   = 55
	processPriority = 1
)

const (
	retryPause   = time.Second     // between attempts to open a device
	shutdownTime = 3 * time.Second // for the mix to fade and drain
)

// run is the mixing goroutine, on a thread of its own: it plays one mix after
// another until ctx is done or, with on_end = "exit", the mix has ended.
func (b *box) run(ctx context.Context) error {
	b.realTime()
	for {
		err := b.play(ctx, b.mixer())
		b.over()
		if err != nil || ctx.Err() != nil || b.config().Control.OnEnd == "exit" {
			return err
		}
		b.log.Info("mix ended")
		select {
		case <-b.begin:
		case <-ctx.Done():
			return nil
		}
	}
}

// realTime asks for what keeps the mix in time under load. It works without.
func (b *box) realTime() {
	rt.SpareProcs()
	err := rt.TimerThreads(timerPriority)
	if err == nil { // or else the kernel's timers would wait for this program's commands
		err = rt.Process(processPriority)
	}
	if err = errors.Join(rt.LockMemory(), err, rt.Thread(mixingPriority)); err != nil {
		b.log.Warn("running without real-time rights; load may be heard as dropouts", "error", err)
	}
}

// play plays m to its end. While the playback device is not there the mix goes
// on at the same pace and is discarded, so that captures stay at their latency.
func (b *box) play(ctx context.Context, m *mixer.Mixer) error {
	adding := make(chan struct{})
	go func() { b.begun(ctx); close(adding) }()
	defer func() { <-adding; b.release() }()
	cfg := b.config()
	var lost error // of a file, which is not begun again: that would empty it
	for ctx.Err() == nil {
		var s sink
		err := lost
		if err == nil {
			s, err = openSink(cfg)
		}
		if err != nil {
			if b.noOutput(err.Error()) {
				b.log.Warn("no output", "device", cfg.Playback.Device, "error", err)
			}
			if s, err = nowhere(cfg, retryPause); err != nil {
				return err
			}
		} else if b.noOutput("") {
			b.log.Info("output is back", "device", cfg.Playback.Device)
		}
		done, err := playOn(ctx, m, s)
		if done {
			return nil
		}
		if !errors.Is(err, errRetry) && ctx.Err() == nil {
			b.log.Warn("output lost", "device", cfg.Playback.Device, "error", err)
			if cfg.Playback.Device.Kind == config.File {
				lost = err
			}
		}
	}
	return nil
}

// playOn plays m on s and closes s. done: there is nothing more to play.
func playOn(ctx context.Context, m *mixer.Mixer, s sink) (done bool, err error) {
	defer s.Close()
	defer context.AfterFunc(ctx, func() { m.Close(); s.Close() })()
	err = m.Play(counting{s, m.Output()})
	if err == nil {
		return true, s.Drain()
	}
	return errors.Is(err, mixer.ErrClosed), err
}

// release ends what feeds the mix that has ended.
func (b *box) release() {
	b.mu.Lock()
	inputs := b.inputs
	b.inputs = map[string]*input{}
	b.mu.Unlock()
	for _, in := range inputs {
		in.cancel()
		<-in.over
	}
}

// shutdown ends the mix with a fade and waits for run to return.
func (b *box) shutdown(mixing <-chan error, cancel context.CancelFunc) error {
	if err := b.End(true); err != nil && !errors.Is(err, control.ErrEnded) {
		b.log.Warn("end", "error", err)
	}
	timeout := time.NewTimer(shutdownTime)
	defer timeout.Stop()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for {
		select {
		case err := <-mixing:
			return err
		case <-tick.C:
			if state, _ := b.State(); state == control.StateEnded {
				cancel()
			}
		case <-timeout.C:
			cancel()
			if err := <-mixing; err != nil {
				return err
			}
			return fmt.Errorf("the mix did not end within %v", shutdownTime)
		}
	}
}
