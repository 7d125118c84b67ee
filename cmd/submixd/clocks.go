package main

import (
	"fmt"
	"log/slog"
	"time"

	"submix/control"
	"submix/mixer"
)

const (
	clockPeriod = time.Second            // how often the clocks are looked at
	targetWorth = 500 * time.Microsecond // a smaller change of latency is not told
)

// clocks logs what has happened to the clocks of the streams, and has what is
// learned of them kept.
type clocks struct {
	log    *slog.Logger
	drifts *drifts
	told   map[*input]clock
	next   time.Time
}

// A clock is what was last told of one.
type clock struct {
	lock   mixer.Lock
	target time.Duration
}

// heard is an input of a mix that is played, and its stream as it is now.
type heard struct {
	in     *input
	stream mixer.StreamInfo
}

// look does so once a second at most.
func (c *clocks) look(streams []heard, now time.Time) {
	if now.Before(c.next) {
		return
	}
	c.next = now.Add(clockPeriod)
	told := map[*input]clock{}
	for _, h := range streams {
		told[h.in] = c.tell(h.in, h.stream, c.told[h.in])
	}
	c.told = told
	c.drifts.keep(now, false)
}

// tell logs what is new since was, and returns what is told by now. A stream that
// is not live begins anew: the log has why it is not.
func (c *clocks) tell(in *input, s mixer.StreamInfo, was clock) clock {
	if s.State != mixer.Live {
		return clock{target: was.target}
	}
	if s.Adaptive && s.Lock == mixer.Locked {
		c.drifts.learn(in.Device, s.DriftPPM)
	}
	if s.Adaptive && s.Lock != was.lock {
		c.tellLock(in, s, was.lock)
		was.lock = s.Lock
	}
	if moved := s.Target - was.target; s.Adaptive && in.Latency == 0 && moved.Abs() > targetWorth {
		c.log.Info("latency chosen", control.EventLatency.Attr(), "stream", s.Name, "latency", shown(s.Target))
		was.target = s.Target
	}
	return was
}

func (c *clocks) tellLock(in *input, s mixer.StreamInfo, was mixer.Lock) {
	drift := fmt.Sprintf("%+.1fppm", s.DriftPPM)
	switch s.Lock {
	case mixer.Locked:
		c.log.Info("clock locked", control.EventLock.Attr(), "stream", s.Name, "drift", drift, "latency", shown(s.Latency))
	case mixer.OutOfRange:
		c.log.Warn("clock out of range", control.EventOutOfRange.Attr(), "stream", s.Name, "device", in.Device, "drift", drift,
			"range", fmt.Sprintf("+-%.0fppm", maxDriftPPM),
			"hint", "the card does not run at the rate that it says: use it at another rate, or another card")
	case mixer.Seeking:
		if was == mixer.Locked {
			c.log.Warn("clock lost", control.EventUnlock.Attr(), "stream", s.Name, "drift", drift)
		}
	}
}

// shown rounds a latency to what a person reads.
func shown(d time.Duration) time.Duration { return d.Round(100 * time.Microsecond) }
