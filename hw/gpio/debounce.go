package gpio

import "time"

// The times of the contacts of push buttons. They bounce for one or two milliseconds as a rule and seldom for more than
// five; what strays in from a motor or a relay on the same supply is shorter than one.
const (
	Firm  = time.Millisecond     // a level that has held for so long is believed
	Quiet = 5 * time.Millisecond // how long bouncing may take
)

// Debounce turns the edges of a bouncing contact into changes of state. A new level counts as soon as it has held for
// Firm, or is the level Quiet after the first edge: a clean press counts 1 ms after its edge, one that bounces 5 ms after
// its first edge at the latest, and a spike shorter than Firm is nothing. Then the line is deaf until it has been quiet
// for Quiet, so a dozen bounces are one press however long they take, and its level is looked at again. It has no clock:
// all times are arguments. The zero value is a released button. Not for concurrent use.
type Debounce struct {
	Pressed bool // the state last accepted

	phase       debouncePhase
	first, last time.Time // edges since the line rested; while deaf, last is the verdict or an edge after it
}

type debouncePhase int

const (
	resting debouncePhase = iota
	moving                // there were edges, and no verdict yet
	deaf                  // a change has just been accepted
)

// Edge says that the line moved at the time given.
func (d *Debounce) Edge(at time.Time) {
	switch d.phase {
	case resting:
		d.phase, d.first, d.last = moving, at, at
	default:
		d.last = at
	}
}

// Due returns when Settle is to be called next, and false while the line rests.
func (d *Debounce) Due() (time.Time, bool) {
	switch d.phase {
	case moving:
		at := d.last.Add(Firm)
		if most := d.first.Add(Quiet); most.Before(at) {
			at = most
		}
		return at, true
	case deaf:
		return d.last.Add(Quiet), true
	}
	return time.Time{}, false
}

// Settle is told the level read at the time now, and returns the change it completes, if any. A level that differs with
// no edge seen is taken as an edge at now: the edge was lost, or came while the line was deaf.
func (d *Debounce) Settle(now time.Time, pressed bool) (Change, bool) {
	if at, ok := d.Due(); ok && now.Before(at) {
		return Change{}, false
	}
	was := d.phase
	d.phase = resting
	switch {
	case pressed == d.Pressed:
	case was == moving:
		d.Pressed, d.phase, d.last = pressed, deaf, now
		return Change{Pressed: pressed, At: d.first}, true
	default:
		d.Edge(now)
	}
	return Change{}, false
}
