package gpio

import (
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// edgeAt is a move of the line to the opposite level, a time after the beginning.
type edgeAt = time.Duration

// told is a change and when it was reported.
type told struct {
	Change
	when time.Time
}

// play drives a Debounce as Input does.
func play(start time.Time, edges []edgeAt) (changes []told) {
	var d Debounce
	level := false
	settle := func(until time.Time) {
		for {
			due, waits := d.Due()
			if !waits || due.After(until) {
				return
			}
			if c, ok := d.Settle(due, level); ok {
				changes = append(changes, told{c, due})
			}
		}
	}
	for _, at := range edges {
		settle(start.Add(at))
		level = !level
		d.Edge(start.Add(at))
	}
	settle(start.Add(time.Hour))
	return changes
}

const us = time.Microsecond

// bounces draws the edges of a contact that closes, or opens, at once and bounces for less than Quiet.
func bounces(t *rapid.T, at edgeAt) (edges []edgeAt) {
	edges = append(edges, at)
	end := at
	for range rapid.IntRange(0, 12).Draw(t, "bounces") {
		back := end + time.Duration(rapid.IntRange(1, 2000).Draw(t, "contact"))*us
		again := back + time.Duration(rapid.IntRange(1, 999).Draw(t, "gap"))*us
		if again >= at+Quiet {
			break
		}
		edges, end = append(edges, back, again), again
	}
	return edges
}

// Whatever bounces and strays in, each move of the finger is one change, and comes with the time of its first edge and
// within Quiet of it.
func TestDebounceFollowsTheFinger(t *testing.T) {
	start := time.Unix(1000, 0)
	rapid.Check(t, func(t *rapid.T) {
		var edges []edgeAt
		var finger []Change
		at := time.Duration(0)
		for range rapid.IntRange(0, 30).Draw(t, "moves") {
			at += 12*time.Millisecond + time.Duration(rapid.IntRange(0, 200_000).Draw(t, "rest"))*us
			if rapid.Bool().Draw(t, "spike") {
				edges = append(edges, at, at+time.Duration(rapid.IntRange(0, 999).Draw(t, "spike in us"))*us)
				continue
			}
			edges = append(edges, bounces(t, at)...)
			finger = append(finger, Change{len(finger)%2 == 0, start.Add(at)})
		}
		got := play(start, edges)
		if !slices.EqualFunc(got, finger, func(a told, b Change) bool { return a.Change == b }) {
			t.Fatalf("edges at %v:\n got %v\nwant %v", edges, got, finger)
		}
		for _, c := range got {
			if late := c.when.Sub(c.At); late < Firm || late > Quiet {
				t.Fatalf("edges at %v: the change at %v is reported %v later", edges, c.At, late)
			}
		}
	})
}

func TestTwelveBouncesAreOnePress(t *testing.T) {
	start := time.Unix(1000, 0)
	var edges []edgeAt
	for i := range 25 { // 12 bounces: down, and up and down 12 times
		edges = append(edges, time.Duration(i)*200*us)
	}
	want := []told{{Change{true, start}, start.Add(Quiet)}}
	if got := play(start, edges); !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

// Once it counts, a press may bounce for as long as it likes.
func TestLongBouncingIsOnePress(t *testing.T) {
	start := time.Unix(1000, 0)
	edges := []edgeAt{0}
	for i := range 40 {
		edges = append(edges, time.Duration(2+i)*time.Millisecond)
	}
	want := []told{{Change{true, start}, start.Add(Firm)}}
	if got := play(start, edges); !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

// A tap shorter than the bouncing may take is a press and a release all the same.
func TestTapIsPressAndRelease(t *testing.T) {
	start := time.Unix(1000, 0)
	got := play(start, []edgeAt{0, 2 * time.Millisecond})
	looked := start.Add(2*time.Millisecond + Quiet)
	want := []told{{Change{true, start}, start.Add(Firm)}, {Change{false, looked}, looked.Add(Firm)}}
	if !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

func TestDebounceFindsALostEdge(t *testing.T) {
	var d Debounce
	at := time.Unix(1000, 0)
	if c, ok := d.Settle(at, true); ok {
		t.Fatalf("%v at once, want a change only after %v", c, Firm)
	}
	if c, ok := d.Settle(at.Add(Firm), true); !ok || c != (Change{true, at}) {
		t.Errorf("got %v %v, want the press", c, ok)
	}
}
