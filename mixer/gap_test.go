package mixer

import (
	"fmt"
	"math"
	"testing"
	"testing/synctest"
	"time"

	"submix/mixer/mixtest"
)

// rising is a signal whose value tells the frame: a million frames to full scale.
func rising(frame int64, _ int) float32 { return float32(frame) / 1e6 }

// latencies are those of the last frame of each block of a box that plays rising
// alone, in frames: from when a card that starts now, ppm fast, captured it until it
// is played.
func (b *box) latencies(ppm float64) *[]float64 {
	start := time.Now()
	all := &[]float64{}
	b.sink.Took = func(x []float32) {
		captured := float64(x[len(x)-1]) * 1e6 / (1 + ppm*1e-6)
		*all = append(*all, b.sink.Due().Sub(start).Seconds()*boxRate-1-captured)
	}
	return all
}

// second returns the bounds of what was noted in the second that begins so many
// seconds after the start.
func second(latencies []float64, from float64) (least, most float64) {
	at := int(from * boxRate / boxBlock)
	least, most = math.Inf(1), math.Inf(-1)
	for _, l := range latencies[at : at+boxRate/boxBlock] {
		least, most = min(least, l), max(most, l)
	}
	return least, most
}

// gapBox is a box with one card that plays rising; if its clock is followed, it is
// 100 ppm fast and moves in steps as a cable's.
func gapBox(t *testing.T, locked bool) (*box, *mixtest.Card, *Stream, *[]float64) {
	b := newBox(t, 20*time.Second)
	c := mixtest.NewCard(boxRate, 1, rising)
	ppm := 0.0
	if !locked {
		c.Burst, ppm = 48, 100
		c.SetPPM(ppm)
	}
	s, err := b.Add(StreamConfig{Name: "a", Source: c, Format: Format{boxRate, 1}, Live: true, Locked: locked, Latency: ms(20)})
	if err != nil {
		t.Fatal(err)
	}
	return b, c, s, b.latencies(ppm)
}

// A sink that had stopped, or lost a little of its queue, is counted and costs no
// stream its latency: a second later it is what it was, to a frame, and none was
// short for it.
func TestSinkXrun(t *testing.T) {
	for _, frames := range []int{-40, 1, 7, 48, 240, 700, 1440, 4800} {
		for _, locked := range []bool{true, false} {
			t.Run(fmt.Sprint(frames, locked), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					b, _, s, heard := gapBox(t, locked)
					at(ms(15002), func() { b.sink.Jump(time.Duration(frames)*time.Second/boxRate, fmt.Errorf("card: %w", ErrGap)) })
					b.play()
					least, most := second(*heard, 14)
					from, to := second(*heard, 16)
					i := s.Info()
					t.Logf("locked %v, %d frames later: latency %.1f to %.1f frames, a second after %.1f to %.1f; %d short", locked, frames, least, most, from, to, i.Short)
					if math.Abs(from-least) > 1.01 || math.Abs(to-most) > 1.01 {
						t.Error("the latency is another one")
					}
					if n := b.Output().Info().Xruns; n != 1 || i.Short > 0 {
						t.Errorf("%d xruns, %+v", n, i)
					}
				})
			})
		}
	}
}

// A source that loses frames is counted and has the latency that it had before, also
// if it took time to start again.
func TestSourceXrun(t *testing.T) {
	for _, pause := range []time.Duration{0, ms(1) / 10, ms(3), ms(6)} {
		for _, locked := range []bool{true, false} {
			synctest.Test(t, func(t *testing.T) {
				b, c, s, heard := gapBox(t, locked)
				at(ms(15002), func() { c.Lose(pause, ErrGap) })
				b.play()
				least, most := second(*heard, 14)
				from, to := second(*heard, 16)
				i := s.Info()
				t.Logf("locked %v, starts after %v: latency %.1f to %.1f frames, a second after %.1f to %.1f; %d short", locked, pause, least, most, from, to, i.Short)
				if math.Abs(from-least) > 1.01 || math.Abs(to-most) > 1.01 {
					t.Error("the latency is another one")
				}
				if i.Xruns != 1 || i.Short+i.Stalls > 0 {
					t.Errorf("%+v", i)
				}
			})
		}
	}
}

