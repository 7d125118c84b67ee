package drift

import "math"

// How the fill is held. Shares are of the memory that the observer has in use:
// what is known well is followed slowly.
const (
	maxCorrection = 500e-6 // of the ratio, slow and fast each

	// Slow: of an error that may be the observer's.
	// The time constant, seconds, is the square of the memory over slowMemory.
	slowMemory, slowLeast, slowMost = 20.0, 1.0, 60.0
	// Fast: of what is beyond so many of its standard deviations, seconds and frames.
	fastSeconds     = 3.0
	surelyDeviation = 3.0
	surelySeconds   = 0.3e-3
	surelyFrames    = 2.0

	// The two poles through which drift and slow correction go: what the observer
	// does within a second would be heard.
	poleShare, poleLeast, poleMost = 0.07, 0.01, 4.0 // time constant, seconds

	// The ratio less fast correction and slope is slewed by no more than so much a
	// second once the memory is quietSeconds, and faster before, with the power
	// quietPower. In w seconds, less what a line through it explains, a tone of f Hz
	// is bent by a slew of r a second by 2 pi f r w^2 / sqrt(720) radians rms: here,
	// 10 kHz in a tenth of a second, -117 dB. An error beyond roomSeconds is worth
	// more, with the power roomPower, and slowly corrected sooner, with its square.
	quietSlew              = 0.06e-6
	quietSeconds           = 25.0
	quietPower             = 6
	roomSeconds, roomPower = 0.12e-3, 8

	maxSlope      = 500e-6 // of the reference, frames per frame
	arriveSeconds = 1.0    // time constant of its approach to the target
	slopeSeconds  = 0.25   // and of its slope
)

// steering makes the ratio from what the observer knows. A changed target is
// approached by a reference whose slope is part of the ratio, so that it makes
// no error on its way.
type steering struct {
	target    float64 // source frames
	reference float64 // where the fill is to be now
	slope     float64 // of reference, frames a second
	held      bool    // no error is corrected
	fast      float64 // correction of the ratio
	smooth    float64 // ratio less fast correction and slope, after one pole
	command   float64 // and after both
}

// know sets what the ratio is while nothing is measured.
func (s *steering) know(drift float64) { s.smooth, s.command = 1+drift, 1+drift }

// arrive puts the reference at the target.
func (s *steering) arrive() { s.reference, s.slope = s.target, 0 }

func (s *steering) advance(seconds, rate float64, o *observer) {
	slope := clamp((s.target-s.reference)/arriveSeconds, -maxSlope*rate, maxSlope*rate)
	s.slope += (slope - s.slope) * min(1, seconds/slopeSeconds)
	s.reference += s.slope * seconds

	known := o.known() / rate
	slow, err := 0.0, 0.0
	s.fast = 0
	if o.anchored && !s.held {
		err = o.fill - s.reference
		surely := max(surelyFrames, surelySeconds*rate, surelyDeviation*math.Sqrt(o.varFill))
		doubtful := clamp(err, -surely, surely)
		slow = correction(doubtful/rate, clamp(known*known/slowMemory, slowLeast, slowMost)/square(beyondRoom(err/rate)))
		s.fast = correction((err-doubtful)/rate, fastSeconds)
	}
	pole := clamp(known*poleShare, poleLeast, poleMost)
	step := min(1, seconds/pole)
	s.smooth += (1 + o.drift + slow - s.smooth) * step
	most := slew(known, err/rate) * seconds
	s.command += clamp((s.smooth-s.command)*step, -most, most)
}

// slew is how much the ratio may change a second, with so many seconds of memory
// and an error of the fill in seconds.
func slew(known, err float64) float64 {
	return quietSlew * math.Pow(max(1, quietSeconds/max(known, slowLeast)), quietPower) *
		math.Pow(beyondRoom(err), roomPower)
}

// beyondRoom is how many times an error, seconds, is what there is room for, but
// at least 1.
func beyondRoom(err float64) float64 { return max(1, math.Abs(err)/roomSeconds) }

// correction of the ratio for an error, seconds, that is to decay with a time
// constant of so many seconds.
func correction(err, seconds float64) float64 {
	return clamp(err/seconds, -maxCorrection, maxCorrection)
}

func (s *steering) ratio(rate float64) float64 {
	return clamp(s.command+s.fast-s.slope/rate, 1-Limit, 1+Limit)
}
