package drift

import "math"

// Lock is how well a loop knows its source's clock.
type Lock int32

// What a loop knows.
const (
	Seeking    Lock = iota // measuring; what it says is its best guess
	Locked                 // drift and latency are steady
	OutOfRange             // the clocks differ by more than can be corrected
)

func (l Lock) String() string { return [...]string{"seeking", "locked", "out-of-range"}[l] }

// The bounds of lock. Those within which it is gained and those beyond which it
// is lost lie well apart, so that it does not flap.
const (
	gainDeviation = 3e-6   // of the drift: its standard deviation
	gainError     = 0.2e-3 // seconds between fill and reference
	gainFrames    = 2.0    // the same for a source whose frames are long
	gainSeconds   = 1.5    // for which both have to be kept
	loseDeviation = 30e-6
	loseError     = 1e-3
	backInRange   = 0.95 // share of Limit
)

// judge decides on the lock.
type judge struct {
	lock Lock
	kept float64 // seconds
}

// advance takes in the error of the fill, source frames, and the drift with its
// standard deviation, seconds after the last time.
func (j *judge) advance(seconds, rate, err, drift, deviation float64) {
	err, drift = math.Abs(err), math.Abs(drift)
	j.kept += seconds
	if err > max(gainError*rate, gainFrames) || deviation > gainDeviation {
		j.kept = 0
	}
	switch {
	case drift-3*deviation > Limit:
		j.lock = OutOfRange
	case j.lock == OutOfRange:
		if drift < backInRange*Limit {
			j.lock = Seeking
		}
	case err > loseError*rate, deviation > loseDeviation:
		j.lock = Seeking
	case j.kept >= gainSeconds:
		j.lock = Locked
	}
}
