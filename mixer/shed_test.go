package mixer

import (
	"errors"
	"math"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"submix/mixer/mixtest"
)

// costly is an adaptive card with which the mixer is busy for a while in each block,
// as it would be with the resampling.
type costly struct {
	*mixtest.Card
	block time.Duration
	cost  atomic.Int64 // ns
}

func (c *costly) Ahead() (int, time.Time) {
	time.Sleep(time.Duration(c.cost.Load()))
	return c.Card.Ahead()
}

// takes sets that while, as a share of a block.
func (c *costly) takes(load float64) { c.cost.Store(int64(load * float64(c.block))) }

// costly adds a silent card that takes a share of each block.
func (b *box) costly(name string, priority int, load float64) (*costly, *Stream) {
	b.t.Helper()
	cfg := b.Config()
	c := &costly{Card: mixtest.NewCard(cfg.Rate, 1, func(int64, int) float32 { return 0 }), block: b.duration(cfg.Block)}
	c.takes(load)
	s, err := b.Add(StreamConfig{Name: name, Source: c, Format: Format{cfg.Rate, 1}, Live: true, Priority: priority})
	if err != nil {
		b.t.Fatal(err)
	}
	return c, s
}

// pass plays to the end, and until all goroutines have seen it; the sink may run dry.
func (b *box) pass() {
	b.t.Helper()
	if err := b.Play(b.sink); !errors.Is(err, mixtest.ErrStopped) {
		b.t.Error(err)
	}
	synctest.Wait()
}

// A change is a stream being shed, or a shed one returning.
type change struct {
	at   time.Duration // of the mix
	what string        // "-mic", "+mic"
}

// changes watches the streams every millisecond, until play returns.
func (b *box) changes() *[]change {
	var all []change
	start, shed := time.Now(), map[string]bool{}
	go func() {
		for time.Since(start) < b.sink.Stop {
			for _, s := range b.Streams() {
				if now := s.State == Shed; now != shed[s.Name] {
					shed[s.Name] = now
					sign := "+"
					if now {
						sign = "-"
					}
					all = append(all, change{time.Since(start), sign + s.Name})
				}
			}
			time.Sleep(ms(1))
		}
	}()
	return &all
}

// told are what the changes were, in order.
func told(changes []change) string {
	var words []string
	for _, c := range changes {
		words = append(words, c.what)
	}
	return strings.Join(words, " ")
}

// A stream too many is shed before anything is late, and the others do not notice;
// one that takes far too much is heard, but no longer than it takes to notice.
func TestOverloadIsShed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for _, c := range []struct {
			load float64
			late int // blocks
		}{{0.35, 0}, {0.6, 0}, {1.5, 25}} {
			b := newBox(t, 3*time.Second)
			_, exact := b.card("a", counting)
			_, s := b.costly("b", 0, 0.3)
			_, r := b.costly("c", 0, 0.3)
			changes := b.changes()
			more := func() StreamInfo { return b.Streams()[3] }
			at(time.Second, func() { b.costly("d", 0, c.load) })
			at(2*time.Second, func() {
				i := more()
				if i.State != Shed || !strings.Contains(i.Reason, "too slow") || !math.IsInf(i.RMSDB, -1) {
					t.Errorf("d: %+v", i)
				}
			})
			b.pass()
			if told(*changes) != "-d" {
				t.Fatalf("%.2f more: %v", c.load, *changes)
			}
			after := (*changes)[0].at - time.Second
			t.Logf("load 60 %% and %.0f %% more: shed after %v, %d blocks late: %s", c.load*100, after, b.sink.Late, more().Reason)
			if after > ms(60) || b.sink.Late > c.late {
				t.Error("that is late")
			}
			if c.late > 0 {
				continue
			}
			unbroken(t, b.sink.Played)
			for _, s := range []*Stream{exact, s, r} {
				if i := s.Info(); i.State != Live || i.Short != 0 || i.Reason != "" {
					t.Errorf("%+v", i)
				}
			}
		}
	})
}

// Streams go by priority, among equals the last first, and come back the other way.
func TestShedByPriority(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBox(t, 40*time.Second)
		cards := []*costly{}
		for i, priority := range []int{5, 0, 9, 0, 5} {
			c, _ := b.costly(string(rune('a'+i)), priority, 0.12)
			cards = append(cards, c)
		}
		changes := b.changes()
		at(time.Second, func() {
			for _, c := range cards {
				c.takes(0.5)
			}
		})
		at(10*time.Second, func() {
			for _, c := range cards {
				c.takes(0.12)
			}
		})
		b.pass()
		if told(*changes) != "-d -b -e -a +a +e +b +d" {
			t.Fatal(*changes)
		}
		took, back := (*changes)[3].at-time.Second, (*changes)[7].at-10*time.Second
		t.Logf("60 %% become 250 %%: four of five shed within %v, %d blocks late; back to 60 %%: all are back within %v", took, b.sink.Late, back)
		if took > ms(200) || back > 20*time.Second {
			t.Error("that is slow")
		}
		if slices.ContainsFunc(b.Streams(), func(s StreamInfo) bool { return s.State != Live }) {
			t.Errorf("%+v", b.Streams())
		}
	})
}

