package main

import (
	"context"
	"log/slog"
	"time"

	"submix/control"
	"submix/mixer"
)

// monitorPeriod is how often the streams are looked at for the log; counters
// are reported once a second at most.
const (
	monitorPeriod = 200 * time.Millisecond
	countPeriod   = time.Second
)

// monitor logs what has happened to the streams, and keeps what is learned of
// their clocks: the mixing goroutine itself does neither.
func monitor(ctx context.Context, b *box, log *slog.Logger) {
	tick := time.NewTicker(monitorPeriod)
	defer tick.Stop()
	w := watch{log: log}
	c := clocks{log: log, drifts: b.drifts}
	for {
		select {
		case <-ctx.Done():
			b.drifts.keep(time.Now(), true)
			return
		case now := <-tick.C:
			w.look(b.mixer(), now)
			c.look(b.heard(), now)
		}
	}
}

// watch is what the monitor last saw.
type watch struct {
	log    *slog.Logger
	mix    *mixer.Mixer
	states map[string]*seen
	counts map[string]counts
	next   time.Time // counters are due
}

// seen is what is known of a stream's state.
type seen struct {
	state   mixer.State // at the last look
	changes int         // that are not logged yet
	logged  time.Time   // last
}

type counts struct{ short, xruns, clips uint64 }

func (w *watch) look(m *mixer.Mixer, now time.Time) {
	if m != w.mix {
		*w = watch{log: w.log, mix: m, states: map[string]*seen{}, counts: map[string]counts{}, next: now.Add(countPeriod)}
	}
	due := !now.Before(w.next)
	if due {
		w.next = now.Add(countPeriod)
		out := m.Output().Info()
		w.report("out", counts{xruns: out.Xruns, clips: out.Clips})
	}
	for _, s := range m.Streams() {
		w.state(s, now)
		if due {
			w.report(s.Name, counts{s.Short, s.Xruns, s.Clips})
		}
	}
}

// state logs a change of the state, the first at once and then one a second at most.
func (w *watch) state(s mixer.StreamInfo, now time.Time) {
	was := w.states[s.Name]
	if was == nil {
		was = &seen{state: mixer.Filling} // what is wrong from the start is told
		if s.State == mixer.Live {        // as it should be
			was.state = s.State
		}
		w.states[s.Name] = was
	}
	if was.state == mixer.Stalled && (s.State == mixer.Gone || s.State == mixer.Filling) {
		return // a card that stands still is opened anew now and then
	}
	if was.state != s.State && s.State != mixer.Filling && s.State != mixer.Gone {
		was.changes++
	}
	was.state = s.State
	if was.changes == 0 || now.Sub(was.logged) < countPeriod {
		return
	}
	event, log, text := control.EventReturn, w.log.Info, "stream"
	switch s.State {
	case mixer.Stalled:
		event, log = control.EventStall, w.log.Warn
	case mixer.Failed:
		event, log = control.EventFailed, w.log.Warn
	case mixer.Shed:
		event, log, text = control.EventShed, w.log.Warn, "stream shed"
	case mixer.Live:
	case mixer.Ended:
		event = control.EventEnded
	default: // on its way to another; what is gone is logged by its input
		return
	}
	log(text, append([]any{event.Attr(), "stream", s.Name, "state", s.State.String()}, more(s, was.changes)...)...)
	was.changes, was.logged = 0, now
}

// more is what there is to say of a state that a stream has come to by so many changes.
func more(s mixer.StreamInfo, changes int) (fields []any) {
	if s.Reason != "" {
		fields = append(fields, "reason", s.Reason)
	}
	if s.State == mixer.Shed {
		fields = append(fields, "priority", s.Priority,
			"hint", "it returns when there is room; larger blocks, fewer streams or sync = \"locked\" make room")
	}
	if changes > 1 {
		fields = append(fields, "changes", changes)
	}
	return fields
}

// xrunHint is what helps against xruns.
func xrunHint(stream string) string {
	if stream == "out" {
		return "the mix was late: give [playback] more periods or [mixer] a larger block"
	}
	return "the card lost sound: plug it into a port of its own, or give [mixer] a larger block"
}

func (w *watch) report(name string, c counts) {
	was := w.counts[name]
	w.counts[name] = c
	if c.short > was.short {
		w.log.Warn("too few frames", control.EventShort.Attr(), "stream", name, "blocks", c.short-was.short, "in all", c.short)
	}
	if c.xruns > was.xruns {
		w.log.Warn("xrun", control.EventXrun.Attr(), "stream", name, "xruns", c.xruns-was.xruns, "in all", c.xruns, "hint", xrunHint(name))
	}
	if c.clips > was.clips {
		w.log.Info("clip", control.EventClip.Attr(), "stream", name, "blocks", c.clips-was.clips, "in all", c.clips)
	}
}
