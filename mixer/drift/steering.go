package drift

import "math"

// How the fill is steered. Times are seconds; those that are shares are of the
// observer's memory: what is known well is followed slowly.
const (
	maxCorrection = 1000e-6 // of the ratio, for the fill's sake

	slowShare, slowLeast, slowMost = 1.0 / 2, 1.0, 60.0 // to correct what may be noise
	fastSeconds                    = 2.0                // to correct what is not
	surelyDeviations               = 3.0                // of the fill: what is beyond is not noise
	surelyFrames                   = 2.0
	poleShare, poleLeast, poleMost = 1.0 / 20, 0.01, 4.0 // of the one pole that smooths the command

	maxSlope     = 500e-6 // at which the reference moves, frames per frame
	slopeSeconds = 1.0    // in which it nears the target, at the end
	slopePole    = 0.25   // which smooths its slope
)

// steering makes the ratio from what the observer knows.
type steering struct {
	target    float64 // source frames
	reference float64 // on its way to target: where the fill should be now
	slope     float64 // of reference, frames a second
	fast      float64
	command   float64 // ratio that holds the reference if it is level
}

// arrive ends the way to the target.
func (s *steering) arrive() { s.reference, s.slope = s.target, 0 }

func (s *steering) advance(seconds, rate float64, o *observer) {
	slope := clamp((s.target-s.reference)/slopeSeconds, -maxSlope*rate, maxSlope*rate)
	s.slope += (slope - s.slope) * min(1, seconds/slopePole)
	s.reference += s.slope * seconds
	slow := 0.0
	s.fast = 0
	memory := o.known() / rate
	if o.anchored {
		err := o.fill - s.reference
		surely := max(surelyFrames, surelyDeviations*math.Sqrt(o.pff))
		small := clamp(err, -surely, surely)
		slow = clamp(small/rate/clamp(memory*slowShare, slowLeast, slowMost), -maxCorrection/2, maxCorrection/2)
		s.fast = clamp((err-small)/rate/fastSeconds, -maxCorrection/2, maxCorrection/2)
	}
	pole := clamp(memory*poleShare, poleLeast, poleMost)
	s.command += (1 + o.drift + slow - s.command) * min(1, seconds/pole)
}
