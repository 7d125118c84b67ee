// Package drift follows a source's clock from a sink's.
//
// A [Loop] is told how many frames the sink has played, how far the position
// that is being played has moved in the source, and now and then how many frames
// the source has captured beyond that position: the fill. It answers with the
// ratio at which the source is to be read, so that the fill stays at its target.
//
//	Advance, Measure -> observer: fill and drift as they are -> steering: ratio
//	                    watch: has the clock changed?
//
// The observer does not care why the position has moved, so nothing that limits
// the ratio can wind it up, and the steering sees no noise but the observer's.
package drift

import "math"

// Limit is how far the ratio is moved from nominal: the 1 % that a resampler
// allows, less a margin.
const Limit = 0.0095

// Config is the nominal rates of the two clocks, frames a second, positive.
type Config struct{ SourceRate, SinkRate int }

// A Loop follows one source. It is arithmetic without a clock of its own: time
// is what [Loop.Advance] says. It allocates nothing after New. One goroutine at
// a time may use it.
type Loop struct {
	rate    float64 // of the source
	nominal float64 // source frames per sink frame
	observer
	watch
	steering
	judge
}

// New returns a loop that knows nothing: its ratio is 1, its target 0.
func New(c Config) *Loop {
	l := &Loop{rate: float64(c.SourceRate), nominal: float64(c.SourceRate) / float64(c.SinkRate)}
	l.observer.init(l.rate)
	l.steering.command = 1
	return l
}

// Learn tells the drift as it was known earlier, parts per million of the
// nominal rate, to within a few; what is measured outweighs it soon. It comes
// before the first measurement.
func (l *Loop) Learn(ppm float64) {
	drift := ppm * 1e-6
	if !(math.Abs(drift) <= maxDrift) {
		return
	}
	l.drift, l.pdd, l.pfd = drift, square(learnedDrift), 0
	l.command = clamp(1+drift, 1-Limit, 1+Limit)
}

// Resync says that the fill has jumped, after a gap or a refill, or will be
// another with the next measurement. It is measured anew; the drift is kept.
func (l *Loop) Resync() {
	l.anchored = false
	l.doubt = doubt{}
	l.watch.reset()
	l.steering.arrive()
}

// SetTarget sets the fill that is to be held, source frames. It is approached
// with a limited slope, and lock is kept on the way; at once, if there was no
// measurement yet or none since Resync.
func (l *Loop) SetTarget(frames float64) {
	if !(math.Abs(frames) <= maxFrames) {
		return
	}
	l.target = frames
	if !l.anchored {
		l.steering.arrive()
	}
}

// Advance says that since the last call the sink has played elapsed of its
// frames and that the position being played has moved by moved source frames.
// Both are exact. Several calls may come before one of Measure. A call with a
// value that no clock can have shown is passed over, as if it had been a gap.
func (l *Loop) Advance(elapsed, moved float64) {
	if !(elapsed >= 0 && elapsed <= maxFrames && math.Abs(moved) <= maxFrames) {
		l.Resync()
		return
	}
	nominal := elapsed * l.nominal
	l.observer.advance(nominal, moved)
	l.steering.advance(nominal/l.rate, l.rate, &l.observer)
	if l.anchored {
		l.judge.advance(nominal/l.rate, (l.fill-l.reference)/l.rate, l.drift, math.Sqrt(l.pdd))
	}
}

// Measure tells the fill, source frames, at the time up to which Advance was
// called. It is called only when there is something new to tell.
func (l *Loop) Measure(fill float64) {
	if !(math.Abs(fill) <= maxFrames) {
		return
	}
	seconds := l.since / l.rate
	switch innovation, ok := l.observer.measure(fill); {
	case !ok:
	case l.watch.add(innovation, seconds, math.Sqrt(l.variance)):
		l.observer.shorten(l.watch.span * l.rate)
		l.watch.reset()
	}
}

// Ratio is the ratio at which the source is to be read now: source frames per
// sink frame, relative to nominal, within Limit of 1.
func (l *Loop) Ratio() float64 {
	return clamp(l.command+l.fast-l.slope/l.rate, 1-Limit, 1+Limit)
}

// PPM is the drift of the source's clock against the sink's, parts per million.
func (l *Loop) PPM() float64 { return l.drift * 1e6 }

// Fill is the fill, source frames, without the noise of its measurement. It is 0
// before the first.
func (l *Loop) Fill() float64 { return l.fill }

// Lock says how well the source's clock is known.
func (l *Loop) Lock() Lock { return l.lock }

func clamp(x, low, high float64) float64 { return max(low, min(x, high)) }

func square(x float64) float64 { return x * x }
