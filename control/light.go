package control

import (
	"time"

	"submix/mixer"
)

// LightPeriod is how often a light is to be looked at: the times below are
// multiples of twice as much.
const LightPeriod = 50 * time.Millisecond

const (
	shownFor   = 500 * time.Millisecond // what is over at once, so that it is seen
	blinkTime  = time.Second            // on for the first half
	fastTime   = 200 * time.Millisecond // on for the first half
	beatTime   = time.Second
	beatLength = 100 * time.Millisecond
	beatless   = 2 * time.Second // without a block, the longest of which is 1 s: the heart stands still
)

// Scene is what lights show something of.
type Scene struct {
	State   State
	Fault   bool // of the box itself: it does not run as its owner wants it to
	Streams []mixer.StreamInfo
	Output  mixer.OutputInfo
}

// Light decides whether a light is lit, which shows one thing, as PROTOCOL.md has
// them. It has no clock. Not for concurrent use.
type Light struct {
	What string // running, heartbeat, muted, live, heard, stalled, clip, fault
	Name string // of a stream, any, or out; empty for running and heartbeat
	As   string // on, blink, fast; not for heartbeat

	looked bool
	count  uint64    // of what is over at once, at the last look
	moved  time.Time // when count last grew, zero: never
	on     bool
	since  time.Time // when on became true
}

// Lit is called every LightPeriod.
func (l *Light) Lit(now time.Time, s Scene) bool {
	on, count := l.state(s)
	if l.looked && count > l.count {
		l.moved = now
	}
	l.looked, l.count = true, count
	sinceMoved := now.Sub(l.moved)
	if l.What == "heartbeat" {
		return sinceMoved < beatless && inPeriod(time.Duration(now.UnixNano()), beatTime) < beatLength
	}
	on = on || sinceMoved < shownFor
	if on && !l.on {
		l.since = now
	}
	l.on = on
	switch l.As {
	case "blink":
		return on && inPeriod(now.Sub(l.since), blinkTime) < blinkTime/2
	case "fast":
		return on && inPeriod(now.Sub(l.since), fastTime) < fastTime/2
	}
	return on
}

// inPeriod is where in its period a time is, as if looks came at exact times.
func inPeriod(t, period time.Duration) time.Duration { return t.Round(LightPeriod) % period }

// state returns whether what is shown is so, and a count that grows with each
// thing to be shown that is over at once, or for heartbeat with each block.
func (l *Light) state(s Scene) (on bool, count uint64) {
	switch l.What {
	case "running":
		return s.State == StateRunning, 0
	case "heartbeat":
		return false, s.Output.Blocks
	}
	if l.Name == nameOut || l.Name == nameAny && l.What == "fault" {
		on, count = l.output(s)
	}
	if l.Name == nameAny && l.What == "fault" {
		on = on || s.Fault
	}
	for _, stream := range s.Streams {
		if l.Name == stream.Name || l.Name == nameAny {
			is, n := l.stream(stream, s.Output.Mute || s.State == StateNoOutput)
			on, count = on || is, count+n
		}
	}
	return on, count
}

const nameAny = "any" // of the streams

func (l *Light) output(s Scene) (on bool, count uint64) {
	switch l.What {
	case "muted":
		return s.Output.Mute, 0
	case "clip":
		return false, s.Output.Clips
	case "fault":
		return s.State == StateNoOutput, s.Output.Xruns
	}
	return false, 0
}

func (l *Light) stream(i mixer.StreamInfo, silent bool) (on bool, count uint64) {
	switch l.What {
	case "muted":
		return i.Mute, 0
	case "live":
		return i.State == mixer.Live, 0
	case "heard":
		return i.State == mixer.Live && !i.Mute && !silent, 0
	case "stalled":
		return lacking(i.State), 0
	case "clip":
		return false, i.Clips
	case "fault":
		return lacking(i.State) || i.State == mixer.Failed, i.Xruns + i.Short
	}
	return false, 0
}

// lacking reports that a stream in the mix is silent against its will.
func lacking(s mixer.State) bool {
	return s == mixer.Stalled || s == mixer.Shed || s == mixer.Gone
}
