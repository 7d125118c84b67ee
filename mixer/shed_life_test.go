package mixer

import (
	"errors"
	"io"
	"testing"
	"testing/synctest"
	"time"

	"submix/mixer/mixtest"
)

// shedBox is a box on which b, the last of two, is shed after a second, and stays so
// until busy is told to take less.
func shedBox(t *testing.T, stop time.Duration) (b *box, busy, card *costly, s *Stream) {
	t.Helper()
	b = newBox(t, stop)
	busy, _ = b.costly("a", 5, 0.2)
	card, s = b.costly("b", 0, 0.2)
	at(time.Second, func() { busy.takes(0.75) })
	return b, busy, card, s
}

// What happens to a stream while it is shed.
func TestLifeWhileShed(t *testing.T) {
	for _, c := range []struct {
		name  string
		event func(t *testing.T, b *box, card *costly, s *Stream)
		then  State // and half a second later
		back  State // half a second after there is room, and the pause is over
	}{
		{"nothing", func(*testing.T, *box, *costly, *Stream) {}, Shed, Live},
		{"a gap", func(_ *testing.T, _ *box, c *costly, _ *Stream) { c.Once(ErrGap) }, Shed, Live},
		{"unplugged", func(_ *testing.T, _ *box, c *costly, _ *Stream) { c.Fail(errors.New("pulled")) }, Gone, Gone},
		{"unplugged and put back", func(t *testing.T, b *box, c *costly, s *Stream) {
			c.Fail(errors.New("pulled"))
			time.Sleep(ms(100))
			if i := s.Info(); i.State != Gone || i.Reason != "pulled" || i.Unplugs != 1 {
				t.Errorf("unplugged while shed: %+v", i)
			}
			attach(t, b, s)
		}, Shed, Live},
		{"another source", func(t *testing.T, b *box, _ *costly, s *Stream) { attach(t, b, s) }, Shed, Live},
		{"finished", func(_ *testing.T, _ *box, _ *costly, s *Stream) { s.Finish() }, Ended, Ended},
		{"ended by its source", func(_ *testing.T, _ *box, c *costly, _ *Stream) { c.Fail(io.EOF) }, Ended, Ended},
		{"removed", func(_ *testing.T, b *box, _ *costly, _ *Stream) { b.Remove("b") }, Ended, Ended},
		{"stalled", func(_ *testing.T, _ *box, c *costly, _ *Stream) { c.Stall() }, Shed, Stalled},
		{"given a higher priority", func(_ *testing.T, _ *box, _ *costly, s *Stream) { s.SetPriority(6) }, Live, Live},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				b, busy, card, s := shedBox(t, 20*time.Second)
				at(ms(3001), func() { c.event(t, b, card, s) })
				is := func(after time.Duration, want State) {
					at(after, func() {
						if i := s.Info(); i.State != want {
							t.Errorf("%v after %v, want %v: %+v", i.State, after, want, i)
						}
					})
				}
				is(3*time.Second, Shed)
				is(ms(3600), c.then)
				at(10*time.Second, func() { busy.takes(0.2) })
				is(ms(14500), c.back)
				b.pass()
				if b.sink.Late > 0 {
					t.Errorf("%d blocks late", b.sink.Late)
				}
			})
		})
	}
}

func attach(t *testing.T, b *box, s *Stream) {
	t.Helper()
	if err := s.Attach(mixtest.NewCard(boxRate, 1, counting), Format{boxRate, 1}); err != nil {
		t.Error(err)
	}
}

// A file that is shed goes on in time, and the mix ends when it does.
func TestFileGoesOnWhileShed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBox(t, time.Minute)
		busy, a := b.costly("a", 5, 0.9)
		f := NewFeed(1, 4800)
		file, err := b.Add(StreamConfig{Name: "file", Source: f, Format: Format{44100, 1}})
		if err != nil {
			t.Fatal(err)
		}
		start := time.Now()
		over := time.Duration(0)
		go func() {
			for range 10 {
				f.Write(t.Context(), make([]float32, 44100))
			}
			f.CloseWrite(nil)
			over = time.Since(start)
		}()
		at(5*time.Second, func() {
			if st := file.Info().State; st != Shed {
				t.Errorf("the file is %v", st)
			}
			b.EndInput()
			a.Finish()
			busy.takes(0)
		})
		if err := b.Play(b.sink); err != nil {
			t.Error(err)
		}
		synctest.Wait()
		t.Logf("10 s of a file, shed most of the time, were read within %v, and the mix ended after %v", over, time.Since(start))
		if d := time.Since(start); d < ms(9900) || d > ms(10200) || file.Info().State != Ended {
			t.Errorf("it is %v", file.Info().State)
		}
	})
}

