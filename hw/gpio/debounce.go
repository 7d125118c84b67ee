package gpio

import "time"

// Quiet is how long a line must show no edge before its level is believed. Contacts of push buttons bounce for one or
// two milliseconds as a rule and seldom for more than five.
const Quiet = 5 * time.Millisecond

// Debounce turns the edges of a bouncing contact into changes of state: the level counts once the line has been quiet
// for Quiet, so a dozen bounces are one press and a shorter spike is nothing. It has no clock: all
// times are arguments. The zero value is a released button. Not for concurrent use.
type Debounce struct {
	Pressed bool // the state last accepted

	moving bool
	edge   time.Time // the newest edge, while moving
}

// Edge says that the line moved at the time given.
func (d *Debounce) Edge(at time.Time) { d.moving, d.edge = true, at }

// Due returns when Settle is to be called next, and false while the line rests.
func (d *Debounce) Due() (time.Time, bool) { return d.edge.Add(Quiet), d.moving }

// Settle is told the level read at the time now, and returns the change it completes, if any. A level that differs with
// no edge seen means that the edge was lost: it is taken as an edge at now.
func (d *Debounce) Settle(now time.Time, pressed bool) (Change, bool) {
	if !d.moving {
		if pressed != d.Pressed {
			d.Edge(now)
		}
		return Change{}, false
	}
	if now.Sub(d.edge) < Quiet {
		return Change{}, false
	}
	d.moving = false
	if pressed == d.Pressed {
		return Change{}, false
	}
	d.Pressed = pressed
	return Change{Pressed: pressed, At: d.edge}, true
}
