package sim

import (
	"errors"
	"math"
	"math/big"
	"testing"
	"testing/synctest"
	"time"
)

func source(t *testing.T, spec string) *Source {
	t.Helper()
	c, err := ParseSource(spec)
	if err != nil {
		t.Fatal(err)
	}
	s, err := NewSource(c)
	if err != nil {
		t.Fatal(err)
	}
	if n, err := s.Read(nil); n != 0 || err != nil {
		t.Fatalf("the first read gave %d, %v", n, err)
	}
	return s
}

// collect reads every step until d is over, and returns how many frames each read gave.
func collect(t *testing.T, s *Source, d, step time.Duration) (counts []int, samples []float32) {
	t.Helper()
	dst := make([]float32, 2*s.Channels()*int(int64(step)*int64(s.Rate())/1e9))
	for range d / step {
		time.Sleep(step)
		n, err := s.Read(dst)
		if err != nil {
			t.Fatal(err)
		}
		counts = append(counts, n)
		samples = append(samples, dst[:n*s.Channels()]...)
	}
	return counts, samples
}

func TestSourceKeepsItsOwnTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := source(t, "sim:silence?ppm=80&channels=1")
		counts, _ := collect(t, s, 100*time.Second, 50*time.Millisecond)
		total := 0
		for _, n := range counts {
			total += n
			if n < 2400 || n > 2401 {
				t.Fatalf("a read after 50 ms gave %d frames", n)
			}
		}
		if want := 100*48000 + 384; total != want {
			t.Errorf("%d frames in 100 s, want %d", total, want)
		}
	})
}

// checkRamp checks that no frame was lost or repeated since the first.
func checkRamp(t *testing.T, samples []float32, channels int) {
	t.Helper()
	for i, v := range samples {
		if want := float32(int16(i/channels)) / 32768; v != want {
			t.Fatalf("sample %d is %g, want %g", i, v, want)
		}
	}
}

func TestStallsOnSchedule(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := source(t, "sim:ramp?stall=2s/10s")
		counts, samples := collect(t, s, 25*time.Second, 10*time.Millisecond)
		for i, n := range counts {
			want := 480
			if i%1000 >= 800 {
				want = 0
			}
			if n != want {
				t.Fatalf("%d frames after %v, want %d", n, time.Duration(i+1)*10*time.Millisecond, want)
			}
		}
		checkRamp(t, samples, 2)
	})
}

func TestStallOnDemand(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := source(t, "sim:ramp?channels=1")
		time.Sleep(5 * time.Millisecond)
		s.Stall(time.Second) // what was captured before is still there
		counts, samples := collect(t, s, time.Second, 5*time.Millisecond)
		_, rest := collect(t, s, time.Second, 5*time.Millisecond)
		if counts[0] != 240 || len(samples) != 240 || len(rest) != 48000 {
			t.Errorf("%d frames at first, %d until the end of the stall, %d in the second after", counts[0], len(samples), len(rest))
		}
		checkRamp(t, append(samples, rest...), 1)
	})
}

func TestXrunIsToldOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := source(t, "sim:ramp?channels=1")
		dst := make([]float32, 48000)
		time.Sleep(bufferTime)
		if n, err := s.Read(dst); n != 4800 || err != nil {
			t.Errorf("just in time: %d, %v", n, err)
		}
		time.Sleep(bufferTime + time.Millisecond)
		if n, err := s.Read(dst); n != 0 || !errors.Is(err, ErrXrun) {
			t.Errorf("too late: %d, %v", n, err)
		}
		time.Sleep(time.Millisecond)
		if n, err := s.Read(dst); n != 48 || err != nil || s.Xruns() != 1 {
			t.Errorf("after the xrun: %d, %v, %d xruns", n, err, s.Xruns())
		}
		if want := float32(4800+4848) / 32768; dst[0] != want {
			t.Errorf("goes on with %g, want the newest frame, %g", dst[0], want)
		}
	})
}

func TestUnplugAndPlug(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := source(t, "sim:ramp?channels=1")
		dst := make([]float32, 48000)
		time.Sleep(10 * time.Millisecond)
		s.Unplug()
		for range 2 {
			if n, err := s.Read(dst); n != 0 || !errors.Is(err, ErrGone) {
				t.Errorf("unplugged: %d, %v", n, err)
			}
		}
		time.Sleep(time.Hour)
		s.Plug()
		s.Read(dst)
		_, samples := collect(t, s, 100*time.Millisecond, 10*time.Millisecond)
		checkRamp(t, samples, 1)
		if len(samples) != 4800 {
			t.Errorf("%d frames in 100 ms after the return", len(samples))
		}
		s.Close()
		if _, err := s.Read(dst); !errors.Is(err, ErrClosed) {
			t.Errorf("closed: %v", err)
		}
	})
}

// After a month the tone is still where a calculation with many digits has it.
func TestToneAfterAMonth(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := source(t, "sim:tone?hz=997&db=0&ppm=123")
		const month = 30 * 24 * time.Hour
		s.motion.live = month
		s.skip(s.motion.clock.frames(month))
		_, samples := collect(t, s, 100*time.Millisecond, 10*time.Millisecond)
		first := s.read - int64(len(samples)/2)

		const digits = 200
		step := new(big.Float).SetPrec(digits).Quo(big.NewFloat(997e6), big.NewFloat(48005.904e6)) // µHz: whole numbers
		for i := 0; i < len(samples); i += 2 {
			cycles := new(big.Float).SetPrec(digits).Mul(step, new(big.Float).SetInt64(first+int64(i/2)))
			whole, _ := cycles.Int(nil)
			part, _ := cycles.Sub(cycles, new(big.Float).SetPrec(digits).SetInt(whole)).Float64()
			want := math.Sin(2 * math.Pi * part)
			if math.Abs(float64(samples[i])-want) > 1e-6 || samples[i] != samples[i+1] {
				t.Fatalf("frame %d is %g, %g; want %g twice", i/2, samples[i], samples[i+1], want)
			}
		}
	})
}

func TestNoise(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := source(t, "sim:noise?db=-20")
		_, samples := collect(t, s, time.Second, 10*time.Millisecond)
		var sum, power, peak float64
		for _, v := range samples {
			sum += float64(v)
			power += float64(v) * float64(v)
			peak = max(peak, math.Abs(float64(v)))
		}
		n := float64(len(samples))
		if rms := math.Sqrt(power / n); math.Abs(sum/n) > 0.001 || math.Abs(rms-0.1/math.Sqrt(3)) > 0.001 || peak > 0.1 || peak < 0.0999 {
			t.Errorf("mean %g, rms %g, peak %g", sum/n, rms, peak)
		}
	})
}

func TestReadAllocatesNothing(t *testing.T) {
	s := source(t, "sim:tone")
	dst := make([]float32, 960)
	if n := testing.AllocsPerRun(100, func() { s.Ahead(); s.Read(dst) }); n != 0 {
		t.Errorf("%g allocations a read", n)
	}
}
