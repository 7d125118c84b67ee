package main

import (
	"sync"
	"time"
)

// A retry is the schedule by which what has failed is tried again: after pauses that grow, so that what only a person can
// mend costs next to nothing. The zero value begins with the shortest.
type retry struct{ last, before time.Duration }

const (
	firstPause   = 20 * time.Millisecond // udev gives a new node its rights some milliseconds after the kernel tells of it
	lastShort    = time.Second           // other programs look at a new card, too
	longestPause = 30 * time.Second
)

// pause returns how long to wait before the next attempt: 20 ms, 50 ms, 125 ms ... 30 s.
func (r *retry) pause() time.Duration {
	r.last = min(max(firstPause, r.last*5/2), longestPause)
	if r.last > lastShort {
		r.last, r.before = max(r.last, r.before), 0
	}
	return r.last
}

func (r *retry) reset() { *r = retry{} }

// news says that something has changed, which may concern another device: after a few
// short pauses the one that was reached before is next, so that a card that comes and
// goes does not have all that are missing looked for all the time.
func (r *retry) news() { *r = retry{before: max(r.last, r.before)} }

// worked takes in how long all went well after an attempt. What fails soon each time is tried less and less often.
func (r *retry) worked(d time.Duration) {
	if d >= longestPause {
		r.reset()
	}
}

// A bell wakes whoever waits for it. Any goroutine may use it.
type bell struct {
	mu   sync.Mutex
	rung chan struct{}
}

func newBell() *bell { return &bell{rung: make(chan struct{})} }

// wait returns a channel that is closed when the bell rings next.
func (b *bell) wait() <-chan struct{} {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.rung
}

func (b *bell) ring() {
	b.mu.Lock()
	defer b.mu.Unlock()
	close(b.rung)
	b.rung = make(chan struct{})
}
