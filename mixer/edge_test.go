package mixer

import (
	"math"
	"testing"
	"testing/synctest"
	"time"

	"submix/mixer/mixtest"
)

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

// oddCard is a card that delivers one sample of another kind.
func (e *edgeBox) oddCard(odd float64) *mixtest.Card {
	c := e.newCard()
	tone := c.Sample
	c.Sample = func(frame int64, channel int) float32 {
		if frame == 2000 {
			return float32(odd)
		}
		return tone(frame, channel)
	}
	return c
}
