package mixer

import (
	"context"
	"errors"
	"io"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// These tests show, one by one, that the mixer has none of the faults of the one
// whose contract it keeps: LiveKit's AudioMixer.

// rig is a free-running mono mix of 10 ms blocks at 8 kHz.
type rig struct {
	*Mixer
	t   *testing.T
	ran chan error
}

const rigBlock = 80

func newRig(t *testing.T) *rig {
	m, err := New(Config{Rate: 8000, Channels: 1, Block: rigBlock})
	if err != nil {
		t.Fatal(err)
	}
	r := &rig{Mixer: m, t: t, ran: make(chan error, 1)}
	return r
}

func (r *rig) run() { go func() { r.ran <- r.Run(r.t.Context()) }() }

func (r *rig) feed(name string) *Feed {
	r.t.Helper()
	f := NewFeed(1, 8000)
	if _, err := r.Add(StreamConfig{Name: name, Source: f, Format: Format{8000, 1}}); err != nil {
		r.t.Fatal(err)
	}
	return f
}

// frame is 10 ms of the constant v/1024.
func frame(v int) []float32 {
	x := make([]float32, rigBlock)
	for i := range x {
		x[i] = float32(v) / 1024
	}
	return x
}

// deliver writes frames from..to, one each 10 ms.
func (r *rig) deliver(f *Feed, from, to int) {
	for v := from; v <= to; v++ {
		time.Sleep(ms(10))
		if err := f.Write(r.t.Context(), frame(v)); err != nil {
			r.t.Error(err)
		}
	}
}

// next reads a block and returns its first sample times 1024.
func (r *rig) next() (int, error) {
	x := make([]float32, rigBlock)
	err := r.Read(r.t.Context(), x)
	return int(x[0] * 1024), err
}

func (r *rig) rest() (values []int) {
	for {
		v, err := r.next()
		if err == io.EOF {
			return values
		}
		if err != nil {
			r.t.Fatal(err)
		}
		values = append(values, v)
	}
}

func TestStreamSurvivesAGap(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		f := r.feed("a")
		r.run()
		r.EndInput()
		go func() {
			r.deliver(f, 1, 3)
			time.Sleep(ms(350)) // three timeouts
			r.deliver(f, 4, 30)
			f.CloseWrite(nil)
		}()
		got := r.rest()
		if len(got) != 30 || got[29] != 30 {
			t.Errorf("%d of 30 frames: %v", len(got), got)
		}
		if n := r.Streams()[0].Stalls; n != 1 {
			t.Errorf("%d stalls counted, want 1", n)
		}
	})
}

func TestDeadStreamCostsOneTimeout(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		live := r.feed("live")
		r.feed("dead")
		r.run()
		go r.deliver(live, 1, 200)
		start, slowest := time.Now(), time.Duration(0)
		for i := 1; i <= 200; i++ {
			if v, err := r.next(); v != i || err != nil {
				t.Fatalf("block %d is %d, %v", i, v, err)
			}
			slowest = max(slowest, time.Since(start)-ms(10*i))
		}
		behind := time.Since(start) - ms(2000)
		t.Logf("2 s beside a dead stream: %.2f x real time, at most %v behind, %v at the end",
			2/time.Since(start).Seconds(), slowest, behind)
		if slowest > ms(100) || behind > 0 {
			t.Errorf("one dead stream costs %v, %v at the end; want one timeout, 0", slowest, behind)
		}
		if n := r.Streams()[1].Stalls; n != 1 {
			t.Errorf("%d stalls counted, want 1", n)
		}
		r.Close()
		<-r.ran
	})
}

func TestHealthyStreamIsNotLateAfterAnotherWas(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		a, b := r.feed("a"), r.feed("b")
		r.run()
		go r.deliver(a, 1, 200)
		go func() {
			for range 50 {
				time.Sleep(ms(10))
				b.Write(t.Context(), frame(0))
			}
			time.Sleep(ms(500))
			for range 100 {
				time.Sleep(ms(10))
				b.Write(t.Context(), frame(0))
			}
		}()
		start := time.Now()
		for i := 1; i <= 200; i++ {
			if v, _ := r.next(); v != i {
				t.Fatalf("block %d is %d", i, v)
			}
		}
		if late := time.Since(start) - ms(2000); late > 0 {
			t.Errorf("a is %v late at the end", late)
		}
		r.Close()
		<-r.ran
	})
}