// At loads about the bounds, and with one that comes and goes, streams are not shed
// again and again.
func TestShedDoesNotFlap(t *testing.T) {
	const hour = time.Hour
	for _, c := range few([]struct {
		name string
		load func(at time.Duration) float64 // of each of three streams
		most int                            // sheds in an hour
	}{
		{"86 % always", func(time.Duration) float64 { return 0.287 }, 1},
		{"78 % but for a moment of 95 %", func(at time.Duration) float64 {
			if at > time.Minute && at < time.Minute+time.Second {
				return 0.317
			}
			return 0.26
		}, 1},
		{"60 to 90 % and back in 20 s", func(at time.Duration) float64 {
			return 0.25 - 0.05*math.Cos(2*math.Pi*at.Seconds()/20)
		}, 20},
		{"40 or 100 %, 5 s each", func(at time.Duration) float64 {
			return 0.133 + 0.2*float64(int(at.Seconds()/5)&1)
		}, 30},
	}) {
		synctest.Test(t, func(t *testing.T) {
			m, err := New(Config{Rate: 1000, Channels: 1, Block: 100})
			if err != nil {
				t.Fatal(err)
			}
			b := &box{m, t, &mixtest.Sink{Rate: 1000, Channels: 1, Block: 100, Periods: 3, Stop: hour, Took: func([]float32) {}}}
			var cards []*costly
			for _, name := range []string{"a", "b", "c"} {
				card, _ := b.costly(name, 0, c.load(0))
				cards = append(cards, card)
			}
			start := time.Now()
			go func() {
				for ; time.Since(start) < hour; time.Sleep(ms(500)) {
					for _, card := range cards {
						card.takes(c.load(time.Since(start)))
					}
				}
			}()
			sheds, returns, was := map[string]int{}, 0, map[string]bool{}
			go func() {
				for ; time.Since(start) < hour; time.Sleep(ms(50)) {
					for _, s := range b.Streams() {
						now := s.State == Shed
						if now && !was[s.Name] {
							sheds[s.Name]++
						} else if !now && was[s.Name] {
							returns++
						}
						was[s.Name] = now
					}
				}
			}()
			b.pass()
			t.Logf("%s: in an hour shed %v, %d returns", c.name, sheds, returns)
			if n := sheds["c"]; n == 0 || n > c.most || sheds["b"] > 2 || sheds["a"] > 0 {
				t.Errorf("c is to be shed, %d times at most", c.most)
			}
		})
	}
}

// A stream that is alone stays whatever it takes; and one block that is held up, or a
// feed that is late, is no load.
func TestNoReasonToShed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBox(t, 3*time.Second)
		_, s := b.costly("a", 0, 1.3)
		b.pass()
		if i := s.Info(); i.State != Live {
			t.Errorf("a stream alone: %+v", i)
		}
		if l := b.Output().Info().Load; l < shedAbove || l > 1 {
			t.Errorf("its load is %v", l)
		}

		b = newBox(t, 5*time.Second)
		slow, _ := b.costly("a", 0, 0.35)
		_, last := b.costly("b", 0, 0.35)
		at(time.Second, func() { slow.takes(40); time.Sleep(ms(10)); slow.takes(0.35) })
		changes := b.changes()
		b.pass()
		if len(*changes) > 0 {
			t.Errorf("a hold-up of 200 ms: %v, load %v", *changes, last.Info())
		}

		b = newBox(t, 3*time.Second)
		f := NewFeed(1, 9600)
		b.Add(StreamConfig{Name: "f", Source: f, Format: Format{boxRate, 1}})
		b.card("a", counting)
		start := time.Now()
		go func() { // a little slow, so that most blocks are waited for
			for ; time.Since(start) < b.sink.Stop; time.Sleep(5020 * time.Microsecond) {
				f.Write(t.Context(), make([]float32, boxBlock))
			}
		}()
		changes = b.changes()
		b.pass()
		time.Sleep(ms(10)) // the producer's last
		if load := b.Output().Info().Load; len(*changes) > 0 || load > 0.01 {
			t.Errorf("a feed that is waited for: %v, load %v", *changes, load)
		}
	})
}
