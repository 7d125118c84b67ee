package control

import "time"

// A gesture is what a person does with a button.
type gesture int

const (
	none gesture = iota
	press
	release
	hold
	double
	repeat
)

func (g gesture) String() string {
	return [...]string{"none", "press", "release", "hold", "double", "repeat"}[g]
}

// gestures finds the gestures in the debounced changes of one button. It has no
// clock of its own: time comes with the calls.
//
//	neither hold nor double: press at the edge down
//	hold:    hold when down for holdTime, press at a release before that
//	double:  double at the second edge down that comes within doubleTime of the
//	         first release, press when none does
//	repeat:  repeat when down for holdTime, and every period from then on
//	release: release at the edge up that ends a press
//
// hold and repeat exclude each other, release excludes hold and double.
type gestures struct {
	holdTime   time.Duration // 0: neither hold nor repeat
	doubleTime time.Duration // 0: no double
	period     time.Duration // of repeat; 0: hold
	releases   bool

	phase    phase
	deadline time.Time // in the phases that have one
}

type phase int

const (
	up        phase = iota
	down            // pressed, nothing said yet; with hold and repeat there is a deadline
	between         // released, a second press until the deadline is a double
	spent           // pressed, its gesture is said
	repeating       // pressed, the next repeat is at the deadline
)

// due returns when tick is to be called unless there is a change before.
func (g *gestures) due() (time.Time, bool) {
	return g.deadline, g.phase == between || g.phase == repeating || g.phase == down && g.holdTime > 0
}

// tick returns the gesture that the passing of time has completed by now.
// Repeats that nobody asked for in time are not made up for.
func (g *gestures) tick(now time.Time) gesture {
	at, ok := g.due()
	switch {
	case !ok || now.Before(at):
		return none
	case g.phase == between:
		g.phase = up
		return press
	case g.period == 0:
		g.phase = spent
		return hold
	}
	g.phase, g.deadline = repeating, at.Add(g.period)
	if !now.Before(g.deadline) {
		g.deadline = now.Add(g.period)
	}
	return repeat
}

// change takes in that the button was pressed or released at the given time. It
// returns what was completed before, and what the change completes.
func (g *gestures) change(pressed bool, at time.Time) (before, now gesture) {
	before = g.tick(at)
	atEdge := g.doubleTime == 0 && (g.holdTime == 0 || g.period > 0)
	switch {
	case pressed && g.phase == up:
		g.phase, g.deadline = down, at.Add(g.holdTime)
		if atEdge {
			now, g.phase = press, spent
			if g.period > 0 {
				g.phase = repeating
			}
		}
	case pressed && g.phase == between:
		g.phase, now = spent, double
	case !pressed && g.phase == down && g.doubleTime > 0:
		g.phase, g.deadline = between, at.Add(g.doubleTime)
	case !pressed && g.phase == down:
		g.phase, now = up, press
	case !pressed && (g.phase == spent || g.phase == repeating):
		g.phase = up
		if g.releases {
			now = release
		}
	}
	return before, now
}