// A stream that is added while one that comes before it is shed is not heard before
// that is; and one is heard at once when no other is left.
func TestOrderIsKept(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b, _, _, _ := shedBox(t, 20*time.Second)
		changes := b.changes()
		at(3*time.Second, func() { b.costly("late", 0, 0.01) })
		at(5*time.Second, func() { b.costly("high", 1, 0.01) })
		at(10*time.Second, func() { b.Remove("a") })
		b.pass()
		if told(*changes) != "-b -late +b +late" {
			t.Fatal(*changes)
		}
		for i, want := range []time.Duration{time.Second, 3 * time.Second, 13 * time.Second, 16 * time.Second} {
			if got := (*changes)[i].at; got < want-4*time.Second || got > want+ms(500) {
				t.Errorf("%v, want it about %v", (*changes)[i], want)
			}
		}

		b, _, _, _ = shedBox(t, 4*time.Second)
		changes = b.changes()
		at(2*time.Second, func() { b.Remove("a") })
		b.pass()
		if told(*changes) != "-b +b" || (*changes)[1].at > ms(2020) {
			t.Errorf("the other one is removed after 2 s: %v", *changes)
		}
	})
}

// Below the bound, it takes a sink that runs dry, the oftener the lower the load is; with
// little load, nothing is shed however often it does.
func TestXrunsUnderLoadShed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for _, c := range []struct {
			load  float64
			every time.Duration // xruns
			want  string
		}{{0.38, ms(400), "-b"}, {0.38, 2 * time.Second, ""}, {0.25, ms(400), ""}, {0.1, time.Second, ""}, {0.1, ms(50), ""},
			{0.08, ms(100), ""}, {0.23, ms(15), ""}, {0.27, ms(50), "-b +b"}} {
			b := newBox(t, 8*time.Second)
			b.costly("a", 0, c.load)
			b.costly("b", 0, c.load)
			for d := time.Second; d < 4*time.Second; d += c.every {
				at(d, func() { b.sink.Jump(0, ErrGap) })
			}
			changes := b.changes()
			b.pass()
			if told(*changes) != c.want {
				t.Errorf("load %.2f, an xrun each %v: %v, want %q", 2*c.load, c.every, *changes, c.want)
			}
			t.Logf("load %.2f, an xrun each %v: %v", 2*c.load, c.every, *changes)
		}
	})
}

// Neither a block nor shedding allocates.
func TestShedDoesNotAllocate(t *testing.T) {
	m, err := New(Config{Rate: boxRate, Channels: 1, Block: boxBlock, Limiter: true})
	if err != nil {
		t.Fatal(err)
	}
	now := time.Now()
	for _, name := range []string{"a", "b", "c"} {
		if _, err := m.Add(StreamConfig{Name: name, Source: &ticking{now: &now, start: now}, Format: Format{boxRate, 1}, Live: true}); err != nil {
			t.Fatal(err)
		}
	}
	dst := make([]float32, boxBlock)
	block, seen := 0, map[State]bool{}
	n := testing.AllocsPerRun(5000, func() {
		now = now.Add(ms(5))
		if err := m.Pull(dst, 2*boxBlock, now, time.Time{}); err != nil {
			t.Fatal(err)
		}
		g := &m.governor
		block++
		if block%100 == 50 {
			g.load.now = 2
		}
		if block%100 == 0 {
			g.changed, g.calm = g.changed.Add(-time.Hour), 0
		}
		m.govern()
		seen[State((*m.set.Load())[2].state.Load())] = true
	})
	if n != 0 || !seen[Shed] || !seen[Live] {
		t.Errorf("%v allocations a block, states seen %v", n, seen)
	}
}

// ticking is silence by a clock that a test moves.
type ticking struct {
	now   *time.Time
	start time.Time
	given int
}

func (s *ticking) there() int { return int(s.now.Sub(s.start) * boxRate / time.Second) }

func (s *ticking) Ahead() (int, time.Time) { return s.there() - s.given, *s.now }

func (s *ticking) Read(dst []float32) (int, error) {
	n := min(len(dst), s.there()-s.given)
	s.given += n
	return n, nil
}

// A stream that returns has the latency that it had, and what was known of its clock
// and its steps.
func TestReturnAtItsLatency(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBox(t, 40*time.Second)
		busy, _ := b.costly("a", 5, 0.3)
		card := mixtest.NewCard(boxRate, 1, counting)
		card.Burst = 96
		card.SetPPM(100)
		s, err := b.Add(StreamConfig{Name: "b", Source: card, Format: Format{boxRate, 1}, Live: true, Latency: ms(30)})
		if err != nil {
			t.Fatal(err)
		}
		var before, after StreamInfo
		var stride int64
		at(ms(19_999), func() { before, stride = s.Info(), s.follower.stride })
		at(20*time.Second, func() { busy.takes(0.9) })
		at(25*time.Second, func() { busy.takes(0.3) })
		changes := b.changes()
		at(ms(39_999), func() { after = s.Info() })
		b.pass()
		if told(*changes) != "-b +b" {
			t.Fatal(*changes)
		}
		t.Logf("latency %v, then %v; drift %.2f, then %.2f ppm", before.Latency, after.Latency, before.DriftPPM, after.DriftPPM)
		if d := (after.Latency - before.Latency).Abs(); d > time.Second/boxRate || after.Lock != Locked || s.follower.stride != stride {
			t.Errorf("before %+v\nafter %+v, steps of %d frames, then %d", before, after, stride, s.follower.stride)
		}
	})
}
