package mixer

import (
	"errors"
	"math"
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
	m, err := New(Config{Rate: boxRate, Channels: 1, Block: boxBlock})
	if err != nil {
		t.Fatal(err)
	}
	return &box{m, t, &mixtest.Sink{Rate: boxRate, Channels: 1, Block: boxBlock, Periods: 3, Stop: stop}}
}

func (b *box) card(name string, sample func(int64, int) float32) (*mixtest.Card, *Stream) {
	b.t.Helper()
	c := mixtest.NewCard(boxRate, 1, sample)
	s, err := b.Add(StreamConfig{Name: name, Source: c, Format: Format{boxRate, 1}, Live: true})
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
		b.Pull(dst, 0, time.Now()) // f is live
		start := time.Now()
		b.Pull(dst, 0, start.Add(ms(3)))
		if d := time.Since(start); d != ms(3) {
			t.Errorf("a late stream held the block for %v, want 3 ms", d)
		}
		start = time.Now()
		b.Pull(dst, 0, start.Add(ms(3)))
		if d := time.Since(start); d != 0 || s.Info().Short != 1 {
			t.Errorf("the next block took %v, %d short; want 0, 1", d, s.Info().Short)
		}
		f.Write(t.Context(), filled)
		b.Pull(dst, 0, time.Now())
		at(ms(2), func() { f.Write(t.Context(), filled) })
		start = time.Now()
		b.Pull(dst, 0, start.Add(ms(3)))
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
		at(ms(2001), func() { c.Held.Store(true) }) // then 60 ms of frames at once
		at(ms(2061), func() { c.Held.Store(false) })
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
		at(ms(1001), func() { s.q.write(make([]float32, 2*boxBlock)) }) // between blocks
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

// edges of a 997 Hz tone at -6 dBFS: the second derivative of a faded edge stays
// near the tone's own, (2 pi f/rate)^2 A = 0.0085, plus twice the fade's slope
// times the tone's, 2 * (1/240) * 2 pi f/rate A = 0.00054; a hard cut makes up to
// A = 0.5.
func TestEdgesDoNotClick(t *testing.T) {
	tone := func(i int64, _ int) float32 {
		return float32(0.5 * math.Sin(2*math.Pi*997*float64(i)/boxRate))
	}
	edges := map[string]func(*box, *mixtest.Card, *Stream){
		"start":  func(*box, *mixtest.Card, *Stream) {},
		"mute":   func(_ *box, _ *mixtest.Card, s *Stream) { s.SetMute(true) },
		"gain":   func(_ *box, _ *mixtest.Card, s *Stream) { s.SetGain(-20) },
		"out":    func(b *box, _ *mixtest.Card, _ *Stream) { b.Output().SetMute(true) },
		"remove": func(b *box, _ *mixtest.Card, _ *Stream) { b.Remove("a") },
		"stall":  func(_ *box, c *mixtest.Card, _ *Stream) { c.Stall(); at(ms(300), c.Resume) },
		"unplug": func(_ *box, c *mixtest.Card, _ *Stream) { c.Fail(errors.New("unplugged")) },
		"end":    func(b *box, _ *mixtest.Card, s *Stream) { b.EndInput(); s.Finish() },
		"replace": func(_ *box, _ *mixtest.Card, s *Stream) {
			s.Attach(mixtest.NewCard(boxRate, 1, tone), Format{boxRate, 1})
		},
	}
	const bound = 0.0085 + 0.00054 + 0.0002
	for name, edge := range edges {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				b := newBox(t, time.Second)
				c, s := b.card("a", tone)
				at(ms(502), func() { edge(b, c, s) })
				x := b.play()
				worst := 0.0
				for i := 2; i < len(x); i++ {
					worst = max(worst, math.Abs(float64(x[i]-2*x[i-1]+x[i-2])))
				}
				t.Logf("second derivative at most %.5f (bound %.5f)", worst, bound)
				if worst > bound {
					t.Error("it clicks")
				}
			})
		})
	}
}

// A card that delivers in steps of several blocks is short a few times, and then
// has the cushion that it needs.
func TestBurstsAreLearned(t *testing.T) {
	for _, burst := range []int{240, 384, 480, 960} {
		synctest.Test(t, func(t *testing.T) {
			b := newBox(t, 6*time.Second)
			c, s := b.card("a", counting)
			c.Burst = burst
			x := b.play()
			unbroken(t, x[2*boxRate:])
			i := s.Info()
			t.Logf("steps of %d frames, blocks of %d: %d short, latency %v", burst, boxBlock, i.Short, i.Latency)
			if i.State != Live || i.Short > 8 {
				t.Errorf("steps of %d frames: %+v", burst, i)
			}
		})
	}
}

// A file that is not read in time is faded out and in again.
func TestLateFeedDoesNotClick(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBox(t, time.Second)
		f := NewFeed(1, 480)
		s, _ := b.Add(StreamConfig{Name: "f", Source: f, Format: Format{boxRate, 1}})
		go func() {
			half := make([]float32, boxBlock)
			for i := range half {
				half[i] = 0.5
			}
			for i := range 100 {
				if i == 50 {
					time.Sleep(ms(50))
				}
				f.Write(t.Context(), half)
			}
			f.CloseWrite(nil)
		}()
		x := b.play()
		step := float32(0)
		for i := 1; i < len(x); i++ {
			step = max(step, x[i]-x[i-1], x[i-1]-x[i])
			if x[i]-x[i-1] > 0.01 || x[i-1]-x[i] > 0.01 {
			}
		}
		t.Logf("steps of at most %.4f", step)
		if step > 0.5/100 || s.Info().Short != 1 || s.Info().State != Ended {
			t.Errorf("steps of %v, %+v", step, s.Info())
		}
	})
}

// Play waits for a late feed no longer than the sink can.
func TestLateFeedIsNotLateForTheSink(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBox(t, 2*time.Second)
		f := NewFeed(1, 4800)
		b.Add(StreamConfig{Name: "f", Source: f, Format: Format{boxRate, 1}})
		go func() {
			for i := range 100 {
				time.Sleep(ms(1 + 7*(i%4)))
				f.Write(t.Context(), make([]float32, boxBlock/2))
			}
			f.CloseWrite(nil)
		}()
		b.play() // fails when a block is late
		if s := b.Output().Info(); s.Blocks != 400 {
			t.Errorf("%d blocks in 2 s, want 400", s.Blocks)
		}
	})
}

func TestGapsAreCounted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBox(t, time.Second)
		c, s := b.card("a", counting)
		at(ms(501), func() { c.Once(ErrGap) })
		b.play()
		if i := s.Info(); i.Xruns != 1 || i.State != Live || i.Short != 0 || i.Unplugs != 0 {
			t.Errorf("after a gap: %+v", i)
		}
	})
}

func TestRampIsIdealToOneLSB(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBox(t, time.Second)
		_, s := b.card("a", func(int64, int) float32 { return 0.75 })
		at(ms(501), func() { s.SetMute(true) })
		x := b.play()
		first := boxRate / 4
		for x[first] == 0.75 {
			first++
		}
		for i, v := range x[first-1 : first+boxBlock+10] {
			ideal := 0.75 * max(0, 1-float64(i)/boxBlock)
			if math.Abs(float64(v)-ideal) > 1.0/32768 {
				t.Fatalf("frame %d of the ramp is %v, want %v", i, v, ideal)
			}
		}
	})
}
