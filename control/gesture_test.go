package control

import (
	"fmt"
	"reflect"
	"testing"
	"time"

	"pgregory.net/rapid"
)

const ms = time.Millisecond

// runGestures gives g the edges of a button, in ms, the first of them a press,
// and returns what it finds by end.
func runGestures(g *gestures, edges []int, end int) (got []string) {
	say := func(what gesture, at time.Time) {
		if what != none {
			got = append(got, fmt.Sprint(what, " ", at.Sub(time.Time{}).Milliseconds()))
		}
	}
	ticks := func(until time.Time) {
		if at, ok := g.due(); ok && at.Before(until) {
			say(g.tick(at), at)
		}
	}
	for i, e := range edges {
		at := time.Time{}.Add(time.Duration(e) * ms)
		ticks(at)
		before, now := g.change(i%2 == 0, at)
		say(before, at)
		say(now, at)
	}
	ticks(time.Time{}.Add(time.Duration(end) * ms))
	return got
}

func TestGestures(t *testing.T) {
	const h, d = 800 * ms, 300 * ms
	for _, c := range []struct {
		name         string
		hold, double time.Duration
		edges        []int
		want         []string
	}{
		{"press alone, at the edge", 0, 0, []int{100, 200, 250, 5000}, []string{"press 100", "press 250"}},
		{"hold: short press", h, 0, []int{100, 899}, []string{"press 899"}},
		{"hold: said while held, once", h, 0, []int{100, 3000}, []string{"hold 900"}},
		{"hold: let go at the last moment", h, 0, []int{100, 900}, []string{"hold 900"}},
		{"hold: still held", h, 0, []int{100}, []string{"hold 900"}},
		{"double: single press is late", 0, d, []int{100, 200}, []string{"press 500"}},
		{"double: held long", 0, d, []int{100, 5000}, []string{"press 5300"}},
		{"double: at the second edge", 0, d, []int{100, 200, 499, 600}, []string{"double 499"}},
		{"double: too late is two", 0, d, []int{100, 200, 501, 600}, []string{"press 500", "press 900"}},
		{"double: third press is its own", 0, d, []int{100, 200, 300, 400, 450, 500}, []string{"double 300", "press 800"}},
		{"both: press", h, d, []int{100, 200}, []string{"press 500"}},
		{"both: hold", h, d, []int{100, 1000, 1100, 1200}, []string{"hold 900", "press 1500"}},
		{"both: double, held on", h, d, []int{100, 200, 300, 5000}, []string{"double 300"}},
		{"both: press, then hold", h, d, []int{100, 200, 501, 5000}, []string{"press 500", "hold 1301"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := runGestures(&gestures{holdTime: c.hold, doubleTime: c.double}, c.edges, 10_000)
			if !reflect.DeepEqual(got, c.want) {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
}

// reference finds the gestures of a whole recording: it sees all edges at once
// and has no state.
func reference(holdMS, doubleMS int, edges []int, end int) (got []string) {
	say := func(what gesture, at int) { got = append(got, fmt.Sprint(what, " ", at)) }
	const never = 1 << 30
	edge := func(i int) int {
		if i < len(edges) {
			return edges[i]
		}
		return never
	}
	for i := 0; i < len(edges); i += 2 {
		down, up, next := edge(i), edge(i+1), edge(i+2)
		switch {
		case holdMS == 0 && doubleMS == 0:
			say(press, down)
		case holdMS > 0 && up >= down+holdMS:
			if down+holdMS < end {
				say(hold, down+holdMS)
			}
		case up == never:
		case doubleMS == 0:
			say(press, up)
		case next < up+doubleMS:
			say(double, next)
			i += 2
		case up+doubleMS < end:
			say(press, up+doubleMS)
		}
	}
	return got
}

func TestGesturesAgainstReference(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		holdMS := rapid.SampledFrom([]int{0, 100, 800}).Draw(t, "hold")
		doubleMS := rapid.SampledFrom([]int{0, 90, 300}).Draw(t, "double")
		var edges []int
		at := 0
		for _, gap := range rapid.SliceOf(rapid.IntRange(1, 1000)).Draw(t, "gaps") {
			at += gap
			edges = append(edges, at)
		}
		g := &gestures{holdTime: time.Duration(holdMS) * ms, doubleTime: time.Duration(doubleMS) * ms}
		end := at + rapid.IntRange(1, 2000).Draw(t, "end")
		got, want := runGestures(g, edges, end), reference(holdMS, doubleMS, edges, end)
		if !reflect.DeepEqual(got, want) {
			t.Fatalf("hold %d, double %d, edges %v, end %d:\ngot  %q\nwant %q", holdMS, doubleMS, edges, end, got, want)
		}
	})
}

// Changes that say nothing new do nothing.
func TestGesturesRepeatedChange(t *testing.T) {
	g := &gestures{}
	at := time.Time{}
	for i, c := range []struct {
		pressed bool
		want    gesture
	}{{false, none}, {true, press}, {true, none}, {false, none}, {false, none}, {true, press}} {
		if before, now := g.change(c.pressed, at); before != none || now != c.want {
			t.Errorf("change %d: %v, %v, want %v", i, before, now, c.want)
		}
	}
}
