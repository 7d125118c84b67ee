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
	once     *bool // was it slow, that is to be slow once; nil: each time
}

func (s slowly) Read(dst []float32) (int, error) {
	if now := time.Now(); now.After(s.from) && now.Before(s.to) && (s.once == nil || !*s.once) {
		if s.once != nil {
			*s.once = true
		}
		time.Sleep(s.takes)
	}
	return s.Source.Read(dst)
}

// A stream whose driver takes milliseconds for each read, for seconds, or once as long as the sink can wait, moves no other
// by one sample, before it or behind it in the list: what is left of the time is enough for them.
func TestSlowReads(t *testing.T) {
	for _, c := range []struct {
		block, periods int
		takes          time.Duration
		once           bool
	}{
		{boxBlock, 3, 1100 * time.Microsecond, false}, {boxBlock, 3, ms(2), false}, {boxBlock, 3, ms(3), false},
		{48, 8, ms(5), true}, {96, 6, ms(9), true}, {boxBlock, 8, ms(22), true},
	} {
		for _, first := range []bool{true, false} {
			synctest.Test(t, func(t *testing.T) {
				m, _ := New(Config{Rate: boxRate, Channels: 2, Block: c.block})
				sink := &mixtest.Sink{Rate: boxRate, Channels: 2, Block: c.block, Periods: c.periods, Stop: 8 * time.Second}
				add := func(name string, source Source, channels ...int) *Stream {
					c := StreamConfig{Name: name, Source: source, Format: Format{boxRate, 1}, Live: true, Locked: true, Channels: channels}
					s, err := m.Add(c)
					if err != nil {
						t.Fatal(err)
					}
					return s
				}
				silence := func(int64, int) float32 { return 0 }
				slow := slowly{mixtest.NewCard(boxRate, 1, silence), time.Now().Add(2 * time.Second), time.Now().Add(6 * time.Second), c.takes, nil}
				if c.once {
					slow.once = new(bool)
				}
				if first {
					add("b", slow, -1, 0)
				}
				a := add("a", mixtest.NewCard(boxRate, 1, rising), 0, -1)
				if !first {
					add("b", slow, -1, 0)
				}
				m.Play(sink)
				wrong, frames := jumps(sink.Played, 2, boxRate/10), len(sink.Played)/2
				t.Logf("block %d, %d periods, reads of %v, once %v, %v: %d frames of %d are not next to each other", c.block, c.periods, c.takes, c.once, first, wrong, frames)
				if i := a.Info(); wrong > 0 || i.Short > 0 || sink.Late > 0 || frames < 7*boxRate {
					t.Errorf("the other stream was moved, or the sink was late: %+v, %d", i, sink.Late)
				}
			})
		}
	}
}

// Nor does a stream whose own driver takes its time once lose any sound by that.
func TestOwnSlowRead(t *testing.T) {
	for _, c := range []struct{ block, periods, takes int }{{48, 8, 5}, {96, 6, 9}, {boxBlock, 8, 22}} {
		synctest.Test(t, func(t *testing.T) {
			b := newBoxOf(t, c.block, 6*time.Second)
			b.sink.Periods = c.periods
			slow := slowly{mixtest.NewCard(boxRate, 1, rising), time.Now().Add(2 * time.Second), time.Now().Add(4 * time.Second), ms(c.takes), new(bool)}
			s, err := b.Add(StreamConfig{Name: "a", Source: slow, Format: Format{boxRate, 1}, Live: true, Locked: true})
			if err != nil {
				t.Fatal(err)
			}
			wrong := jumps(b.play(), 1, boxRate)
			t.Logf("block %d, a read of %d ms: %d frames are not next to each other", c.block, c.takes, wrong)
			if wrong > 0 || s.Info().Short > 0 || b.sink.Late > 0 {
				t.Errorf("it is %+v, the sink was late %d times", s.Info(), b.sink.Late)
			}
		})
	}
}

// jumps is how many frames of the first channel of x, which has a rising stream, do not follow the one before.
func jumps(x []float32, channels, from int) (wrong int) {
	for i := (from + 1) * channels; i < len(x); i += channels {
		if d := (x[i] - x[i-channels]) * 1e6; d < 0.5 || d > 1.5 {
			wrong++
		}
	}
	return wrong
}

// A file that is read late, once or for seconds, moves no other stream, however much the sink has queued.
func TestLateFile(t *testing.T) {
	for _, c := range []struct{ block, periods int }{{boxBlock, 3}, {boxBlock, 12}, {48, 12}, {96, 32}} {
		for _, locked := range []bool{true, false} {
			synctest.Test(t, func(t *testing.T) {
				m, _ := New(Config{Rate: boxRate, Channels: 2, Block: c.block})
				sink := &mixtest.Sink{Rate: boxRate, Channels: 2, Block: c.block, Periods: c.periods, Stop: 8 * time.Second}
				a, err := m.Add(StreamConfig{Name: "a", Source: mixtest.NewCard(boxRate, 1, rising), Format: Format{boxRate, 1}, Live: true, Locked: locked, Channels: []int{0, -1}})
				if err != nil {
					t.Fatal(err)
				}
				f := NewFeed(1, 64*c.block)
				file, err := m.Add(StreamConfig{Name: "file", Source: f, Format: Format{boxRate, 1}, Channels: []int{-1, 0}})
				if err != nil {
					t.Fatal(err)
				}
				go func() { // a disk that is busy for two seconds, and then delivers nine tenths of what is wanted
					for frames := 0; f.Write(t.Context(), make([]float32, c.block)) == nil; frames += c.block {
						switch at := m.duration(frames); {
						case at > 5*time.Second:
							time.Sleep(m.duration(c.block) * 10 / 9)
						case at > 3*time.Second-m.duration(c.block) && at <= 3*time.Second:
							time.Sleep(2 * time.Second)
						}
					}
				}()
				m.Play(sink)
				m.Close()
				time.Sleep(time.Second) // the disk comes to its end
				wrong, i, j := jumps(sink.Played, 2, 2*boxRate), a.Info(), file.Info()
				t.Logf("block %d, %d periods, locked %v: %d frames not next to each other, %d short; the file %d times", c.block, c.periods, locked, wrong, i.Short, j.Short)
				if wrong > 0 || i.Short > 0 || j.Short == 0 || sink.Late > 0 {
					t.Errorf("the other stream was moved, or nothing was late: %+v, the sink %d times", i, sink.Late)
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
