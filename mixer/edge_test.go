package mixer

import (
	"errors"
	"math"
	"testing"
	"testing/synctest"
	"time"

	"submix/mixer/mixtest"
)

// Edges of a 997 Hz tone at -6 dBFS: the second derivative of a faded edge stays
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
