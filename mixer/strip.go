package mixer

import (
	"math"
	"sync/atomic"
)

// A strip is the gain and mute of a stream or of the output, as set by any
// goroutine.
type strip struct {
	gain atomic.Uint64 // float64 bits, dB
	mute atomic.Bool
}

// SetGain sets the gain in dB. It is reached by a linear ramp of a block or 5
// ms, whichever is longer.
func (s *strip) SetGain(dB float64) { s.gain.Store(math.Float64bits(dB)) }

// SetMute mutes or unmutes, by the same ramp.
func (s *strip) SetMute(mute bool) { s.mute.Store(mute) }

// GainDB returns the gain that is set, in dB.
func (s *strip) GainDB() float64 { return math.Float64frombits(s.gain.Load()) }

// Muted reports whether it is set to mute.
func (s *strip) Muted() bool { return s.mute.Load() }

// A fader follows a strip; it belongs to the mixing goroutine.
type fader struct {
	ramp
	bits   uint64  // the dB that factor was made from
	factor float32 // of the strip's gain
}

func newFader(s *strip) fader {
	f := fader{bits: s.gain.Load(), factor: float32(linear(s.GainDB()))}
	f.set(f.goal(s))
	return f
}

// goal is the factor that the strip asks for.
func (f *fader) goal(s *strip) float32 {
	if bits := s.gain.Load(); bits != f.bits { // math.Pow only when it has changed
		f.bits, f.factor = bits, float32(linear(math.Float64frombits(bits)))
	}
	if s.mute.Load() {
		return 0
	}
	return f.factor
}
