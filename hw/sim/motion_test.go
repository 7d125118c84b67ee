package sim

import (
	"errors"
	"math"
	"testing"
	"testing/synctest"
	"time"
)

// observe reads every 5 ms for d, and gives check the card's position at each time that Ahead tells, in frames since the
// start and time since then.
func observe(t *testing.T, s *Source, d time.Duration, check func(frames int64, at, now time.Duration)) {
	t.Helper()
	dst := make([]float32, 4800*s.Channels())
	start := s.motion.start
	for end := time.Now().Add(d); time.Now().Before(end); time.Sleep(5 * time.Millisecond) {
		ahead, at := s.Ahead()
		check(s.read+int64(ahead), at.Sub(start), time.Since(start))
		n, err := s.Read(dst)
		if err != nil || n != ahead {
			t.Fatalf("read %d, %v where %d were ahead", n, err, ahead)
		}
	}
}

// The position is exact to the nanosecond at the time that is told, whatever the steps are, and nothing is yet to come.
func TestAheadIsExact(t *testing.T) {
	for spec, burst := range map[string]int64{"sim:ramp?ppm=200": 1, "sim:ramp?ppm=-200&burst=96": 96, "sim:ramp?ppm=-33.3&burst=480&rate=44100": 480} {
		synctest.Test(t, func(t *testing.T) {
			s := source(t, spec)
			c := s.motion.clock
			observe(t, s, 10*time.Second, func(frames int64, at, now time.Duration) {
				if frames%burst != 0 || at != c.after(frames) || at > now || c.after(frames+burst) <= now {
					t.Fatalf("%s: %d frames at %v, told at %v: the exact time is %v, the next step's %v", spec, frames, at, now, c.after(frames), c.after(frames+burst))
				}
			})
		})
	}
}

// Late steps are late by up to the jitter, and come in order.
func TestJitter(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const jitter = 2 * time.Millisecond
		s := source(t, "sim:ramp?burst=96&jitter=2ms")
		var n, sum, last float64
		least, most := jitter, time.Duration(0)
		observe(t, s, 20*time.Second, func(frames int64, at, now time.Duration) {
			late := at - s.motion.clock.after(frames)
			if at > now || float64(frames) < last || frames == 0 && now > 2*jitter {
				t.Fatalf("%d frames at %v, told at %v", frames, at, now)
			}
			if last = float64(frames); frames > 0 {
				least, most, sum, n = min(least, late), max(most, late), sum+late.Seconds(), n+1
			}
		})
		t.Logf("late by %v to %v, %.2f ms in the mean", least, most, 1000*sum/n)
		if least < 0 || least > jitter/50 || most > jitter || most < jitter*49/50 || math.Abs(sum/n-jitter.Seconds()/2) > jitter.Seconds()/10 {
			t.Errorf("late by %v to %v, %.2f ms in the mean; want 0 to %v", least, most, 1000*sum/n, jitter)
		}
	})
}

// While it stalls, a card tells when it moved last; afterwards it goes on.
func TestAheadInAStall(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := source(t, "sim:ramp?stall=1s/3s&burst=48")
		stalled := 0
		observe(t, s, 9500*time.Millisecond, func(frames int64, at, now time.Duration) {
			run := now/(3*time.Second)*2*time.Second + min(now%(3*time.Second), 2*time.Second)
			moved := now                                 // of the last step, 1 ms apart
			if (now-1)%(3*time.Second) > 2*time.Second { // to its end
				moved, stalled = (now-1)/(3*time.Second)*3*time.Second+2*time.Second, stalled+1
			}
			if want := int64(run / time.Millisecond * 48); frames != want || at != moved {
				t.Fatalf("%d frames at %v, told at %v; want %d at %v", frames, at, now, want, moved)
			}
		})
		if stalled < 500 {
			t.Errorf("told %d times in a stall", stalled)
		}
		s.Stall(time.Second)
		at := time.Since(s.motion.start)
		observe(t, s, 900*time.Millisecond, func(frames int64, when, now time.Duration) {
			if when != at || frames != 6.5*48000 {
				t.Fatalf("%d frames at %v, told at %v; want %d at %v", frames, when, now, int64(6.5*48000), at)
			}
		})
	})
}

// A clock that changes takes neither frames nor phase from the card.
func TestSetPPM(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := source(t, "sim:tone?hz=1000&db=0&channels=1&ppm=200")
		const step = 4347870 * time.Nanosecond // in the middle of frames
		var samples []float32
		want := 0.0
		for _, ppm := range []float64{200, -1000, 1000, 0, -150} {
			if err := s.SetPPM(ppm); err != nil {
				t.Fatal(err)
			}
			_, x := collect(t, s, 100*step, step)
			samples = append(samples, x...)
			want += 100 * step.Seconds() * 48000 * (1 + ppm*1e-6)
		}
		if got := float64(s.motion.before + s.motion.clock.frames(s.motion.live)); math.Abs(got-want) > 1.01 {
			t.Errorf("%g frames, want %g", got, want)
		}
		// A sine of almost constant frequency w bends by its height: a jump of its phase or a lost frame breaks that.
		w := 2 * math.Pi * 1000 / 48000
		for i := 1; i < len(samples)-1; i++ {
			bend := float64(samples[i-1]) + float64(samples[i+1]) - 2*math.Cos(w)*float64(samples[i])
			if math.Abs(bend) > 0.0003 {
				t.Fatalf("a click at frame %d: %g", i, bend)
			}
		}
		if err := s.SetPPM(10001); !errors.Is(err, ErrConfig) {
			t.Errorf("too much: %v", err)
		}
	})
}

func TestAheadKnowsNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, err := NewSource(SourceConfig{Wave: Ramp})
		if err != nil {
			t.Fatal(err)
		}
		check := func(about string) {
			if frames, at := s.Ahead(); frames != 0 || !at.IsZero() {
				t.Errorf("%s: %d frames at %v", about, frames, at)
			}
		}
		check("before the first read")
		s.Read(nil)
		time.Sleep(time.Millisecond)
		if frames, at := s.Ahead(); frames != 48 || !at.Equal(time.Now()) {
			t.Errorf("%d frames at %v", frames, at)
		}
		s.Unplug()
		check("gone")
		s.Plug()
		check("back, but not read")
		s.Read(nil)
		s.Close()
		check("closed")
	})
}
