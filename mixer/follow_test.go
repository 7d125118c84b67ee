package mixer

import (
	"fmt"
	"io"
	"math"
	"strconv"
	"testing"
	"testing/synctest"
	"time"

	"submix/mixer/analyse"
	"submix/mixer/mixtest"
)

// drifting adds an adaptive card whose clock is ppm fast, with a tone that is as
// much too high.
func (b *box) drifting(name string, rate int, ppm, hz float64, c StreamConfig) (*mixtest.Card, *Stream) {
	b.t.Helper()
	card := mixtest.NewCard(rate, 1, sine(hz, rate))
	card.SetPPM(ppm)
	c.Name, c.Source, c.Format, c.Live = name, card, Format{rate, 1}, true
	s, err := b.Add(c)
	if err != nil {
		b.t.Fatal(err)
	}
	return card, s
}

// Streams of every clock are heard without a gap or a click, clean, and held at
// their latency.
func TestClocksAreFollowed(t *testing.T) {
	truth := map[float64]float64{700: 200, 1300: -200, 1900: 0, 2500: 2000, 3100: -2000, 3700: 37} // ppm by tone
	for _, block := range few([]int{96, 240}) {
		synctest.Test(t, func(t *testing.T) {
			b := newBoxOf(t, block, 120*time.Second)
			plan := analyse.Plan{Rate: boxRate, WindowFrames: boxRate / 2, Hz: [][]float64{nil}}
			for hz, ppm := range truth {
				c, _ := b.drifting(fmt.Sprint(hz), boxRate, ppm, hz, StreamConfig{})
				c.Burst = 48
				plan.Hz[0] = append(plan.Hz[0], hz*(1+ppm*1e-6))
			}
			track := analyse.NewTrack(plan)
			latency := map[string][2]time.Duration{} // least and most
			frames := 0
			b.sink.Took = func(x []float32) {
				if frames += block; frames < 75*boxRate { // two looks for the least latency are over then
					return
				}
				track.Feed(x)
				for _, i := range b.Streams() {
					l, seen := latency[i.Name]
					if !seen {
						l[0] = i.Latency
					}
					latency[i.Name] = [2]time.Duration{min(l[0], i.Latency), max(l[1], i.Latency)}
				}
			}
			b.play()
			r := track.Record(0)
			for n, hz := range plan.Hz[0] {
				t.Logf("block %d, tone of %.1f Hz: SNR %.1f dB", block, hz, r.WorstSNR(n))
				if r.WorstSNR(n) < 90 {
					t.Error("not clean")
				}
			}
			for _, i := range b.Streams() {
				hz, _ := strconv.ParseFloat(i.Name, 64)
				moved := latency[i.Name][1] - latency[i.Name][0]
				t.Logf("block %d, %+.0f ppm: found %+.2f, %v, latency %v, target %v, moved by %v", block, truth[hz], i.DriftPPM, i.Lock, i.Latency, i.Target, moved)
				if i.Short > 0 || math.Abs(i.DriftPPM-truth[hz]) > 1 || i.State != Live || i.Lock != Locked || moved > ms(1)/5 {
					t.Errorf("%+v", i)
				}
			}
		})
	}
}

// What happens to a clock, a card or the sink while it plays, and how it is after
// 60 s.
func TestClocksAreFollowedThrough(t *testing.T) {
	events := []struct {
		name   string
		block  int
		ppm    float64 // at the end
		shorts uint64  // that cannot be helped
		do     func(*box, *mixtest.Card, *Stream)
	}{
		{"step of 200 ppm", 240, 300, 0, func(_ *box, c *mixtest.Card, _ *Stream) { c.SetPPM(300) }},
		{"step of 2000 ppm", 96, -1900, 0, func(_ *box, c *mixtest.Card, _ *Stream) { c.SetPPM(-1900) }},
		{"gap", 240, 100, 0, func(_ *box, c *mixtest.Card, _ *Stream) { c.Once(ErrGap) }},
		{"stall", 240, 100, 1, func(_ *box, c *mixtest.Card, _ *Stream) { c.Stall(); at(ms(2000), c.Resume) }},
		{"held back", 240, 100, 1, func(_ *box, c *mixtest.Card, _ *Stream) { c.Hold(true); at(ms(60), func() { c.Hold(false) }) }},
		{"unplugged", 240, 100, 0, func(_ *box, c *mixtest.Card, s *Stream) {
			c.Fail(io.ErrUnexpectedEOF)
			at(ms(2000), func() {
				again := mixtest.NewCard(boxRate, 1, c.Sample)
				again.SetPPM(100)
				s.Attach(again, Format{boxRate, 1})
			})
		}},
	}
	for _, e := range events {
		t.Run(e.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				b := newBoxOf(t, e.block, 60*time.Second)
				b.sink.Took = func([]float32) {}
				c, s := b.drifting("a", boxRate, 100, 1000, StreamConfig{})
				var before StreamInfo
				at(ms(20001), func() { before = s.Info(); e.do(b, c, s) })
				var soon StreamInfo
				at(ms(23500), func() { soon = s.Info() })
				b.play()
				i := s.Info()
				t.Logf("before: %+.2f ppm, %v; 3.5 s after: %v %+.2f ppm, %v; at the end: %+.2f ppm, %v, %d short",
					before.DriftPPM, before.Latency, soon.State, soon.DriftPPM, soon.Latency, i.DriftPPM, i.Latency, i.Short)
				if i.State != Live || i.Lock != Locked || math.Abs(i.DriftPPM-e.ppm) > 1 || i.Short != e.shorts {
					t.Errorf("%+v", i)
				}
				if d := i.Latency - before.Latency; d.Abs() > ms(1) {
					t.Errorf("latency differs by %v", d)
				}
				if math.Abs(soon.DriftPPM-e.ppm) > 50 {
					t.Error("what was known of the clock is lost")
				}
			})
		})
	}
}

// A latency that is asked for is held; what is asked for in vain is the smallest.
func TestLatencyIsChosen(t *testing.T) {
	for _, want := range few([]time.Duration{0, ms(1), ms(30), ms(60)}) {
		for _, burst := range []int{1, 48, 240, 512, 960} {
			synctest.Test(t, func(t *testing.T) {
				b := newBox(t, 40*time.Second)
				b.sink.Took = func([]float32) {}
				c, s := b.drifting("a", boxRate, 150, 1000, StreamConfig{Latency: want})
				c.Burst = burst
				b.play()
				i := s.Info()
				t.Logf("steps of %d frames, %v asked for: latency %v, target %v, %d short, %+.2f ppm %v", burst, want, i.Latency, i.Target, i.Short, i.DriftPPM, i.Lock)
				if i.Short > 0 || i.State != Live || (i.Latency-i.Target).Abs() > ms(1)/5 {
					t.Errorf("%+v", i)
				}
				least := ms(16) + time.Duration(burst)*time.Second/boxRate
				if d := i.Latency - max(want, least); d.Abs() > ms(2) {
					t.Errorf("want %v", want)
				}
			})
		}
	}
}