func TestFailedStreamEndsWithAReason(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		bad := &badSource{err: errors.New("cable on fire")}
		if _, err := r.Add(StreamConfig{Name: "bad", Source: bad, Format: Format{8000, 1}}); err != nil {
			t.Fatal(err)
		}
		good := r.feed("good")
		r.run()
		r.EndInput()
		go func() { r.deliver(good, 1, 100); good.CloseWrite(nil) }()
		if got := r.rest(); len(got) != 100 {
			t.Errorf("%d of 100 blocks of the good stream", len(got))
		}
		info := r.Streams()[0]
		if info.State != Failed || info.Reason != "cable on fire" {
			t.Errorf("the bad stream is %v, reason %q", info.State, info.Reason)
		}
		if n := bad.reads.Load(); n != 1 {
			t.Errorf("%d reads of a source that has failed, want 1", n)
		}
	})
}

type badSource struct {
	err   error
	reads atomic.Int64
}

func (b *badSource) Read([]float32) (int, error) { b.reads.Add(1); return 0, b.err }

func TestCloseReleasesEveryWaiter(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		r.feed("silent")
		idle := newRig(t) // never run: its feed fills up
		full := idle.feed("full")
		r.run()
		errs := make(chan error)
		for range 3 {
			go func() { _, err := r.next(); errs <- err }()
		}
		go func() { errs <- full.Write(context.Background(), make([]float32, 20000)) }()
		synctest.Wait()
		r.Close()
		idle.Close()
		for range 4 {
			if err := <-errs; !errors.Is(err, ErrClosed) {
				t.Errorf("a waiter got %v, want ErrClosed", err)
			}
		}
		if err := <-r.ran; !errors.Is(err, ErrClosed) {
			t.Errorf("Run returned %v, want ErrClosed", err)
		}
		if _, err := r.next(); !errors.Is(err, ErrClosed) {
			t.Errorf("Read after Close: %v", err)
		}
	})
}

func TestEndReachesEveryReader(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		errs := make(chan error)
		for range 3 {
			go func() { _, err := r.next(); errs <- err }()
		}
		r.run()
		synctest.Wait()
		r.EndInput()
		for range 3 {
			if err := <-errs; err != io.EOF {
				t.Errorf("a reader got %v, want io.EOF", err)
			}
		}
		if _, err := r.Add(StreamConfig{Name: "late", Live: true}); !errors.Is(err, ErrEnded) {
			t.Errorf("Add after EndInput: %v", err)
		}
	})
}

func TestWrongShapeIsAnError(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m, _ := New(Config{Rate: 8000, Channels: 2, Block: 80})
		f := NewFeed(2, 8000)
		for _, wrong := range []Format{{80000, 2}, {900, 2}, {8000, 1}, {8000, 0}} {
			if _, err := m.Add(StreamConfig{Name: "a", Source: f, Format: wrong}); !errors.Is(err, ErrShape) {
				t.Errorf("%+v: %v, want ErrShape", wrong, err)
			}
		}
		s, err := m.Add(StreamConfig{Name: "a", Source: f, Format: Format{8000, 2}})
		if err != nil {
			t.Fatal(err)
		}
		if err := f.Write(t.Context(), make([]float32, 161)); !errors.Is(err, ErrShape) {
			t.Errorf("an odd number of samples: %v, want ErrShape", err)
		}
		m.EndInput()
		if err := m.Run(t.Context()); err != nil {
			t.Error(err)
		}
		if i := s.Info(); i.State != Failed || !strings.Contains(i.Reason, "161 samples") {
			t.Errorf("the stream is %v, reason %q", i.State, i.Reason)
		}
	})
}

func TestRemovedStreamStartsFresh(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		other, f := r.feed("other"), r.feed("a")
		r.run()
		f.Write(t.Context(), frame(7)[:rigBlock/2]) // half a block: a read is under way
		synctest.Wait()
		r.Remove("a")
		r.Remove("a") // idempotent
		if err := f.Write(t.Context(), make([]float32, 20000)); !errors.Is(err, ErrClosed) {
			t.Errorf("the producer of a removed stream got %v, want ErrClosed", err)
		}
		again := r.feed("a")
		other.Write(t.Context(), frame(0))
		again.Write(t.Context(), frame(5))
		if v, _ := r.next(); v != 0 && v != 5 {
			t.Errorf("the first block after adding again is %d: stale frames", v)
		}
		r.Close()
		<-r.ran
	})
}
