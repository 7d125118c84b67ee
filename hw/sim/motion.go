package sim

import "time"

// motion is how a capture card's position moves: by its clock, but not while it stalls, and in steps.
type motion struct {
	clock  clock
	config SourceConfig
	burst  int64 // frames of a step

	running    bool
	start      time.Time     // of the card's clock
	seen       time.Time     // up to when live is counted
	stallUntil time.Time     // on demand
	live       time.Duration // how long the card has captured by this clock, stalls left out
	before     int64         // frames captured by clocks it had before
	last, prev move          // the last two steps that are over
}

// move is a step of the position: so many frames have been captured since the start, and when that was.
type move struct {
	frames int64
	at     time.Time
}

func newMotion(c SourceConfig) motion {
	return motion{clock: newClock(c.Rate, c.PPM), config: c, burst: int64(max(1, c.Burst))}
}

// reset makes the card start anew, with the clock it has.
func (m *motion) reset() {
	*m = motion{clock: m.clock, config: m.config, burst: m.burst}
}

// advance counts the time up to now in which the card has captured, and the steps in it.
func (m *motion) advance(now time.Time) {
	if !m.running {
		m.running, m.start, m.seen = true, now, now
		m.last = move{0, now}
		m.prev = m.last
		return
	}
	from := m.seen
	if from.Before(m.stallUntil) {
		from = m.stallUntil
	}
	if now.After(from) {
		m.live += m.scheduled(now.Sub(m.start)) - m.scheduled(from.Sub(m.start))
	}
	m.seen = now
	frames := m.before + m.clock.frames(m.live)
	frames -= frames % m.burst
	if frames == m.last.frames {
		return
	}
	m.prev = m.last
	if frames-m.burst > m.prev.frames {
		m.prev = m.step(frames - m.burst)
	}
	m.last = m.step(frames)
}

// step returns a step made since the clock is what it is, which was not before the last advance but one.
func (m *motion) step(frames int64) move {
	back := m.live - m.clock.after(frames-m.before)
	at := m.scheduled(m.seen.Sub(m.start)) - back
	if m.config.Every > 0 { // what scheduled has left out; a step at the very end of a run is before the stall
		at += (at - 1) / (m.config.Every - m.config.Stall) * m.config.Stall
	}
	return move{frames, m.start.Add(at)}
}

// shown returns the last step that can be seen now. Steps are late by no more than their length: it is the last one, or
// the one before.
func (m *motion) shown(now time.Time) move {
	if late := m.late(m.last); !late.at.After(now) {
		return late
	}
	return m.late(m.prev)
}

// late returns when a step is seen.
func (m *motion) late(s move) move {
	if m.config.Jitter > 0 && s.frames > 0 {
		s.at = s.at.Add(time.Duration((hash(uint64(s.frames)) + 1) / 2 * float64(m.config.Jitter)))
	}
	return s
}

// stall makes the card capture nothing from now on for d.
func (m *motion) stall(now time.Time, d time.Duration) {
	m.advance(now)
	m.stallUntil = now.Add(d)
}

// change gives the card another clock. The part of a frame that it has captured is kept.
func (m *motion) change(now time.Time, c clock) {
	if m.running {
		m.advance(now)
		frames := m.clock.frames(m.live)
		part := m.live - m.clock.after(frames)
		m.before += frames
		m.live = time.Duration(float64(part) * float64(m.clock) / float64(c))
	}
	m.clock = c
}

// scheduled returns how much of the time d since the start lies outside of the regular stalls.
func (m *motion) scheduled(d time.Duration) time.Duration {
	every, live := m.config.Every, m.config.Every-m.config.Stall
	if every == 0 {
		return d
	}
	return d/every*live + min(d%every, live)
}
