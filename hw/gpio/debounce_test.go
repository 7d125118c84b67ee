package gpio

import (
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// edgeAt is a move of the line to the opposite level, a time after the beginning.
type edgeAt = time.Duration

// settled is the plain reference: a level counts if no edge follows within Quiet, and changes something if it is not
// the level that counted before.
func settled(start time.Time, edges []edgeAt) (changes []Change) {
	level, accepted := false, false
	for i, at := range edges {
		level = !level
		if i+1 < len(edges) && edges[i+1]-at < Quiet {
			continue
		}
		if level != accepted {
			accepted = level
			changes = append(changes, Change{level, start.Add(at)})
		}
	}
	return changes
}

// play drives a Debounce as Input does.
func play(start time.Time, edges []edgeAt) (changes []Change) {
	var d Debounce
	level := false
	settle := func(until time.Time) {
		for {
			due, moving := d.Due()
			if !moving || due.After(until) {
				return
			}
			if c, ok := d.Settle(due, level); ok {
				changes = append(changes, c)
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

func TestDebounceAgainstReference(t *testing.T) {
	gap := rapid.OneOf(rapid.Int64Range(0, 12), rapid.Just(int64(Quiet/time.Millisecond)), rapid.Int64Range(0, 1000))
	rapid.Check(t, func(t *rapid.T) {
		var edges []edgeAt
		at := time.Duration(0)
		for _, g := range rapid.SliceOfN(gap, 0, 60).Draw(t, "gaps in ms") {
			at += time.Duration(g) * time.Millisecond
			edges = append(edges, at)
		}
		start := time.Unix(1000, 0)
		if got, want := play(start, edges), settled(start, edges); !slices.Equal(got, want) {
			t.Fatalf("edges at %v:\n got %v\nwant %v", edges, got, want)
		}
	})
}

func TestTwelveBouncesAreOnePress(t *testing.T) {
	start := time.Unix(1000, 0)
	var edges []edgeAt
	for i := range 25 { // 12 bounces: down, and up and down 12 times
		edges = append(edges, time.Duration(i)*200*time.Microsecond)
	}
	want := []Change{{true, start.Add(4800 * time.Microsecond)}}
	if got := play(start, edges); !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

func TestDebounceFindsALostEdge(t *testing.T) {
	var d Debounce
	at := time.Unix(1000, 0)
	if c, ok := d.Settle(at, true); ok {
		t.Fatalf("%v at once, want a change only after %v", c, Quiet)
	}
	if c, ok := d.Settle(at.Add(Quiet), true); !ok || c != (Change{true, at}) {
		t.Errorf("got %v %v, want the press", c, ok)
	}
}
