package drift

import (
	"math"
	"math/rand/v2"
)

// A timing is how a simulated card tells where it is: the fill that is measured
// at the end of a block, and whether there is something new to tell.
type timing struct {
	name    string
	measure func(s *sim) (fill float64, fresh bool)
}

// The timings.
var (
	// clean: the position at the time, to the frame.
	clean = timing{"whole frames", func(s *sim) (float64, bool) {
		return math.Floor(s.captured) - s.played, true
	}}
	// ticks: positions move once a millisecond, to whole frames, and so do the
	// sink's; both carry the time of their tick.
	ticks = timing{"1 ms ticks, whole frames", func(s *sim) (float64, bool) {
		const phase = 0.37e-3 // of the source's ticks behind the sink's
		at := s.capturedBefore(phase * s.rate)
		return math.Floor(at) + phase*s.rate*(1+s.loop.PPM()*1e-6) - s.played - s.nominal*fraction(s.sinkTrue()), true
	}}
	// bursts: the position moves by 512 frames at a time, each with its time.
	bursts = timing{"512-frame bursts", func(s *sim) (float64, bool) {
		burst := math.Floor(s.captured/512) * 512
		fresh := burst != s.burst
		s.burst = burst
		age := (s.captured - burst) / (1 + s.ppm*1e-6) // nominal frames
		return burst + age*(1+s.loop.PPM()*1e-6) - s.played, fresh
	}}
	// jitter: as clean, but each time is late by up to 1 ms.
	jitter = timing{"1 ms of jitter", func(s *sim) (float64, bool) {
		return math.Floor(s.captured) - s.rand.Float64()*1e-3*s.rate - s.played, true
	}}
	exact = timing{"exact", func(s *sim) (float64, bool) { return s.captured - s.played, true }}
)

// sim is a card, the loop that follows it and a sink that takes blocks. What is
// taken now is played queue blocks later.
type sim struct {
	loop    *Loop
	timing  timing
	block   float64 // sink frames
	rate    float64 // of the source
	nominal float64
	drift   func(seconds float64) (ppm float64)
	rand    *rand.Rand

	ppm      float64 // now
	blocks   int
	captured float64
	taken    float64
	played   float64
	burst    float64
	moves    [queue]float64 // of the blocks that are queued
}

const queue = 3 // blocks

// newSim starts with the fill at the target: level source frames are there
// before a block is taken.
func newSim(c Config, block int, t timing, level float64, drift func(float64) float64) *sim {
	s := &sim{loop: New(c), timing: t, block: float64(block), rate: float64(c.SourceRate),
		nominal: float64(c.SourceRate) / float64(c.SinkRate), drift: drift, rand: rand.New(rand.NewPCG(1, 2))}
	s.captured = 1e6 / 3.0
	s.taken = s.captured - level
	for i := range s.moves {
		s.moves[i] = s.block * s.nominal
	}
	s.played = s.taken - queue*s.block*s.nominal
	s.loop.SetTarget(s.fill())
	return s
}

func (s *sim) seconds() float64 { return float64(s.blocks) * s.block * s.nominal / s.rate }
func (s *sim) fill() float64    { return s.captured - s.played }
func (s *sim) level() float64   { return s.captured - s.taken }

// sinkTrue is where the sink is, whose own clock is a little off the ticks.
func (s *sim) sinkTrue() float64 { return float64(s.blocks) * s.block * (1 + 3.1e-6) }

func fraction(x float64) float64 { return x - math.Floor(x) }

// capturedBefore is the source's position so many nominal frames ago.
func (s *sim) capturedBefore(nominal float64) float64 { return s.captured - nominal*(1+s.ppm*1e-6) }

// step is one block: it is played, the source captures, the fill is measured
// and a new block is taken at the ratio that the loop says.
func (s *sim) step() {
	s.ppm = s.drift(s.seconds())
	moved := s.moves[s.blocks%queue]
	s.blocks++
	s.captured += s.block * s.nominal * (1 + s.ppm*1e-6)
	s.played += moved
	s.loop.Advance(s.block, moved)
	if fill, fresh := s.timing.measure(s); fresh {
		s.loop.Measure(fill)
	}
	next := s.block * s.nominal * s.loop.Ratio()
	s.moves[(s.blocks-1)%queue] = next
	s.taken += next
}

// run steps until a time, and calls each after every block.
func (s *sim) run(until float64, each func()) {
	for s.seconds() < until {
		s.step()
		if each != nil {
			each()
		}
	}
}

func constant(ppm float64) func(float64) float64 { return func(float64) float64 { return ppm } }

func stepAt(at, before, after float64) func(float64) float64 {
	return func(t float64) float64 {
		if t < at {
			return before
		}
		return after
	}
}
