package mixer

import (
	"errors"
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
	for _, late := range [][2]time.Duration{{0, ms(1)}, {ms(1), 0}, {0, ms(2)}} {
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
