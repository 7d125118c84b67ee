package mixer

import (
	"testing"
	"testing/synctest"
	"time"

	"submix/mixer/mixtest"
)

// slowly is a source of silence whose driver takes its time in the middle of it.
type slowly struct {
	Source
	from, to time.Time
	takes    time.Duration
}

func (s slowly) Read(dst []float32) (int, error) {
	if now := time.Now(); now.After(s.from) && now.Before(s.to) {
		time.Sleep(s.takes)
	}
	return s.Source.Read(dst)
}

// A stream whose driver takes milliseconds for each read, for seconds, moves no other by one sample, before it or behind
// it in the list: what is left of a block is enough for them.
func TestSlowReads(t *testing.T) {
	for _, takes := range []time.Duration{1100 * time.Microsecond, 2 * time.Millisecond, 3 * time.Millisecond} {
		for _, first := range []bool{true, false} {
			synctest.Test(t, func(t *testing.T) {
				m, _ := New(Config{Rate: boxRate, Channels: 2, Block: boxBlock})
				sink := &mixtest.Sink{Rate: boxRate, Channels: 2, Block: boxBlock, Periods: 3, Stop: 8 * time.Second}
				add := func(name string, source Source, channels ...int) {
					c := StreamConfig{Name: name, Source: source, Format: Format{boxRate, 1}, Live: true, Locked: true, Channels: channels}
					if _, err := m.Add(c); err != nil {
						t.Fatal(err)
					}
				}
				count := func(frame int64, _ int) float32 { return float32(frame%30000) / 32768 }
				silence := func(int64, int) float32 { return 0 }
				slow := slowly{mixtest.NewCard(boxRate, 1, silence), time.Now().Add(2 * time.Second), time.Now().Add(6 * time.Second), takes}
				if first {
					add("b", slow, -1, 0)
				}
				add("a", mixtest.NewCard(boxRate, 1, count), 0, -1)
				if !first {
					add("b", slow, -1, 0)
				}
				m.Play(sink)
				wrong, x := 0, sink.Played
				for f := boxRate / 10; f < len(x)/2-1; f++ {
					if d := (x[2*f+2] - x[2*f]) * 32768; d != 1 && d != -29999 {
						wrong++
					}
				}
				t.Logf("reads of %v, %v: %d frames of %d are not next to each other", takes, first, wrong, len(x)/2)
				if wrong > 0 || len(x)/2 < 7*boxRate {
					t.Error("the other stream was moved")
				}
			})
		}
	}
}
