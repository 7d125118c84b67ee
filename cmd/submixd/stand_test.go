package main

import (
	"context"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"golang.org/x/sys/unix"

	"submix/cmd/submixd/config"
	"submix/hw/alsa"
	"submix/hw/sim"
)

// standing is a simulated card that, like one of package alsa, is gone when it runs and delivers nothing for 10 s, or at
// first for its patience.
type standing struct {
	*sim.Source
	heard    time.Time
	patience time.Duration
}

func (s *standing) Read(dst []float32) (int, error) {
	n, err := s.Source.Read(dst)
	switch now := time.Now(); {
	case n > 0:
		s.heard, s.patience = now, 10*time.Second
	case now.Sub(s.heard) >= s.patience:
		return 0, fmt.Errorf("hw:Mic (capture): %w: %w (it runs, but has delivered nothing)", alsa.ErrGone, alsa.ErrStands)
	}
	return n, err
}

// standingMic runs test on a box whose mic stands still from 1 s after the start: its first card for two hours, and those
// that it is opened as later until so much time after that. opened is how often it was.
func standingMic(t *testing.T, again time.Duration, test func(r *rig, opened func() int, goesOn time.Time)) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, simulated3)
		var mu sync.Mutex
		opened, goesOn := 0, time.Now()
		open := r.b.openSource
		r.b.openSource = func(in *input) (*source, error) {
			src, err := open(in)
			if err == nil && in.Name == "mic" {
				mu.Lock()
				defer mu.Unlock()
				opened++
				card := r.card("mic")
				card.Stall(max(0, time.Until(goesOn)))
				src.Source = in.gaps(&standing{card, time.Now(), max(in.patience(), 10*time.Second)})
			}
			return src, err
		}
		r.run()
		ctx, cancel := context.WithCancel(r.Context())
		defer cancel()
		go monitor(ctx, r.b, slog.New(r.log))
		time.Sleep(time.Second)
		mu.Lock()
		goesOn = time.Now().Add(again)
		mu.Unlock()
		r.streams("mic live", "line live")
		r.card("mic").Stall(2 * time.Hour)
		test(r, func() int { mu.Lock(); defer mu.Unlock(); return opened }, goesOn)
		if s := r.stream("line"); s.State.String() != "live" || s.Short+s.Stalls+s.Xruns > 0 {
			t.Errorf("the other stream is %+v", s)
		}
		r.shutdown()
	})
}

// A card that stands still and is helped by opening it anew is heard again when that is done.
func TestCardThatHangs(t *testing.T) {
	standingMic(t, 0, func(r *rig, opened func() int, _ time.Time) {
		before := r.stream("mic").Target
		time.Sleep(9500 * time.Millisecond)
		r.streams("mic stalled", "line live")
		start := time.Now()
		for r.stream("mic").State.String() != "live" {
			time.Sleep(time.Millisecond)
		}
		took := 9500*time.Millisecond + time.Since(start)
		time.Sleep(2 * time.Second)
		t.Logf("live again %v after it stood still; latency %v, set to %v before", took, r.stream("mic").Latency, before)
		if took > 10*time.Second+100*time.Millisecond || opened() != 2 || (r.stream("mic").Latency-before).Abs() > time.Millisecond {
			t.Errorf("it was opened %d times", opened())
		}
		r.wantLogged(1, `text="stream gone"`)
		r.wantLogged(1, `text="stream is back"`)
	})
}

// One that waits for its clock is opened anew once a minute, is told once, says why all the time, and is heard as soon as
// it goes on.
func TestCardThatWaits(t *testing.T) {
	standingMic(t, 2*time.Minute+42*time.Second, func(r *rig, opened func() int, goesOn time.Time) {
		time.Sleep(9500 * time.Millisecond)
		r.says("streams", "stream mic state=stalled")
		if s := r.stream("mic"); s.Reason != "" {
			t.Errorf("a stall that may be over soon has the reason %q", s.Reason)
		}
		time.Sleep(1500 * time.Millisecond)
		silent, gone := 0, 0
		for range 130 {
			time.Sleep(997 * time.Millisecond)
			s := r.stream("mic")
			if s.Reason == "" {
				silent++
			}
			if s.State.String() != "stalled" { // while it is opened anew
				gone++
			}
		}
		s := r.stream("mic")
		t.Logf("after 140 s: opened %d times, %d stalls, %d unplugs: %s", opened(), s.Stalls, s.Unplugs, s.Reason)
		if opened() != 4 || s.Stalls != 1 || s.Unplugs != 1 || silent > 0 || gone > 3 {
			t.Errorf("at %d of 130 looks it did not say why, at %d it was not there", silent, gone)
		}
		r.says("streams", "unplugs=1 reason=\"hw:Mic (capture): ", "it runs, but has delivered nothing")
		r.wantLogged(1, "state=stalled")
		r.wantLogged(1, `text="stream gone"`)
		r.wantLogged(0, `text="stream is back"`)
		for r.stream("mic").State.String() != "live" {
			time.Sleep(time.Millisecond)
		}
		took := time.Since(goesOn)
		t.Logf("live %v after it went on", took)
		if took > 50*time.Millisecond {
			t.Error("want 50 ms at most")
		}
		time.Sleep(2 * time.Second)
		r.wantLogged(1, `text="stream is back"`)
		r.wantLogged(1, "state=live")
		if s := r.stream("mic"); s.Reason != "" {
			t.Errorf("it is back, and says %q", s.Reason)
		}
	})
}

// standingOut is a playback card that takes one block, and no sound after that.
type standingOut struct {
	sink
	blocks int
}

func (s *standingOut) Wait() (int, time.Time, error) {
	if s.blocks++; s.blocks == 1 {
		return s.sink.Wait()
	}
	time.Sleep(2 * time.Second)
	return 0, time.Time{}, fmt.Errorf("hw:Out,0 (playback): %w: %w", alsa.ErrGone, unix.ETIMEDOUT)
}

// A playback card that stands still is told once, however often it is opened anew, and less and less often.
func TestPlaybackThatStands(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, simulated3)
		var opened atomic.Int32
		r.b.openSink = func(cfg *config.Config) (sink, error) {
			opened.Add(1)
			s, err := newSim(cfg, sim.SinkConfig{})
			return &standingOut{sink: s}, err
		}
		r.run()
		time.Sleep(30 * time.Second)
		n := opened.Load()
		t.Logf("opened %d times in half a minute", n)
		if n < 6 || n > 9 {
			t.Error("want some times, with growing pauses")
		}
		r.wantLogged(1, `text="no output"`)
		r.wantLogged(0, `text="output is back"`)
		r.shutdown()
	})
}
