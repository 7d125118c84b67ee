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

// When a loop is locked, and when it no longer is.
const (
	lockDrift = 3e-6   // standard deviation of the drift
	lockError = 0.2e-3 // seconds between fill and reference
	lockHold  = 1.5    // seconds for which both are smaller
	loseDrift = 30e-6
	loseError = 1e-3
	// backInRange is the share of Limit below which a clock is in range again.
	backInRange = 0.95
)

// judge decides on the lock. Its bounds lie well apart, so that it does not
// flap.
type judge struct {
	lock   Lock
	steady float64 // seconds for which the bounds of lock have been kept
}

// advance takes in the error of the fill, in seconds, and the drift with its
// standard deviation, seconds after the last time.
func (j *judge) advance(seconds, err, drift, deviation float64) {
	err, drift = math.Abs(err), math.Abs(drift)
	j.steady += seconds
	if err > lockError || deviation > lockDrift {
		j.steady = 0
	}
	switch {
	case drift-3*deviation > Limit:
		j.lock = OutOfRange
	case j.lock == OutOfRange && drift > backInRange*Limit:
	case j.lock == OutOfRange, err > loseError, deviation > loseDrift:
		j.lock, j.steady = Seeking, min(j.steady, seconds)
	case j.steady >= lockHold:
		j.lock = Locked
	}
}
