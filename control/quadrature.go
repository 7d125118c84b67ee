package control

import (
	"math"
	"slices"
	"time"
)

// Levels is what the two lines of a rotary encoder are from At on; true is active.
type Levels struct {
	A, B bool
	At   time.Time
}

// quadrature finds the detents in the levels of the two lines, which go through a
// cycle of four states, forwards if A is active before B:
//
//	state  0   1   2   3   0
//	A      0   1   1   0   0
//	B      0   0   1   1   0
//
// With four states to a detent the rest is state 0, with two it is 0 and 2, with
// one it is each. A detent counts where the next rest is reached, so a contact that
// bounces, or a knob that is turned half way and back, is nothing. If an edge was
// lost between two rests, the rest of the way tells the direction, or, with fewer
// than four states to a detent, that of the last detent. The first
// levels are where it begins. It has no clock.
type quadrature struct {
	perDetent int // states: 4, 2 or 1

	known bool
	state int
	moved int // states since the last rest, forwards positive
	last  int // 1 or -1, the direction of the last detent
}

// turn returns the detents that the new levels complete, backwards negative.
func (q *quadrature) turn(a, b bool) (detents int) {
	state := 0
	switch {
	case a && b:
		state = 2
	case a:
		state = 1
	case b:
		state = 3
	}
	if !q.known {
		q.known, q.state, q.last = true, state, 1
		return 0
	}
	switch (state - q.state) & 3 {
	case 1:
		q.moved++
	case 3:
		q.moved--
	case 2:
		if q.perDetent < 4 {
			q.moved += 2 * q.last
		}
	}
	q.state = state
	if state%q.perDetent != 0 {
		return 0
	}
	detents = int(math.Round(float64(q.moved) / float64(q.perDetent)))
	q.moved = 0
	if detents != 0 {
		q.last = detents / max(detents, -detents)
	}
	return detents
}

// accelerateOver is the time over which the speed of a knob is measured.
const accelerateOver = 250 * time.Millisecond

// acceleration makes the steps of a knob larger as it is turned faster: a detent
// counts twice above 8 detents a second, and four times above 16. What counts is
// how far the knob got in a quarter of a second, so that neither a bounce nor
// detents that are seen late and all at once look like speed.
type acceleration struct{ detents []someDetents }

// someDetents are those completed at one time.
type someDetents struct {
	n  int
	at time.Time
}

// weigh returns what n detents at a time count: forth the same as back.
func (a *acceleration) weigh(n int, at time.Time) int {
	a.detents = slices.DeleteFunc(a.detents, func(d someDetents) bool { return at.Sub(d.at) >= accelerateOver })
	before := 0
	for _, d := range a.detents {
		before += d.n
	}
	a.detents = append(a.detents, someDetents{n, at})
	switch far := max(before, -before, before+n, -before-n); {
	case far > 4:
		return 4 * n
	case far > 2:
		return 2 * n
	}
	return n
}
