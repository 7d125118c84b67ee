package main

import (
	"sync/atomic"
	"time"

	"submix/cmd/submixd/config"
	"submix/mixer"
)

// A post is where the mixing goroutine stands: in which call of a driver, so that it
// can be said which one does not come back. A nil *post takes no notice.
type post struct {
	call atomic.Pointer[string] // "hw:Out,0 has not come back from a write"; nil: it is in none
}

// in says that it is in a call; nil that it is in none.
func (p *post) in(call *string) {
	if p != nil {
		p.call.Store(call)
	}
}

// String is the call that it is in.
func (p *post) String() string {
	if call := p.call.Load(); call != nil {
		return *call
	}
	return "the mixing thread does not run"
}

// callOf makes the text for in. It is not to be made at each block.
func callOf(device config.Device, what string) *string {
	s := device.String() + " has not come back from " + what
	return &s
}

// watchedSink is a sink whose calls are noted, and which tells the mixer in its own words that it had stopped.
type watchedSink struct {
	sink
	post               *post
	waits, write, ends *string
}

// watch returns s with its calls noted.
func (p *post) watch(s sink, d config.Device) sink {
	return &watchedSink{s, p, callOf(d, "a wait for room"), callOf(d, "a write"), callOf(d, "playing what was left")}
}

func (w *watchedSink) Wait() (int, time.Time, error) {
	w.post.in(w.waits)
	defer w.post.in(nil)
	queued, at, err := w.sink.Wait()
	if err != nil && isXrun(err) {
		err = mixer.ErrGap
	}
	return queued, at, err
}

func (w *watchedSink) Write(block []float32) error {
	w.post.in(w.write)
	defer w.post.in(nil)
	return w.sink.Write(block)
}

func (w *watchedSink) Drain() error {
	w.post.in(w.ends)
	defer w.post.in(nil)
	return w.sink.Drain()
}
