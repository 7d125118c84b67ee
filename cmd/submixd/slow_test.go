package main

import (
	"testing"
	"testing/synctest"
	"time"

	"submix/control"
	"submix/hw/sim"
)

// inSlowBubble is inBubble with cards that take a second to open, as some USB
// cards do; the box has just begun to open them.
func inSlowBubble(t *testing.T, test func(r *rig)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, simulated3)
		r.slow = time.Second
		r.run()
		test(r)
		r.shutdown()
	})
}

// within runs f and checks how long that takes.
func (r *rig) within(limit time.Duration, what string, f func()) {
	r.Helper()
	start := time.Now()
	f()
	if took := time.Since(start); took > limit {
		r.Errorf("%s took %v, want %v at most", what, took, limit)
	}
}

func TestEndWhileOpening(t *testing.T) {
	inSlowBubble(t, func(r *rig) {
		r.streams("mic gone", "line gone")
		r.within(0, "end", func() { r.says("end") })
		time.Sleep(100 * time.Millisecond)
		r.says("status", "state: ending") // until the cards are free
		r.refuses("start", control.CodeRunning, "not ended yet")
		time.Sleep(time.Second)
		r.says("status", "state: ended", "streams: 2")
		r.within(0, "start", func() { r.says("start") })
		time.Sleep(1100 * time.Millisecond)
		r.streams("mic live", "line live") // side by side, not one after the other
		r.wantLogged(0, "not added")
		r.wantLogged(0, "stream ")
	})
}

func TestShutdownWhileOpening(t *testing.T) {
	inSlowBubble(t, func(r *rig) {
		r.within(1100*time.Millisecond, "shutdown", r.shutdown)
	})
}

func TestRemoveWhileOpening(t *testing.T) {
	inSlowBubble(t, func(r *rig) {
		r.refuses("add mic", control.CodeExists)
		r.within(time.Second, "remove", func() { r.says("remove mic") })
		r.says("add mic sim:silence")
		time.Sleep(100 * time.Millisecond)
		r.streams("line live", "mic live")
	})
}

// The cards are gone and being opened again when the command comes.
func TestWhileReopening(t *testing.T) {
	reopening := func(t *testing.T, test func(r *rig)) {
		inSlowBubble(t, func(r *rig) {
			time.Sleep(2500 * time.Millisecond)
			r.streams("mic live", "line live")
			r.card("mic").Unplug()
			time.Sleep(500 * time.Millisecond)
			r.streams("mic gone", "line live")
			test(r)
			r.wantLogged(1, "stream gone")
			r.wantLogged(0, "back")
		})
	}
	t.Run("remove", func(t *testing.T) {
		reopening(t, func(r *rig) {
			r.within(time.Second, "remove", func() { r.says("remove mic") })
			r.streams("line live")
			r.says("add mic")
			time.Sleep(100 * time.Millisecond)
			r.streams("line live", "mic live")
		})
	})
	t.Run("end", func(t *testing.T) {
		reopening(t, func(r *rig) {
			r.says("end")
			time.Sleep(100 * time.Millisecond)
			r.streams("mic ended", "line ended")
			r.says("status", "state: ending") // until the card is free
			time.Sleep(time.Second)
			r.says("status", "state: ended")
			if reason := r.stream("mic").Reason; reason != sim.ErrGone.Error() {
				t.Errorf("the reason is %q, want that for which it was gone", reason)
			}
		})
	})
	t.Run("end now, remove, start", func(t *testing.T) {
		reopening(t, func(r *rig) {
			r.says("end")
			r.says("end now")
			r.streams()
			r.refuses("remove mic", control.CodeNoStream)
			time.Sleep(time.Second)
			if n := r.open.Load(); n != 0 {
				t.Errorf("%d sources are open when the next mix begins", n)
			}
			r.says("start")
			time.Sleep(2100 * time.Millisecond)
			r.streams("mic live", "line live")
		})
	})
	t.Run("shutdown", func(t *testing.T) {
		reopening(t, func(r *rig) {
			r.within(time.Second, "shutdown", r.shutdown)
		})
	})
}

// The playback card stands still and nobody mixes: nothing waits for ever.
func TestStuckPlayback(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, simulated3)
		r.b.openSink = stuckAfter(100)
		r.run()
		time.Sleep(time.Second)
		r.within(shutdownTime, "remove", func() { r.says("remove mic") })
		r.within(0, "end", func() { r.says("end") })
		r.within(timeToEnd(r.b.config()), "shutdown", func() {
			if err := r.b.shutdown(r.mixing, r.cancel); err == nil {
				t.Error("shutdown says that the mix has ended")
			}
		})
		if n := r.open.Load(); n != 0 {
			t.Errorf("%d sources are open after the end", n)
		}
	})
}

// closing is a device that takes a while to close.
type closing time.Duration

func (c closing) Close() error {
	time.Sleep(time.Duration(c))
	return nil
}

// A card that is back before its driver has let go of it is looked for as soon as that has, though it comes and goes.
func TestBackWhileClosing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const slow = closing(1500 * time.Millisecond)
		s := search[closing]{open: func() (closing, error) { return slow, nil }, changed: newBell(), opened: time.Now()}
		for range 9 {
			s.retry.pause()
		}
		time.AfterFunc(time.Second, s.changed.ring)
		began := time.Now()
		s.close(slow)
		if _, ok := s.find(t.Context(), nil); !ok {
			t.Error("it is not found")
		}
		took := time.Since(began)
		t.Logf("open again %v after it was lost, %v after it was back", took, took-time.Second)
		if took != time.Duration(slow) {
			t.Errorf("want it when it is closed, after %v", time.Duration(slow))
		}
	})
}
