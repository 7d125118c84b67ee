package main

import (
	"context"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"time"

	"github.com/coreos/go-systemd/v22/daemon"

	"submix/control"
	"submix/mixer"
)

const (
	healthPeriod = 200 * time.Millisecond // how often the mix is looked at
	stuckTime    = 3 * time.Second        // a card that does not move is given up by its driver after 2 s
	giveUpTime   = 10 * time.Second       // then the daemon ends, if nobody watches it
)

// health watches that blocks advance, and tells systemd, whose watchdog ends the
// daemon when that is not told any more. A driver's call that does not come back is
// logged and recorded before. Where there is no watchdog, the daemon ends itself,
// so that whatever supervises it starts it again.
type health struct {
	log      *slog.Logger
	pulse    func() pulse
	notify   func(state string)  // to systemd, see sd_notify(3)
	watchdog time.Duration       // how long systemd waits; 0: it has no watchdog
	because  func(reason string) // into the black box
	giveUp   func()              // ends the program: the mixing goroutine cannot be waited for

	last   pulse
	moved  time.Time // when last was another
	fed    time.Time // the watchdog
	ready  bool
	stuck  bool
	status string
}

// A pulse is what is seen of a mix.
type pulse struct {
	mix    *mixer.Mixer
	blocks uint64
	ended  bool   // nothing is to be mixed until start
	call   string // what holds it up, if it is held up
	status string // for a person, in a line
}

// run watches until ctx is done, or the daemon is given up.
func (h *health) run(ctx context.Context) {
	period := healthPeriod
	if h.watchdog > 0 {
		period = min(period, h.watchdog/8)
	}
	tick := time.NewTicker(period)
	defer tick.Stop()
	h.last = h.pulse()
	h.moved, h.fed = time.Now(), time.Now()
	for hope := true; hope; {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			hope = h.look(time.Now())
		}
	}
	h.giveUp()
}

// look tells systemd what is new, and reports that there is hope.
func (h *health) look(now time.Time) bool {
	p := h.pulse()
	moves := p.mix != h.last.mix || p.blocks != h.last.blocks || p.ended
	still := now.Sub(h.moved)
	h.last = p
	switch {
	case moves:
		h.moving(now, still)
	case !h.stuck && still >= h.stuckAfter():
		h.stuck = true
		reason := fmt.Sprintf("blocks stood still: %s for %v", p.call, still.Round(100*time.Millisecond))
		h.because(reason)
		h.log.Error("stuck", control.EventStuck.Attr(), "reason", reason, "since", h.moved)
	case h.stuck && still >= giveUpTime && (h.watchdog == 0 || !h.ready):
		h.log.Error("submixd ends, to be started again")
		return false
	}
	if h.ready && h.watchdog > 0 && now.Sub(h.fed) >= h.watchdog/2 && h.moved.After(h.fed) {
		h.fed = now
		h.notify(daemon.SdNotifyWatchdog)
	}
	if p.status != h.status {
		h.status = p.status
		h.notify("STATUS=" + p.status)
	}
	return true
}

// stuckAfter is short enough for the record to be written before the watchdog bites,
// which is a watchdog's time after the last block, at the soonest.
func (h *health) stuckAfter() time.Duration {
	if h.watchdog == 0 {
		return stuckTime
	}
	return min(stuckTime, h.watchdog*3/5)
}

// moving notes that blocks advance, after they have stood still for a while.
func (h *health) moving(now time.Time, still time.Duration) {
	h.moved = now
	if h.stuck {
		h.stuck = false
		h.because("")
		h.log.Info("blocks advance again", control.EventMoves.Attr(), "after", still.Round(100*time.Millisecond))
	}
	if !h.ready {
		h.ready, h.fed = true, now
		h.notify(daemon.SdNotifyReady)
	}
}

// systemd returns what tells it something, and the time of its watchdog. Started
// by hand, there is nobody to tell.
func systemd(log *slog.Logger) (notify func(state string), watchdog time.Duration) {
	watchdog, err := daemon.SdWatchdogEnabled(false)
	if err != nil {
		log.Warn("no watchdog", "error", err)
	}
	var once sync.Once
	return func(state string) {
		if _, err := daemon.SdNotify(false, state); err != nil {
			once.Do(func() { log.Warn("systemd is not told", "error", err) })
		}
	}, watchdog
}

// pulse returns what health looks at.
func (b *box) pulse() pulse {
	state, reason := b.State()
	m := b.mixer()
	streams, live := m.Streams(), 0
	for _, s := range streams {
		if s.State == mixer.Live {
			live++
		}
	}
	status := fmt.Sprintf("%s, %d of %d streams live", state, live, len(streams))
	if reason != "" {
		status += ": " + strings.ReplaceAll(reason, "\n", "; ")
	}
	return pulse{
		mix: m, blocks: m.Output().Info().Blocks, ended: state == control.StateEnded, call: b.post.String(), status: status,
	}
}