// The edges of a gap: silence is as long as what was lost, a block, and the second
// derivative of a tone of 997 Hz at -20 dBFS is its own, 0.0017, and, where a fade
// of 2 ms begins on a crest, 0.1/96.
func TestGapIsFaded(t *testing.T) {
	for _, locked := range []bool{true, false} {
		synctest.Test(t, func(t *testing.T) {
			b := newBox(t, 4*time.Second)
			c := mixtest.NewCard(boxRate, 1, sine(997, boxRate))
			c.Burst = 48
			s, err := b.Add(StreamConfig{Name: "a", Source: c, Format: Format{boxRate, 1}, Live: true, Locked: locked})
			if err != nil {
				t.Fatal(err)
			}
			at(ms(2002), func() { c.Lose(0, ErrGap) })
			x := b.play()
			silent, worst := 0, 0.0
			for i := boxRate; i < len(x); i++ {
				worst = max(worst, math.Abs(float64(x[i]-2*x[i-1]+x[i-2])))
				if math.Abs(float64(x[i])) < 1e-4 && math.Abs(float64(x[i-1])) < 1e-4 {
					silent++
				}
			}
			t.Logf("locked %v: %d frames of silence, second derivative at most %.5f, %d short", locked, silent, worst, s.Info().Short)
			if silent < boxBlock-48 || silent > boxBlock+48 {
				t.Errorf("%d frames of silence", silent)
			}
			if worst > 0.0017+0.1/96+0.00005 {
				t.Error("it clicks")
			}
		})
	}
}

// A source that has gaps and nothing else stalls, and the mix goes on.
func TestNothingButGaps(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBox(t, 3*time.Second)
		c, s := b.card("a", counting)
		at(time.Second, func() { c.Fail(ErrGap) })
		at(2*time.Second, func() {
			if i := s.Info(); i.State != Stalled {
				t.Errorf("%+v", i)
			}
			c.Fail(nil)
		})
		b.play()
		if i := s.Info(); i.State != Live || i.Stalls != 1 {
			t.Errorf("%+v", i)
		}
		t.Logf("%d xruns in a second", s.Info().Xruns)
	})
}

// What a source loses before the mix begins is no xrun: a card runs over that was
// opened some time before.
func TestGapBeforeTheBeginning(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBox(t, 2*time.Second)
		c, s := b.card("a", counting)
		c.Once(ErrGap)
		at(time.Second, func() {
			if i := s.Info(); i.Xruns != 0 || i.State != Live {
				t.Errorf("%+v", i)
			}
			c.Once(ErrGap)
		})
		b.play()
		if n := s.Info().Xruns; n != 1 {
			t.Errorf("%d xruns", n)
		}
	})
}

// A source that lost less than a block, and delivers again at once, is back at its
// latency.
func TestSourceLosesLittle(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBox(t, 4*time.Second)
		c, s := b.card("a", counting)
		before := latencyAt(ms(1999), s)
		at(ms(2001), func() { c.Overrun(17, ErrGap) })
		b.play()
		t.Logf("latency %v before, %v after", time.Duration(before.Load()), s.Info().Latency)
		if d := s.Info().Latency - time.Duration(before.Load()); d.Abs() > time.Second/boxRate {
			t.Errorf("it differs by %v", d)
		}
	})
}

// A stall that is shorter than what a stream has in reserve is not heard, and what
// the source lost in it is no latency lost: three seconds later it is what it was; or,
// if a clock is followed and it was little, on its way there.
func TestStallIsSurvived(t *testing.T) {
	for _, locked := range []bool{true, false} {
		synctest.Test(t, func(t *testing.T) {
			for _, stall := range []time.Duration{ms(4), ms(9), ms(20), ms(60)} {
				b := newBox(t, 12*time.Second)
				c := mixtest.NewCard(boxRate, 1, rising)
				s, err := b.Add(StreamConfig{Name: "a", Source: c, Format: Format{boxRate, 1}, Live: true, Locked: locked, Latency: ms(80)})
				if err != nil {
					t.Fatal(err)
				}
				heard := b.latencies(0)
				at(ms(6002), c.Stall)
				at(ms(6002)+stall, c.Resume)
				b.play()
				least, most := second(*heard, 5)
				from, to := second(*heard, 9)
				stood := stall.Seconds() * boxRate // by which the card's frames are later now
				from, to = from-stood, to-stood
				i := s.Info()
				t.Logf("locked %v, stall of %v: latency %.1f to %.1f frames, three seconds after %.1f to %.1f; %d short", locked, stall, least, most, from, to, i.Short)
				bound := boxRate / 1000.
				if !locked && stood < 2*boxBlock {
					bound = stood
				}
				if math.Abs(from-least) > bound || math.Abs(to-most) > bound {
					t.Error("the latency is another one")
				}
				if i.Short > 0 || i.State != Live {
					t.Errorf("%+v", i)
				}
			}
		})
	}
}
