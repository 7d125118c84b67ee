package sim

import (
	"bytes"
	"errors"
	"io"
	"slices"
	"testing"
	"testing/synctest"
	"time"
)

type tape struct {
	samples []float32
	err     error
}

func (r *tape) WriteFrames(s []float32) error {
	r.samples = append(r.samples, s...)
	return r.err
}

func sink(t *testing.T, c SinkConfig) *Sink {
	t.Helper()
	s, err := NewSink(c)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestSinkPaces(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var played tape
		s := sink(t, SinkConfig{Block: 240, Periods: 3, PPM: 100, Recorder: &played})
		start := time.Now()
		block := make([]float32, 480)
		var want []float32
		for i := range 5001 {
			block[0] = float32(i)
			queued, at, err := s.Wait()
			if err != nil || queued < 479 || queued > 480 {
				t.Fatalf("block %d: %d frames are queued, %v; want two blocks", i, queued, err)
			}
			if exact := start.Add(s.clock.after(int64((i+2)*240 - queued))); !at.Equal(exact) || at.After(time.Now()) {
				t.Fatalf("block %d: %d frames are queued at %v, want %v", i, queued, at, exact)
			}
			if err := s.Write(block); err != nil {
				t.Fatal(err)
			}
			want = append(want, block...)
		}
		const ideal = 24997500250 * time.Nanosecond // 1,200,000 frames at 48,004.8 Hz
		if took := time.Since(start); (took - ideal).Abs() > 2*time.Microsecond {
			t.Errorf("5000 blocks took %v, want %v", took, ideal)
		}
		time.Sleep(5*time.Millisecond + 7*time.Microsecond) // late by a part of a frame
		if queued, at, err := s.Wait(); err != nil || !at.Equal(start.Add(s.clock.after(int64(5003*240-queued)))) || time.Since(at) < 7*time.Microsecond {
			t.Errorf("%d frames are queued at %v, %v ago, %v", queued, at, time.Since(at), err)
		}
		if s.Xruns() != 0 || !slices.Equal(played.samples, want) {
			t.Errorf("%d xruns, %d samples recorded", s.Xruns(), len(played.samples))
		}
	})
}

func TestUnderrunIsToldOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := sink(t, SinkConfig{Block: 240, Periods: 2})
		block := make([]float32, 480)
		s.Wait()
		s.Write(block)
		time.Sleep(10*time.Millisecond - time.Nanosecond)
		if queued, _, err := s.Wait(); queued != 1 || err != nil {
			t.Fatalf("just in time: %d, %v", queued, err)
		}
		s.Write(block)
		time.Sleep(5*time.Millisecond + time.Nanosecond) // 241 frames: the last one is out
		if err := s.Write(block); err != nil {
			t.Fatalf("the block after: %v", err)
		}
		if queued, _, err := s.Wait(); queued != 240 || !errors.Is(err, ErrXrun) {
			t.Errorf("underrun: %d, %v", queued, err)
		}
		if queued, _, err := s.Wait(); queued != 240 || err != nil || s.Xruns() != 1 {
			t.Errorf("after it: %d, %v, %d xruns", queued, err, s.Xruns())
		}
	})
}

func TestCloseEndsAWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := sink(t, SinkConfig{Rate: 1000, Block: 1e6}) // a quarter of an hour a block
		block := make([]float32, 2e6)
		s.Wait()
		s.Write(block)
		ended := make(chan error)
		go func() { _, _, err := s.Wait(); ended <- err }()
		synctest.Wait()
		start := time.Now()
		s.Close()
		s.Close()
		if err := <-ended; !errors.Is(err, ErrClosed) || time.Since(start) != 0 {
			t.Errorf("ended with %v after %v", err, time.Since(start))
		}
		if err := s.Write(block); !errors.Is(err, ErrClosed) {
			t.Errorf("write: %v", err)
		}
	})
}

func TestSinkErrors(t *testing.T) {
	s := sink(t, SinkConfig{Block: 240, Recorder: &tape{err: io.ErrShortWrite}})
	if err := s.Write(make([]float32, 479)); err == nil || !bytes.Contains([]byte(err.Error()), []byte("479")) {
		t.Errorf("wrong shape: %v", err)
	}
	if err := s.Write(make([]float32, 480)); !errors.Is(err, io.ErrShortWrite) {
		t.Errorf("recorder: %v", err)
	}
}
