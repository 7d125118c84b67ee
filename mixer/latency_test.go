package mixer

import (
	"math"
	"testing"
	"testing/synctest"
	"time"

	"submix/mixer/mixtest"
)

// A latency of a second is held, whatever the clock and the rate.
func TestLongLatency(t *testing.T) {
	for _, rate := range []int{44100, 48000, 96000} {
		for _, locked := range []bool{false, true} {
			for _, want := range []time.Duration{ms(30), ms(180), ms(1000)} {
				synctest.Test(t, func(t *testing.T) {
					b := newBox(t, 10*time.Second)
					b.sink.Took = func([]float32) {}
					_, s := b.drifting("a", rate, 0, 1000, StreamConfig{Latency: want, Locked: locked})
					b.play()
					i := s.Info()
					t.Logf("%d Hz, locked %v, %v asked for: %v, target %v", rate, locked, want, i.Latency, i.Target)
					if i.State != Live || (i.Latency-want).Abs() > ms(1) || (i.Target-want).Abs() > ms(1) || i.Short+i.Stalls > 0 {
						t.Errorf("%+v", i)
					}
				})
			}
		}
	}
}

// A stream of no numbers is silence, and can be removed.
func TestNotANumberIsRemoved(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBox(t, 2*time.Second)
		_, s := b.card("a", func(int64, int) float32 { return float32(math.NaN()) })
		at(time.Second, func() { b.Remove("a") })
		for i, v := range b.play() {
			if v != 0 {
				t.Fatalf("sample %d is %v", i, v)
			}
		}
		select {
		case <-s.Done():
		default:
			t.Error("it is still in the mix")
		}
	})
}

// A sink that was stopped, or another one, costs the streams no more than that: they
// are back at their latency, and with another clock they look for theirs again.
func TestSinkStops(t *testing.T) {
	for _, pause := range []time.Duration{ms(8), ms(30), ms(300), 5 * time.Second} {
		synctest.Test(t, func(t *testing.T) {
			b := newBox(t, 20*time.Second)
			b.sink.Took = func([]float32) {}
			_, s := b.drifting("a", boxRate, 100, 1000, StreamConfig{})
			b.play()
			before := s.Info()
			time.Sleep(pause)
			b.sink = &mixtest.Sink{Rate: boxRate, Channels: 1, Block: boxBlock, Periods: 3, Stop: 20 * time.Second, Took: func([]float32) {}}
			var soon StreamInfo
			at(ms(500), func() { soon = s.Info() })
			b.play()
			after := s.Info()
			t.Logf("stopped for %v: %v, %v before; %v, %v half a second after; %v, %v %+.2f ppm after 20 s",
				pause, before.Lock, before.Latency, soon.Lock, soon.Latency, after.Lock, after.Latency, after.DriftPPM)
			if before.Lock != Locked || soon.Lock != Seeking || after.Lock != Locked || math.Abs(after.DriftPPM-100) > 1 {
				t.Errorf("%+v", after)
			}
			if (soon.Latency-before.Latency).Abs() > ms(3) || (after.Latency-before.Latency).Abs() > ms(2) {
				t.Error("the latency is another one")
			}
		})
	}
}

// A sink that holds more than the one before costs no stream a gap, also if it has then no room for the latency that the
// stream is to have.
func TestSinkThatHoldsMore(t *testing.T) {
	for _, c := range []StreamConfig{{}, {Latency: ms(20)}, {Latency: ms(40)}} {
		synctest.Test(t, func(t *testing.T) {
			b := newBox(t, 0)
			card, s := b.drifting("a", boxRate, 100, 1000, c)
			card.Burst = 48
			most := 0
			for _, periods := range []int{3, 6, 3, 5, 2, 8, 8} {
				most = max(most, periods)
				b.sink = &mixtest.Sink{Rate: boxRate, Channels: 1, Block: boxBlock, Periods: periods, Stop: 20 * time.Second, Took: func([]float32) {}}
				before := s.Info()
				var soon StreamInfo
				at(time.Second, func() { soon = s.Info() })
				b.play()
				after := s.Info()
				t.Logf("latency %v, %d periods: %v a second after, %v later; short %d times", c.Latency, periods, soon.Latency, after.Latency, after.Short-before.Short)
				if after.Short != before.Short || (soon.Latency-after.Latency).Abs() > ms(1) || after.Latency > max(c.Latency, ms(5*most+5))+ms(1) {
					t.Errorf("it is %+v", after)
				}
				time.Sleep(ms(10) + time.Duration(periods)*277*time.Microsecond)
			}
		})
	}
}

// A sink that holds less, or more, than the one before breaks a locked stream at most while it settles, and not again and
// again; nor does a gap of it after that.
func TestLockedAtAnotherSink(t *testing.T) {
	for _, c := range []struct{ block, from, to int }{{boxBlock, 3, 2}, {boxBlock, 5, 2}, {boxBlock, 6, 3}, {96, 8, 3}, {48, 8, 4}, {boxBlock, 2, 5}, {boxBlock, 32, 2}} {
		synctest.Test(t, func(t *testing.T) {
			b := newBoxOf(t, c.block, 4*time.Second)
			b.sink.Periods = c.from
			s, err := b.Add(StreamConfig{Name: "a", Source: mixtest.NewCard(boxRate, 1, rising), Format: Format{boxRate, 1}, Live: true, Locked: true})
			if err != nil {
				t.Fatal(err)
			}
			b.play()
			spare := s.Info().Latency - b.duration((c.from-1)*c.block)
			b.sink = &mixtest.Sink{Rate: boxRate, Channels: 1, Block: c.block, Periods: c.to, Stop: 12 * time.Second}
			at(6*time.Second, func() { b.sink.Jump(ms(30), ErrGap) })
			x := b.play()
			settled, again := jumps(x[:6*boxRate], 1, boxRate), jumps(x, 1, 7*boxRate)
			now := s.Info().Latency - b.duration((c.to-1)*c.block)
			t.Logf("blocks of %d, %d and then %d periods: %d frames not next to each other from a second on, %d from a second after a gap; the latency beside the queue is %v, then %v",
				c.block, c.from, c.to, settled, again, spare, now)
			if settled+again > 0 || (now-spare).Abs() > latencyTolerance {
				t.Error("it goes on to jump, or is not where it was")
			}
		})
	}
}
