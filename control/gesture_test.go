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
		for at, ok := g.due(); ok && at.Before(until); at, ok = g.due() {
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
	const h, d, p = 800 * ms, 300 * ms, 200 * ms
	for _, c := range []struct {
		name  string
		g     gestures
		edges []int
		want  []string
	}{
		{"press alone, at the edge", gestures{}, []int{100, 200, 250, 5000}, []string{"press 100", "press 250"}},
		{"hold: short press", gestures{holdTime: h}, []int{100, 899}, []string{"press 899"}},
		{"hold: said while held, once", gestures{holdTime: h}, []int{100, 3000}, []string{"hold 900"}},
		{"hold: let go at the last moment", gestures{holdTime: h}, []int{100, 900}, []string{"hold 900"}},
		{"hold: still held", gestures{holdTime: h}, []int{100}, []string{"hold 900"}},
		{"double: single press is late", gestures{doubleTime: d}, []int{100, 200}, []string{"press 500"}},
		{"double: held long", gestures{doubleTime: d}, []int{100, 5000}, []string{"press 5300"}},
		{"double: at the second edge", gestures{doubleTime: d}, []int{100, 200, 499, 600}, []string{"double 499"}},
		{"double: too late is two", gestures{doubleTime: d}, []int{100, 200, 501, 600}, []string{"press 500", "press 900"}},
		{"double: third press is its own", gestures{doubleTime: d}, []int{100, 200, 300, 400, 450, 500}, []string{"double 300", "press 800"}},
		{"hold, double: press", gestures{holdTime: h, doubleTime: d}, []int{100, 200}, []string{"press 500"}},
		{"hold, double: hold", gestures{holdTime: h, doubleTime: d}, []int{100, 1000, 1100, 1200}, []string{"hold 900", "press 1500"}},
		{"hold, double: double, held on", gestures{holdTime: h, doubleTime: d}, []int{100, 200, 300, 5000}, []string{"double 300"}},
		{"hold, double: press, then hold", gestures{holdTime: h, doubleTime: d}, []int{100, 200, 501, 5000}, []string{"press 500", "hold 1301"}},
		{"release: at both edges", gestures{releases: true}, []int{100, 101, 200, 9000}, []string{"press 100", "release 101", "press 200", "release 9000"}},
		{"repeat: press at the edge", gestures{holdTime: h, period: p}, []int{100, 899}, []string{"press 100"}},
		{"repeat: while held", gestures{holdTime: h, period: p}, []int{100, 1399}, []string{"press 100", "repeat 900", "repeat 1100", "repeat 1300"}},
		{"repeat, release", gestures{holdTime: h, period: p, releases: true}, []int{100, 950}, []string{"press 100", "repeat 900", "release 950"}},
		{"repeat, release: let go as it repeats", gestures{holdTime: h, period: p, releases: true}, []int{100, 900}, []string{"press 100", "repeat 900", "release 900"}},
		{"repeat, double: press", gestures{holdTime: h, doubleTime: d, period: p}, []int{100, 200}, []string{"press 500"}},
		{"repeat, double: repeat", gestures{holdTime: h, doubleTime: d, period: p}, []int{100, 1150}, []string{"repeat 900", "repeat 1100"}},
		{"repeat, double: double, held on", gestures{holdTime: h, doubleTime: d, period: p}, []int{100, 200, 300, 5000}, []string{"double 300"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := runGestures(&c.g, c.edges, 10_000); !reflect.DeepEqual(got, c.want) {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
}

// reference finds the gestures of a whole recording: it sees all edges at once
// and has no state.
func reference(holdMS, doubleMS, periodMS int, releases bool, edges []int, end int) (got []string) {
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
		held := holdMS > 0 && up >= down+holdMS
		waits := doubleMS > 0 || holdMS > 0 && periodMS == 0 // for what becomes of the press
		if !waits {
			say(press, down)
		}
		switch {
		case held && periodMS == 0:
			if down+holdMS < end {
				say(hold, down+holdMS)
			}
		case held:
			for at := down + holdMS; at <= up && at < end; at += periodMS {
				say(repeat, at)
			}
		case !waits || up == never:
		case doubleMS == 0:
			say(press, up)
		case next < up+doubleMS:
			say(double, next)
			i += 2
		case up+doubleMS < end:
			say(press, up+doubleMS)
		}
		if releases && up != never {
			say(release, up)
		}
	}
	return got
}

func TestGesturesAgainstReference(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		holdMS := rapid.SampledFrom([]int{0, 100, 800}).Draw(t, "hold")
		doubleMS := rapid.SampledFrom([]int{0, 90, 300}).Draw(t, "double")
		periodMS, releases := 0, false
		if holdMS > 0 {
			periodMS = rapid.SampledFrom([]int{0, 7, 200}).Draw(t, "period")
		}
		if doubleMS == 0 && (holdMS == 0 || periodMS > 0) {
			releases = rapid.Bool().Draw(t, "releases")
		}
		var edges []int
		at := 0
		for _, gap := range rapid.SliceOf(rapid.IntRange(1, 1000)).Draw(t, "gaps") {
			at += gap
			edges = append(edges, at)
		}
		g := &gestures{holdTime: time.Duration(holdMS) * ms, doubleTime: time.Duration(doubleMS) * ms,
			period: time.Duration(periodMS) * ms, releases: releases}
		end := at + rapid.IntRange(1, 2000).Draw(t, "end")
		got, want := runGestures(g, edges, end), reference(holdMS, doubleMS, periodMS, releases, edges, end)
		if !reflect.DeepEqual(got, want) {
			t.Fatalf("hold %d, double %d, period %d, releases %v, edges %v, end %d:\ngot  %q\nwant %q",
				holdMS, doubleMS, periodMS, releases, edges, end, got, want)
		}
	})
}

// Changes that say nothing new do nothing.
func TestGesturesRepeatedChange(t *testing.T) {
	g := &gestures{releases: true}
	at := time.Time{}
	for i, c := range []struct {
		pressed bool
		want    gesture
	}{{false, none}, {true, press}, {true, none}, {false, release}, {false, none}, {true, press}} {
		if before, now := g.change(c.pressed, at); before != none || now != c.want {
			t.Errorf("change %d: %v, %v, want %v", i, before, now, c.want)
		}
	}
}

// Who is late by many repeats gets one.
func TestGesturesRepeatIsNotMadeUpFor(t *testing.T) {
	g := &gestures{holdTime: 800 * ms, period: 200 * ms}
	at := time.Time{}
	g.change(true, at)
	if got := g.tick(at.Add(5 * time.Second)); got != repeat {
		t.Errorf("late: %v", got)
	}
	if due, ok := g.due(); !ok || due != at.Add(5200*ms) {
		t.Errorf("next at %v, %v", due, ok)
	}
	if before, now := g.change(false, at.Add(5199*ms)); before != none || now != none {
		t.Errorf("let go: %v, %v", before, now)
	}
}
