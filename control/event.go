package control

import (
	"log/slog"
)

// eventKey is the key of an attribute by which an entry of the log is an event.
const eventKey = "event"

// Event is the kind of an event: an entry of the log that programs are told of.
type Event string

// The events. Their meanings are those of [Events].
const (
	EventClip       Event = "clip"
	EventCommand    Event = "command"
	EventEnded      Event = "ended"
	EventFailed     Event = "failed"
	EventLatency    Event = "latency"
	EventLock       Event = "lock"
	EventMix        Event = "mix"
	EventMoves      Event = "moves"
	EventOutOfRange Event = "out-of-range"
	EventRefused    Event = "refused"
	EventReplug     Event = "replug"
	EventReturn     Event = "return"
	EventShed       Event = "shed"
	EventShort      Event = "short"
	EventStall      Event = "stall"
	EventStuck      Event = "stuck"
	EventUnlock     Event = "unlock"
	EventUnplug     Event = "unplug"
	EventXrun       Event = "xrun"

	eventLost Event = "lost" // is in no log: a session is told so
)

// EventInfo describes an event.
type EventInfo struct {
	Event   Event
	Meaning string
}

// Events returns all events in the order of their names.
func Events() []EventInfo {
	return []EventInfo{
		{EventClip, "a stream, or the output (`stream=out`), was above full scale; once a second at most"},
		{EventCommand, "a command changed something; `origin` says where it came from: `serial`, `socket`, `console`, `button NAME`, `encoder NAME`, `signal`"},
		{EventEnded, "a stream has ended: its file is at its end, or the mix ends"},
		{EventFailed, "a stream has failed, and why"},
		{EventLatency, "the latency that `auto` has chosen"},
		{EventLock, "the drift of a stream's clock is known"},
		{eventLost, "the session was too slow, and so many (`n`) events before the next one are lost to it; they may be in `log`"},
		{EventMix, "the mix has another `state`: see `status`"},
		{EventMoves, "blocks advance again after `stuck`"},
		{EventOutOfRange, "a stream's clock is off by more than can be corrected"},
		{EventRefused, "a command that would have changed something could not, and why"},
		{EventReplug, "the device of a stream is back"},
		{EventReturn, "a stream is heard again, or for the first time if that took a while"},
		{EventShed, "a stream was faded out because the processor is too slow"},
		{EventShort, "a stream had too few frames for some blocks; once a second at most"},
		{EventStall, "a stream has delivered nothing for the stream timeout"},
		{EventStuck, "blocks do not advance, and which call holds them up"},
		{EventUnlock, "the drift of a stream's clock is not known any more"},
		{EventUnplug, "the device of a stream is gone, or cannot be opened, and why"},
		{EventXrun, "a stream, or the output, has lost frames; once a second at most"},
	}
}

// Attr makes an entry of the log the event.
func (e Event) Attr() slog.Attr { return slog.String(eventKey, string(e)) }

// A follower is a session's place among the events. What is not read yet is kept
// once for all sessions, LogEntries of it, so that a slow one holds up nobody.
type follower struct {
	ring *logRing
	next uint64 // event to read
}

// follow begins behind the last event.
func (l *Log) follow() *follower {
	l.ring.mu.Lock()
	defer l.ring.mu.Unlock()
	return &follower{ring: l.ring, next: l.ring.events.count}
}

// news is closed when there is something to take.
func (f *follower) news() <-chan struct{} {
	f.ring.mu.Lock()
	defer f.ring.mu.Unlock()
	if f.next < f.ring.events.count {
		now := make(chan struct{})
		close(now)
		return now
	}
	if f.ring.more == nil {
		f.ring.more = make(chan struct{})
	}
	return f.ring.more
}

// take returns up to n events, the oldest first, after what was lost before them.
func (f *follower) take(n int) (lines []string) {
	f.ring.mu.Lock()
	defer f.ring.mu.Unlock()
	events := &f.ring.events
	if oldest := events.count - min(events.count, LogEntries); f.next < oldest {
		lines = append(lines, Thing("event", string(eventLost), "n", oldest-f.next))
		f.next = oldest
	}
	for ; f.next < events.count && n > 0; n-- {
		lines = append(lines, events.lines[f.next%LogEntries])
		f.next++
	}
	return lines
}
