package main

import (
	"testing"
	"testing/synctest"
	"time"
)

func TestRetry(t *testing.T) {
	var r retry
	want := []time.Duration{20e6, 50e6, 125e6, 312500e3, 781250e3, 1953125e3, 4882812500, 12207031250, 30e9, 30e9}
	for i, w := range want {
		if got := r.pause(); got != w {
			t.Errorf("pause %d is %v, want %v", i+1, got, w)
		}
	}
	if r.worked(29 * time.Second); r.pause() != longestPause {
		t.Error("what failed again soon is tried soon again")
	}
	if r.worked(longestPause); r.pause() != firstPause {
		t.Error("what worked for long is not tried at once")
	}
}

// News make for a few short pauses, not for the whole schedule again, however often they come.
func TestRetryAfterNews(t *testing.T) {
	var r retry
	for range 9 {
		r.pause()
	}
	for range 2 {
		r.news()
		r.pause()
		r.news()
		for i, w := range []time.Duration{20e6, 50e6, 125e6, 312500e3, 781250e3, 30e9, 30e9} {
			if got := r.pause(); got != w {
				t.Errorf("pause %d is %v, want %v", i+1, got, w)
			}
		}
	}
}

// Whoever waits is woken, and a ring between two waits is not lost.
func TestBell(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBell()
		woken := make(chan int, 10)
		first, second := b.wait(), b.wait()
		go func() { <-first; woken <- 1 }()
		go func() { <-second; woken <- 1 }()
		synctest.Wait()
		if len(woken) != 0 {
			t.Error("woken without a ring")
		}
		b.ring()
		b.ring()
		synctest.Wait()
		if len(woken) != 2 {
			t.Errorf("%d are woken, want 2", len(woken))
		}
		select {
		case <-b.wait():
			t.Error("an old ring wakes")
		default:
		}
	})
}
