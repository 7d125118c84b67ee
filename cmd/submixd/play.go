package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"runtime/debug"
	"time"

	"submix/cmd/submixd/config"
	"submix/control"
	"submix/hw/rt"
	"submix/hw/sim"
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

const shutdownTime = 3 * time.Second // for the mix to fade and its devices to close, beside what is queued

// timeToEnd is how long the mix may take to end: a block is under way, one fades, what the card then holds is played. It is
// 6 s at most; systemd waits for 15, as cards that are cut off may take 2 more to close, twice, and the log 1.
func timeToEnd(cfg *config.Config) time.Duration {
	return shutdownTime + cfg.Mixer.Duration(cfg.Mixer.Block) + cfg.Queue()
}

// run is the mixing goroutine: it plays one mix after another until ctx is done,
// shutdown was called or, with on_end = "exit", the mix has ended.
func (b *box) run(ctx context.Context) error {
	for {
		err := b.play(ctx)
		b.over()
		if err != nil || b.config().Control.OnEnd == "exit" {
			return err
		}
		b.log.Info("mix ended", control.EventMix.Attr(), "state", control.StateEnded)
		select {
		case <-b.begin:
		case <-b.quit:
			return nil
		case <-ctx.Done():
			return nil
		}
	}
}

// collectAt has the garbage collector run when the heap is five times what is in use, some 20 MB: each collection stops
// the mixing goroutine for a moment, for which threads of lower priority must run.
const collectAt = 400

// realTime asks for what keeps the mix in time under load. It works without.
func (b *box) realTime() {
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(collectAt)
	}
	rt.SpareProcs()
	rt.Threads()
	b.sleep = rt.Sleep
	err := rt.TimerThreads(timerPriority)
	if err == nil { // or else the kernel's timers would wait for this program's commands
		err = rt.Process(processPriority)
	}
	if err = errors.Join(rt.LockMemory(), err, rt.Thread(mixingPriority)); err != nil {
		b.log.Warn("running without real-time rights; load may be heard as dropouts", "error", err)
	}
}

// play plays the mix to its end. While the playback device is not there the mix
// goes on at the same pace and is discarded, so that captures stay at their
// latency.
func (b *box) play(ctx context.Context) error {
	m, cfg := b.current()
	defer b.release()
	card, err := newSim(cfg, sim.SinkConfig{})
	if err != nil {
		return err
	}
	card.Sleep = b.sleep
	defer context.AfterFunc(ctx, m.Close)()
	out := b.startOutput(ctx, cfg)
	defer out.stop()
	none := &nowhere{simulated: card, opened: out.opened}
	for s := out.first(ctx); ; { // nothing in here allocates: see hw/alsa's loss
		if s == nil {
			if err = m.Play(none); errors.Is(err, errOpened) {
				s = none.next
				continue
			}
		} else if err = m.Play(s); err == nil {
			err = s.Drain()
		} else if ctx.Err() == nil && !errors.Is(err, mixer.ErrClosed) {
			out.lost <- err
			s = nil
			continue
		}
		if err = errors.Join(err, out.stop()); err != nil && ctx.Err() == nil {
			b.log.Warn("output", "device", cfg.Playback.Device, "error", err)
		}
		return nil
	}
}

// shutdown ends the mix with a fade and waits for run to return, whose error
// comes through mixing; cancel ends run's context.
func (b *box) shutdown(mixing <-chan error, cancel context.CancelFunc) error {
	close(b.quit)
	if err := b.End(true); err != nil && !errors.Is(err, control.ErrEnded) {
		b.log.Warn("end", "error", err)
	}
	_, cfg := b.current()
	limit := timeToEnd(cfg)
	timeout := time.NewTimer(limit)
	defer timeout.Stop()
	select {
	case err := <-mixing:
		return err
	case <-timeout.C:
	}
	cancel()
	return cmp.Or(<-mixing, fmt.Errorf("the mix did not end within %v", limit))
}
