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

// A stream whose driver takes nearly all of the time is shed itself, not one that comes after it among equals; it returns
// when that is over. One that counts for more goes last all the same.
func TestSlowDriverIsShed(t *testing.T) {
	for _, c := range []struct {
		priority int
		want     string
	}{{0, "-b +b"}, {1, "-a +a"}} {
		synctest.Test(t, func(t *testing.T) {
			b := newBox(t, 9*time.Second)
			slow, _ := b.costly("b", c.priority, 0.05)
			_, exact := b.card("a", counting)
			changes := b.changes()
			at(time.Second, func() { slow.takes(0.92) })
			at(1300*time.Millisecond, func() {
				for _, s := range b.Streams() {
					if s.State == Shed {
						t.Logf("priority %d: %s is shed: %s", c.priority, s.Name, s.Reason)
					}
				}
				slow.takes(0.05)
			})
			b.pass()
			if got := told(*changes); got != c.want {
				t.Errorf("priority %d: %s, want %s", c.priority, got, c.want)
			}
			if i := exact.Info(); c.priority == 0 && (i.State != Live || i.Short != 0) {
				t.Errorf("%+v", i)
			}
			if c.priority == 0 {
				unbroken(t, b.sink.Played)
			}
		})
	}
}
