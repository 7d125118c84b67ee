package mixer

import (
	"errors"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"submix/mixer/mixtest"
)

// box is a mix pulled by a simulated card: 48 kHz, mono, blocks of 5 ms, three
// periods.
type box struct {
	*Mixer
	t    *testing.T
	sink *mixtest.Sink
}

const boxRate, boxBlock = 48000, 240

func newBox(t *testing.T, stop time.Duration) *box {
	t.Helper()
	return newBoxOf(t, boxBlock, stop)
}

func newBoxOf(t *testing.T, block int, stop time.Duration) *box {
	t.Helper()
	m, err := New(Config{Rate: boxRate, Channels: 1, Block: block})
	if err != nil {
		t.Fatal(err)
	}
	return &box{m, t, &mixtest.Sink{Rate: boxRate, Channels: 1, Block: block, Periods: 3, Stop: stop}}
}

// card adds a card that shares the sink's clock.
func (b *box) card(name string, sample func(int64, int) float32) (*mixtest.Card, *Stream) {
	b.t.Helper()
	c := mixtest.NewCard(boxRate, 1, sample)
	s, err := b.Add(StreamConfig{Name: name, Source: c, Format: Format{boxRate, 1}, Live: true, Locked: true})
	if err != nil {
		b.t.Fatal(err)
	}
	return c, s
}

// play plays to the end and returns what was played.
func (b *box) play() []float32 {
	b.t.Helper()
	if err := b.Play(b.sink); !errors.Is(err, mixtest.ErrStopped) && err != nil {
		b.t.Error(err)
	}
	if b.sink.Late > 0 {
		b.t.Errorf("%d blocks came too late for the sink", b.sink.Late)
	}
	return b.sink.Played
}

// at runs f at a time of the mix.
func at(d time.Duration, f func()) { go func() { time.Sleep(d); f() }() }

// latencyAt notes a stream's latency, in ns, at a time of the mix.
func latencyAt(d time.Duration, s *Stream) *atomic.Int64 {
	var l atomic.Int64
	at(d, func() { l.Store(int64(s.Info().Latency)) })
	return &l
}

// counting is a signal from which each frame can be told.
func counting(frame int64, _ int) float32 { return float32(frame%30000+1) / 32768 }

// unbroken checks that x is, from its first sound plus the fade-in on, the
// counting signal without a gap, and returns where it begins.
func unbroken(t *testing.T, x []float32) (begin int) {
	t.Helper()
	for begin < len(x) && x[begin] == 0 {
		begin++
	}
	from := begin + boxBlock
	if from >= len(x) {
		t.Fatal("nothing is heard")
	}
	first := int64(x[from]*32768) - 1
	for i, v := range x[from:] {
		if v != counting(first+int64(i), 0) {
			t.Fatalf("broken at %d ms", (from+i)*1000/boxRate)
		}
	}
	return begin
}

func TestNoStreamIsSilence(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBox(t, time.Second)
		_, _ = b.Add(StreamConfig{Name: "gone", Live: true})
		for i, v := range b.play() {
			if v != 0 {
				t.Fatalf("sample %d is %v", i, v)
			}
		}
		if n := b.Output().Info().Blocks; n != 200 {
			t.Errorf("%d blocks in a second, want 200", n)
		}
	})
}

func TestStallCostsOthersNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBox(t, 4*time.Second)
		_, a := b.card("a", counting)
		cb, sb := b.card("b", func(int64, int) float32 { return 0 })
		_, sc := b.card("c", func(int64, int) float32 { return 0 })
		gone := errors.New("unplugged")
		at(time.Second, cb.Stall)
		at(ms(1500), func() {
			if s := sb.Info().State; s != Stalled {
				t.Errorf("b is %v half a second into its stall", s)
			}
		})
		at(2*time.Second, func() { cc := sc.source.Load().Source.(*mixtest.Card); cc.Fail(gone) })
		at(3*time.Second, cb.Resume)
		unbroken(t, b.play())
		if i := sb.Info(); i.State != Live || i.Stalls != 1 || i.Short != 1 {
			t.Errorf("b: %+v", i)
		}
		if i := sc.Info(); i.State != Gone || i.Reason != "unplugged" || i.Unplugs != 1 {
			t.Errorf("c: %+v", i)
		}
		if err := <-sc.Lost(); err != gone {
			t.Errorf("lost with %v", err)
		}
		if i := a.Info(); i.Short != 0 || i.Stalls != 0 {
			t.Errorf("a: %+v", i)
		}
	})
}

