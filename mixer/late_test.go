package mixer

import (
	"errors"
	"math"
	"testing"
	"testing/synctest"
	"time"

	"submix/mixer/mixtest"
)

// A lateSink lets go of the mixing goroutine later than it could: late, by the time since the start.
type lateSink struct {
	*mixtest.Sink
	late  func(time.Duration) time.Duration
	start time.Time
}

func (l *lateSink) Wait() (int, time.Time, error) {
	queued, at, err := l.Sink.Wait()
	if l.start.IsZero() {
		l.start = at
	}
	time.Sleep(l.late(time.Since(l.start)))
	return queued, at, err
}

// A locked stream that began when the mixing goroutine woke late has lost nothing: when
// it is in time for a second, nothing is heard again.
func TestLateBeginIsNoLoss(t *testing.T) {
	for _, latency := range []time.Duration{0, ms(25)} {
		synctest.Test(t, func(t *testing.T) {
			b := newBox(t, 4*time.Second)
			if _, err := b.Add(StreamConfig{Name: "a", Source: mixtest.NewCard(boxRate, 1, counting), Format: Format{boxRate, 1},
				Live: true, Locked: true, Latency: latency}); err != nil {
				t.Fatal(err)
			}
			err := b.Play(&lateSink{Sink: b.sink, late: func(since time.Duration) time.Duration {
				if since < ms(200) {
					return ms(2)
				}
				return 0
			}})
			if !errors.Is(err, mixtest.ErrStopped) {
				t.Error(err)
			}
			unbroken(t, b.sink.Played)
		})
	}
}

// A locked stream that began when the mixing goroutine woke early, or late, is after a gap of the sink where it was before.
func TestGapWhereItIsLate(t *testing.T) {
	for _, late := range [][2]time.Duration{{0, ms(1)}, {ms(1), 0}, {0, ms(2)}, {ms(2), 0}} {
		synctest.Test(t, func(t *testing.T) {
			b := newBox(t, 8*time.Second)
			s, err := b.Add(StreamConfig{Name: "a", Source: mixtest.NewCard(boxRate, 1, rising), Format: Format{boxRate, 1}, Live: true, Locked: true})
			if err != nil {
				t.Fatal(err)
			}
			var told []time.Duration
			for _, when := range []int{2900, 4900, 6900} {
				at(ms(when), func() { told = append(told, s.Info().Latency) })
			}
			for _, when := range []int{3000, 5000} {
				at(ms(when), func() { b.sink.Jump(ms(20), ErrGap) })
			}
			b.Play(&lateSink{Sink: b.sink, late: func(since time.Duration) time.Duration {
				if since < ms(200) {
					return late[0]
				}
				return late[1]
			}})
			t.Logf("late by %v at the start and %v later: %v, and after each of two gaps", late[0], late[1], told)
			if (told[1]-told[0]).Abs() > latencyTolerance || (told[2]-told[0]).Abs() > latencyTolerance {
				t.Error("the latency is another one")
			}
		})
	}
}

// A locked stream is after a gap, of its own or of the sink, where it was before, also while another stream's driver, or just
// after it did, takes its time.
func TestGapBesideSlowReads(t *testing.T) {
	for _, c := range []struct {
		block, periods, burst int
		from, to, takes       int // ms
	}{{boxBlock, 3, 0, 3000, 10000, 3}, {48, 8, 0, 5200, 5204, 5}, {boxBlock, 3, 240, 4500, 4504, 3}, {boxBlock, 3, 0, 5030, 5035, 3}} {
		for _, own := range []bool{true, false} {
			synctest.Test(t, func(t *testing.T) {
				m, _ := New(Config{Rate: boxRate, Channels: 2, Block: c.block})
				b := &box{m, t, &mixtest.Sink{Rate: boxRate, Channels: 2, Block: c.block, Periods: c.periods, Stop: 8 * time.Second}}
				silent := mixtest.NewCard(boxRate, 1, func(int64, int) float32 { return 0 })
				slow := slowly{silent, time.Now().Add(ms(c.from)), time.Now().Add(ms(c.to)), ms(c.takes), nil}
				if _, err := b.Add(StreamConfig{Name: "b", Source: slow, Format: Format{boxRate, 1}, Live: true, Locked: true, Channels: []int{-1, 0}}); err != nil {
					t.Fatal(err)
				}
				card := mixtest.NewCard(boxRate, 1, rising)
				card.Burst = c.burst
				s, err := b.Add(StreamConfig{Name: "a", Source: card, Format: Format{boxRate, 1}, Live: true, Locked: true, Channels: []int{0, -1}})
				if err != nil {
					t.Fatal(err)
				}
				at(ms(5002), func() {
					if own {
						card.Lose(0, ErrGap)
					} else {
						b.sink.Jump(ms(30), ErrGap)
					}
				})
				x := b.play()
				frames := len(x) / 2
				late := func(second int) float64 { return float64(second*boxRate) - float64(x[2*second*boxRate])*1e6 }
				before, after, last := late(4), late(6), late(7)
				t.Logf("%+v, its own gap %v: %.0f, %.0f and %.0f frames late, %d times short, of %d frames", c, own, before, after, last, s.Info().Short, frames)
				moved := 0.0
				if !own { // what is played does not have the 30 ms that the sink lost
					moved = -0.03 * boxRate
				}
				if math.Abs(after-before-moved) > 3 || math.Abs(last-after) > 3 || s.Info().Short > 0 {
					t.Error("it is not where it was")
				}
			})
		}
	}
}
