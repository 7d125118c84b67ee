package control

import "time"

// A gesture is what a person does with a button.
type gesture int

const (
	none gesture = iota
	press
	hold
	double
)

func (g gesture) String() string { return [...]string{"none", "press", "hold", "double"}[g] }

// gestures finds the gestures in the debounced changes of one button. It has no
// clock of its own: time comes with the calls.
//
//	neither hold nor double: press at the edge down
//	hold:   hold when down for holdTime, press at a release before that
//	double: double at the second edge down that comes within doubleTime of the
//	        first release, press when none does
type gestures struct {
	holdTime   time.Duration // 0: no hold
	doubleTime time.Duration // 0: no double

	phase    phase
	deadline time.Time // in the phases that have one
}

type phase int

const (
	up      phase = iota
	down          // pressed, nothing said yet; with hold there is a deadline
	between       // released, a second press until the deadline is a double
	spent         // pressed, its gesture is said
)

// due returns when tick is to be called unless there is a change before.
func (g *gestures) due() (time.Time, bool) {
	return g.deadline, g.phase == between || g.phase == down && g.holdTime > 0
}

// tick returns the gesture that the passing of time has completed by now.
func (g *gestures) tick(now time.Time) gesture {
	at, ok := g.due()
	if !ok || now.Before(at) {
		return none
	}
	if g.phase == between {
		g.phase = up
		return press
	}
	g.phase = spent
	return hold
}

// change takes in that the button was pressed or released at the given time. It
// returns what was completed before, and what the change completes.
func (g *gestures) change(pressed bool, at time.Time) (before, now gesture) {
	before = g.tick(at)
	switch {
	case pressed && g.phase == up && g.holdTime == 0 && g.doubleTime == 0:
		g.phase, now = spent, press
	case pressed && g.phase == up:
		g.phase, g.deadline = down, at.Add(g.holdTime)
	case pressed && g.phase == between:
		g.phase, now = spent, double
	case !pressed && g.phase == down && g.doubleTime > 0:
		g.phase, g.deadline = between, at.Add(g.doubleTime)
	case !pressed && g.phase == down:
		g.phase, now = up, press
	case !pressed && g.phase == spent:
		g.phase = up
	}
	return before, now
}
