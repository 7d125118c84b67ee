// Package screen draws the levels and the state of a mix for people: [Picture]
// makes the lines of one picture, a [Painter] sends what has changed since the
// last one to a terminal.
package screen

import (
	"math"
	"time"
)

// Strip is one row of a picture: a stream, or the output.
type Strip struct {
	Name      string
	State     string // live, stalled ...; of the output empty
	PeakDB    float64
	HoldDB    float64 // the highest peak of late, set by Holds
	Clip      bool    // clipped of late, set by Holds
	Clips     float64 // blocks that clipped, counted since it is there
	GainDB    float64
	Mute      bool
	DriftPPM  float64
	LatencyMS float64
	Xruns     float64
}

// Mix is what a picture shows.
type Mix struct {
	State   string // running, ending ...
	Uptime  time.Duration
	Out     Strip
	Streams []Strip // in the order of the mix
}

// What is held long enough to be seen.
const (
	holdTime = 1500 * time.Millisecond
	clipTime = 3 * time.Second
	readTime = time.Second // numbers that would flicker
)

// Holds remembers peaks, clips and numbers from picture to picture. The zero
// value is ready. One goroutine may use it.
type Holds struct{ strips map[string]*held }

type held struct {
	peak      float64
	peakUntil time.Time
	clips     float64
	clipUntil time.Time

	driftPPM, latencyMS float64
	readUntil           time.Time

	seen bool
}

// Mark sets HoldDB and Clip of every strip of m, as seen at now, and keeps the
// drift and the latency as they were, but for once a second.
func (h *Holds) Mark(m *Mix, now time.Time) {
	if h.strips == nil {
		h.strips = map[string]*held{}
	}
	h.mark("", &m.Out, now)
	for i := range m.Streams {
		h.mark(m.Streams[i].Name, &m.Streams[i], now)
	}
	for name, s := range h.strips {
		if !s.seen {
			delete(h.strips, name)
		}
		s.seen = false
	}
}

func (h *Holds) mark(name string, s *Strip, now time.Time) {
	was := h.strips[name]
	if was == nil {
		was = &held{peak: math.Inf(-1), clips: s.Clips}
		h.strips[name] = was
	}
	was.seen = true
	if s.PeakDB >= was.peak || !now.Before(was.peakUntil) {
		was.peak, was.peakUntil = s.PeakDB, now.Add(holdTime)
	}
	if s.Clips > was.clips {
		was.clipUntil = now.Add(clipTime)
	}
	was.clips = s.Clips
	if !now.Before(was.readUntil) || s.LatencyMS == 0 {
		was.driftPPM, was.latencyMS, was.readUntil = s.DriftPPM, s.LatencyMS, now.Add(readTime)
	}
	s.DriftPPM, s.LatencyMS = was.driftPPM, was.latencyMS
	s.HoldDB, s.Clip = was.peak, now.Before(was.clipUntil)
}
