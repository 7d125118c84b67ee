// Package drift follows a source's clock from a sink's.
//
// A [Loop] is told how many frames the sink has played, how far the position
// that is being played has moved in the source, and now and then how many frames
// the source has captured beyond that position: the fill. It answers with the
// ratio at which the source is to be read, so that the fill stays at its target.
//
//	Advance, Measure -> observer -> fill, drift -> steering -> Ratio
//	                     |    ^               \-> judge    -> Lock
//	          innovation v    | shorter memory
//	                     watch: has the clock changed?
//
// The observer counts what was moved, whatever the reason, so nothing that limits
// the ratio can wind it up. The steering hears no measurement, only what the
// observer makes of them.
package drift

import "math"

// Limit is how far the ratio is moved from nominal: the 1 % that a resampler
// allows, less a margin.
const Limit = 0.0095

// maxFrames bounds the magnitude of all that is told in frames.
const maxFrames = 1e9

// Config is the nominal rates of the two clocks, frames a second, positive.
type Config struct{ SourceRate, SinkRate int }

// A Loop follows one source. It has no clock of its own: time is what
// [Loop.Advance] says. It allocates nothing after New. One goroutine at a time
// may use it.
type Loop struct {
	rate     float64 // of the source, frames a second
	nominal  float64 // source frames per sink frame
	observer observer
	watch    watch
	steering steering
	judge    judge
}

// New returns a loop that knows nothing: its ratio is 1, its target 0.
func New(c Config) *Loop {
	rate := float64(c.SourceRate)
	l := &Loop{rate: rate, nominal: rate / float64(c.SinkRate), observer: newObserver(rate)}
	l.steering.know(0)
	return l
}

// Learn tells the drift as it was known earlier, parts per million. What is
// measured outweighs it soon. It comes before the first measurement.
func (l *Loop) Learn(ppm float64) {
	drift := ppm * 1e-6
	if math.Abs(drift) <= maxDrift { // which NaN is not
		l.observer.learn(drift)
		l.steering.know(drift)
	}
}

// Resync says that the fill has jumped, after a gap or a refill, or has done so
// by the next measurement. The fill is measured anew, the drift is kept.
func (l *Loop) Resync() {
	l.observer.anchored = false
	l.watch = watch{}
	l.steering.arrive()
}

// Seek says that the clocks may be others now: what was known of their drift is
// where it is looked for.
func (l *Loop) Seek() {
	l.Resync()
	l.observer.varDrift = square(priorDrift)
	l.judge = judge{}
}

// Hold has the ratio correct no error of the fill until it is called with false:
// while it is to be seen how large the error is, and who corrects it.
func (l *Loop) Hold(hold bool) { l.steering.held = hold }

// SetTarget sets the fill that is to be held, source frames. It is approached
// with a limited slope, and lock is kept on the way; at once, if nothing was
// measured yet, or not since Resync.
func (l *Loop) SetTarget(frames float64) {
	if !sane(frames) {
		return
	}
	l.steering.target = frames
	if !l.observer.anchored {
		l.steering.arrive()
	}
}

// Advance says that since the last call the sink has played elapsed of its
// frames, and that the position being played has moved by moved source frames.
// Both are exact. Several calls may come before one of Measure. Values that no
// clock can have shown count as a gap.
func (l *Loop) Advance(elapsed, moved float64) {
	if !sane(elapsed) || !sane(moved) || elapsed < 0 {
		l.Resync()
		return
	}
	o := &l.observer
	nominal := elapsed * l.nominal
	o.advance(nominal, moved)
	seconds := nominal / l.rate
	l.steering.advance(seconds, l.rate, o)
	if o.anchored {
		l.judge.advance(seconds, l.rate, o.fill-l.steering.reference, o.drift, o.deviation())
	}
}

// Measure tells the fill, source frames, as it was at the time up to which
// Advance was called. Call it when there is something new to tell, not for an
// old position once more. Values that no fill can have are passed over.
func (l *Loop) Measure(fill float64) {
	o := &l.observer
	if !sane(fill) || o.anchored && o.since == 0 {
		return
	}
	seconds := o.since / l.rate
	// While others are doubted, an innovation says nothing of the clock.
	switch innovation, ok := o.measure(fill); {
	case ok && o.doubt.row == 0 && l.watch.add(innovation, seconds, math.Sqrt(o.noise.variance)):
		o.shorten(l.watch.span * l.rate)
		l.watch = watch{}
	case !ok && o.since == 0: // anchored
		l.watch = watch{}
	}
}

// Ratio is the ratio at which the source is to be read now: source frames per
// sink frame, relative to nominal, within Limit of 1.
func (l *Loop) Ratio() float64 { return l.steering.ratio(l.rate) }

// PPM is the drift of the source's clock against the sink's, parts per million.
func (l *Loop) PPM() float64 { return l.observer.drift * 1e6 }

// Fill is the fill, source frames, less the noise of its measurements. It is 0
// before the first, and stands still from Resync to the next.
func (l *Loop) Fill() float64 { return l.observer.fill }

// Lock says how well the source's clock is known.
func (l *Loop) Lock() Lock { return l.judge.lock }

func sane(frames float64) bool { return math.Abs(frames) <= maxFrames }

func clamp(x, low, high float64) float64 { return max(low, min(x, high)) }

func square(x float64) float64 { return x * x }
