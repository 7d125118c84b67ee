package control

import (
	"testing"
	"time"

	"pgregory.net/rapid"
)

// cycle is the levels of the two lines in each of the four states.
var cycle = [4][2]bool{{false, false}, {true, false}, {true, true}, {false, true}}

// knob is a real encoder: what its shaft does, as the levels that are seen.
type knob struct {
	t      *rapid.T
	place  int // states from the beginning
	levels [][2]bool
}

func (k *knob) show() { k.levels = append(k.levels, cycle[k.place&3]) }

// step turns the shaft by one state, whose contact bounces.
func (k *knob) step(by int) {
	for range rapid.IntRange(0, 6).Draw(k.t, "bounces") {
		k.place += by
		k.show()
		k.place -= by
		k.show()
	}
	k.place += by
	k.show()
}

// turn turns it to the next detent, or there half way and back.
func (k *knob) turn(by, perDetent int, back bool) {
	for i := range perDetent {
		k.step(by)
		if back && i+1 == perDetent-1 { // the last state before the detent
			for range i + 1 {
				k.step(-by)
			}
			return
		}
	}
}

func decode(perDetent int, levels [][2]bool) (detents int) {
	q := quadrature{perDetent: perDetent}
	for _, l := range levels {
		detents += q.turn(l[0], l[1])
	}
	return detents
}

// However it is turned and however it bounces, a knob has moved by the detents that the hand has felt.
func TestQuadratureFollowsTheKnob(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		perDetent := rapid.SampledFrom([]int{4, 2, 1}).Draw(t, "states a detent")
		k := &knob{t: t}
		k.show()
		felt := 0
		for range rapid.IntRange(0, 40).Draw(t, "turns") {
			by := rapid.SampledFrom([]int{-1, 1}).Draw(t, "direction")
			back := perDetent > 1 && rapid.IntRange(0, 4).Draw(t, "back") == 0
			k.turn(by, perDetent, back)
			if !back {
				felt += by
			}
			if got := decode(perDetent, k.levels); got != felt { // after each, so that two mistakes do not cancel out
				t.Fatalf("%d states a detent: %v\nare %d detents, %d were felt", perDetent, k.levels, got, felt)
			}
		}
	})
}

// One edge of each detent may be lost; of two states a detent only while the direction stays.
func TestQuadratureWithLostEdges(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		perDetent := rapid.SampledFrom([]int{4, 2}).Draw(t, "states a detent")
		by := rapid.SampledFrom([]int{-1, 1}).Draw(t, "direction")
		k := &knob{t: t}
		k.show()
		k.turn(by, perDetent, false)
		seen, felt := k.levels, by
		for range rapid.IntRange(1, 40).Draw(t, "detents") {
			if perDetent == 4 {
				by = rapid.SampledFrom([]int{-1, 1}).Draw(t, "direction")
			}
			k.levels = nil
			k.turn(by, perDetent, false)
			felt += by
			lost := rapid.IntRange(0, len(k.levels)-2).Draw(t, "lost") // and not the last: it is where the knob rests
			seen = append(append(seen, k.levels[:lost]...), k.levels[lost+1:]...)
			if got := decode(perDetent, seen); got != felt {
				t.Fatalf("%d states a detent: %v\nare %d detents, %d were felt", perDetent, seen, got, felt)
			}
		}
	})
}

// It may begin anywhere: the beginning is no turn, and half a detent or more counts as one.
func TestQuadratureBeginsAnywhere(t *testing.T) {
	for first, want := range []int{1, 1, 1, 0} {
		k := &knob{place: first}
		for ; k.place <= 4; k.place++ {
			k.show()
		}
		if got := decode(4, k.levels); got != want {
			t.Errorf("from state %d to the rest: %d detents, want %d", first, got, want)
		}
	}
}

// The figures that PROTOCOL.md gives.
func TestAcceleration(t *testing.T) {
	for _, c := range []struct{ perSecond, want int }{{1, 1}, {4, 1}, {8, 1}, {9, 2}, {12, 2}, {16, 2}, {17, 4}, {20, 4}, {100, 4}} {
		for _, direction := range []int{1, -1} {
			var a acceleration
			at := time.Unix(1000, 0)
			got := 0
			for range 30 {
				at = at.Add(time.Second / time.Duration(c.perSecond))
				got = a.weigh(direction, at)
			}
			if got != c.want*direction {
				t.Errorf("%d detents a second count %d each, want %d", c.perSecond, got, c.want*direction)
			}
			if got := a.weigh(-direction, at.Add(accelerateOver)); got != -direction {
				t.Errorf("after a rest one counts %d", got)
			}
		}
	}
}

// A contact that bounces over its rest forth and back has not moved, however fast.
func TestAccelerationOfBounces(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var a acceleration
		at := time.Unix(1000, 0)
		calm, bouncing := 0, 0
		for range rapid.IntRange(1, 30).Draw(t, "detents") {
			at = at.Add(time.Duration(rapid.IntRange(1, 300).Draw(t, "ms")) * ms)
			n := a.weigh(1, at)
			calm += n
			bouncing += n
			for range rapid.IntRange(0, 3).Draw(t, "bounces") {
				bouncing += a.weigh(-1, at) + a.weigh(1, at)
			}
		}
		if bouncing != calm {
			t.Fatalf("%d with bounces, %d without", bouncing, calm)
		}
	})
}
