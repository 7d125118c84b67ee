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
