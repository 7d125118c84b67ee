package drift

import (
	"math"
	"math/rand/v2"
)

// timing is how a simulated card tells where it is: the fill measured at the end
// of a block, and whether there is anything new to tell.
type timing struct {
	name    string
	measure func(s *sim) (fill float64, fresh bool)
	late    float64 // seconds by which times are late on average
	behind  float64 // source frames that may have been captured and not yet delivered
}

// The timings.
var (
	// whole: the position at the time, in whole frames.
	whole = timing{"whole frames", func(s *sim) (float64, bool) {
		return math.Floor(s.captured) - s.played, true
	}, 0, 1}
	// ticks: the position moves at ticks of 1 ms, and each has its time.
	ticks = timing{"ticks of 1 ms", func(s *sim) (float64, bool) {
		age := 0.37e-3 * s.rate
		return math.Floor(s.captured-age*s.clock()) + age*s.known() - s.played, true
	}, 0, 48}
	// both: so does the sink's, whose clock is 3.1 ppm off the ticks.
	both = timing{"ticks, sink too", func(s *sim) (float64, bool) {
		fill, fresh := ticks.measure(s)
		_, fraction := math.Modf(float64(s.blocks) * s.block * (1 + 3.1e-6))
		return fill + fraction*s.nominal, fresh
	}, 0, 48}
	// bursts: the position moves by 512 frames at a time, each with its time.
	bursts = timing{"512-frame bursts", func(s *sim) (float64, bool) {
		last := s.burst
		s.burst = math.Floor(s.captured/512) * 512
		age := (s.captured - s.burst) / s.clock()
		return s.burst + age*s.known() - s.played, s.burst != last
	}, 0, 512}
	// jitter: each time is late by up to 1 ms.
	jitter = timing{"1 ms of jitter", func(s *sim) (float64, bool) {
		return math.Floor(s.captured) - s.rand.Float64()*1e-3*s.rate - s.played, true
	}, 0.5e-3, 48}
	// white: normal noise of 0.3 frames.
	white = timing{"0.3 frames rms", func(s *sim) (float64, bool) {
		return s.captured + 0.3*s.rand.NormFloat64() - s.played, true
	}, 0, 1}

	timings = []timing{whole, ticks, both, bursts, jitter, white}
)

// queue is the blocks between the ratio and its being heard.
const queue = 3

// sim is a card, the loop that follows it and a sink that takes blocks.
type sim struct {
	loop    *Loop
	timing  timing
	block   float64 // sink frames
	rate    float64 // of the source
	nominal float64 // source frames per sink frame
	drift   func(seconds float64) (ppm float64)
	rand    *rand.Rand

	ppm      float64 // now
	blocks   int
	captured float64 // source frames
	taken    float64
	played   float64
	burst    float64
	queued   [queue]float64 // source frames of each block
}

// newSim starts with the fill at its target, which leaves a cushion, in seconds,
// when a block has been taken.
func newSim(c Config, block int, t timing, cushion float64, drift func(float64) float64) *sim {
	s := &sim{loop: New(c), timing: t, block: float64(block), rate: float64(c.SourceRate),
		nominal: float64(c.SourceRate) / float64(c.SinkRate), drift: drift}
	s.seed(1)
	s.captured = 1e6 / 3.0
	s.burst = math.Floor(s.captured/512) * 512
	s.taken = s.captured - cushion*s.rate - t.behind
	s.played = s.taken
	for i := range s.queued {
		s.queued[i] = s.block * s.nominal
		s.played -= s.queued[i]
	}
	s.loop.SetTarget(s.fill() - t.late*s.rate)
	return s
}

func (s *sim) seed(n uint64)    { s.rand = rand.New(rand.NewPCG(n, n)) }
func (s *sim) clock() float64   { return 1 + s.ppm*1e-6 }
func (s *sim) known() float64   { return 1 + s.loop.PPM()*1e-6 }
func (s *sim) seconds() float64 { return float64(s.blocks) * s.block * s.nominal / s.rate }

// fill is what is there beyond the position being played.
func (s *sim) fill() float64 { return s.captured - s.played }

// off is how far the fill is from the target, seconds.
func (s *sim) off() float64 {
	return (s.fill()-s.loop.steering.target)/s.rate - s.timing.late
}

// level is what is surely delivered and not yet taken.
func (s *sim) level() float64 { return s.captured - s.timing.behind - s.taken }

// step is one block: it is played, the source captures, the fill is measured
// and a block is taken at the ratio that the loop says.
func (s *sim) step() {
	s.ppm = s.drift(s.seconds())
	next := &s.queued[s.blocks%queue]
	s.blocks++
	s.captured += s.block * s.nominal * s.clock()
	s.played += *next
	s.loop.Advance(s.block, *next)
	if fill, fresh := s.timing.measure(s); fresh {
		s.loop.Measure(fill)
	}
	*next = s.block * s.nominal * s.loop.Ratio()
	s.taken += *next
}

// run steps until a time and calls each after every block.
func (s *sim) run(until float64, each func()) {
	for s.seconds() < until {
		s.step()
		if each != nil {
			each()
		}
	}
}

// wrong is by how much the loop's drift is off, ppm.
func (s *sim) wrong() float64 { return math.Abs(s.loop.PPM() - s.ppm) }

// locks counts the changes of lock and notes the time of the first.
type locks struct {
	was          Lock
	gained, lost int
	first        float64 // seconds
}

func (l *locks) note(s *sim) {
	now := s.loop.Lock()
	switch {
	case now == Locked && l.was != Locked:
		if l.gained++; l.gained == 1 {
			l.first = s.seconds()
		}
	case now != Locked && l.was == Locked:
		l.lost++
	}
	l.was = now
}

func constant(ppm float64) func(float64) float64 { return func(float64) float64 { return ppm } }

func step(at, before, after float64) func(float64) float64 {
	return func(seconds float64) float64 {
		if seconds < at {
			return before
		}
		return after
	}
}

// rms is a root mean square.
type rms struct{ sum, n float64 }

func (r *rms) add(x float64)  { r.sum += x * x; r.n++ }
func (r *rms) value() float64 { return math.Sqrt(r.sum / r.n) }