func TestPullNeverWaitsPastItsDeadline(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBox(t, 0)
		f := NewFeed(1, 9600)
		s, _ := b.Add(StreamConfig{Name: "f", Source: f, Format: Format{boxRate, 1}})
		dst := make([]float32, boxBlock)
		filled := make([]float32, boxBlock+boxBlock/2) // a block and the cushion
		f.Write(t.Context(), filled)
		b.Pull(dst, 0, time.Now(), time.Now()) // f is live
		start := time.Now()
		b.Pull(dst, 0, time.Now(), start.Add(ms(3)))
		if d := time.Since(start); d != ms(3) {
			t.Errorf("a late stream held the block for %v, want 3 ms", d)
		}
		start = time.Now()
		b.Pull(dst, 0, time.Now(), start.Add(ms(3)))
		if d := time.Since(start); d != 0 || s.Info().Short != 1 {
			t.Errorf("the next block took %v, %d short; want 0, 1", d, s.Info().Short)
		}
		f.Write(t.Context(), filled)
		b.Pull(dst, 0, time.Now(), time.Now())
		at(ms(2), func() { f.Write(t.Context(), filled) })
		start = time.Now()
		b.Pull(dst, 0, time.Now(), start.Add(ms(3)))
		if d := time.Since(start); d != ms(2) || s.Info().Short != 1 {
			t.Errorf("a block in time took %v, %d short; want 2ms, 1", d, s.Info().Short)
		}
	})
}

func TestLatencyIsRestoredAfterAnOutage(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBox(t, 10*time.Second)
		c, s := b.card("a", counting)
		other, so := b.card("b", func(int64, int) float32 { return 0 })
		before, after := latencyAt(ms(999), s), latencyAt(9*time.Second, s)
		at(time.Second, other.Stall)
		at(ms(1500), other.Resume)
		at(ms(2001), func() { c.Hold(true) }) // then 60 ms of frames at once
		at(ms(2061), func() { c.Hold(false) })
		b.play()
		if before.Load() != after.Load() || int64(so.Info().Latency) != before.Load() {
			t.Errorf("latency %v before, %v after, the stalled one's %v", before, after, so.Info().Latency)
		}
		t.Logf("latency %v before and after", time.Duration(before.Load()))
	})
}

func TestSurplusIsDropped(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBox(t, 5*time.Second)
		_, s := b.card("a", func(int64, int) float32 { return 0.25 })
		before, grown, after := latencyAt(time.Second, s), latencyAt(ms(1500), s), latencyAt(4*time.Second, s)
		at(ms(1001), func() { s.in.q.write(make([]float32, 2*boxBlock)) }) // between blocks
		x := b.play()
		if before.Load() != after.Load() || grown.Load() != before.Load()+int64(ms(10)) {
			t.Errorf("latency %d before, %d grown, %d after", before.Load(), grown.Load(), after.Load())
		}
		for i := 3 * boxRate; i < len(x); i++ {
			if x[i] != 0.25 {
				t.Fatal("not back to normal")
			}
		}
	})
}

func TestEndPlaysAllThenEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBox(t, time.Minute)
		f := NewFeed(1, 4800)
		b.Add(StreamConfig{Name: "file", Source: f, Format: Format{boxRate, 1}})
		_, s := b.card("card", func(int64, int) float32 { return 0 })
		go func() {
			for i := range int64(boxRate) { // a second
				f.Write(t.Context(), []float32{counting(i, 0)})
			}
			f.CloseWrite(nil)
		}()
		at(ms(500), func() { b.EndInput(); s.Finish() })
		at(ms(900), func() {
			if st := s.Info().State; st != Ended {
				t.Errorf("the card is %v after end", st)
			}
		})
		x := b.play()
		last := len(x) - 1
		for x[last] == 0 {
			last--
		}
		begin := 0
		for x[begin] == 0 {
			begin++
		}
		if n := last + 1 - begin; n < boxRate-1 || n > boxRate { // the last frame is faded to zero
			t.Errorf("%d frames of the file's %d are heard", n, boxRate)
		}
	})
}
