package drift

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

// twisted is a timing of which some measurements are changed.
func twisted(t timing, twist func(s *sim, fill float64, fresh bool) (float64, bool)) timing {
	measure := t.measure
	t.measure = func(s *sim) (float64, bool) {
		fill, fresh := measure(s)
		return twist(s, fill, fresh)
	}
	return t
}

// A measurement that is far off, as that of a late interrupt, hardly moves the
// ratio.
func TestOutliers(t *testing.T) {
	for _, timing := range []timing{whole, bursts, jitter} {
		late := twisted(timing, func(s *sim, fill float64, fresh bool) (float64, bool) {
			if fresh && s.seconds() > 30 && s.blocks%100 < 2 { // 5 ms late twice every half second
				fill -= 240
			}
			return fill, fresh
		})
		s, plain := newSim(sameRates, block, late, 1e-3, constant(-77)), newSim(sameRates, block, timing, 1e-3, constant(-77))
		lock, moved, off := locks{}, 0.0, 0.0
		s.run(60, func() {
			plain.step()
			lock.note(s)
			moved = max(moved, math.Abs(s.loop.Ratio()-plain.loop.Ratio()))
			if s.seconds() > 30 {
				off = max(off, math.Abs(s.off()-plain.off()))
			}
		})
		t.Logf("%-16s two measurements of 100 late by 5 ms: ratio moved by %.4f ppm, fill by %.4f ms", timing.name, moved*1e6, off*1e3)
		if moved > 0.5e-6 || off > 0.05e-3 || lock.gained != 1 || lock.lost != 0 {
			t.Errorf("lock gained %d times, lost %d times", lock.gained, lock.lost)
		}
	}
}

// Frames that are lost without a word are a jump of the fill, not of the clock.
func TestJump(t *testing.T) {
	for _, timing := range []timing{whole, bursts, jitter} {
		for _, jump := range []float64{-480, -48, 480} {
			if timing.name == jitter.name && jump == -48 {
				continue // no more than the jitter
			}
			s := newSim(sameRates, block, timing, 20e-3, constant(250))
			s.run(60, nil)
			s.captured += jump
			s.burst = math.Floor(s.captured/512) * 512
			wrong := 0.0
			known, steady := 0.0, 60.0
			s.run(120, func() {
				wrong = max(wrong, s.wrong())
				if math.Abs(s.loop.Fill()-s.fill()+timing.late*s.rate) > 12 {
					known = s.seconds() - 60
				}
				if s.loop.Lock() != Locked {
					steady = s.seconds()
				}
			})
			t.Logf("%-16s %+4.0f frames: known after %.0f ms, drift off by %.3f ppm at most, locked again after %.1f s", timing.name, jump, known*1e3, wrong, steady-60)
			if wrong > 1 || known > 0.3 || s.loop.Lock() != Locked || math.Abs(s.off()) > 0.2e-3 {
				t.Errorf("fill off by %.3f ms, %v", s.off()*1e3, s.loop.Lock())
			}
		}
	}
}

// Noise that sets in is noise, and at most a jump of the fill, but no drift.
func TestNoiseSetsIn(t *testing.T) {
	const runs = 20
	for _, test := range []struct{ early, late float64 }{{0.5e-3, 0.5e-3}, {0, 1e-3}} { // seconds
		noisy := twisted(whole, func(s *sim, fill float64, fresh bool) (float64, bool) {
			if s.seconds() > 20 {
				fill += s.rate * (test.early - (test.early+test.late)*s.rand.Float64())
			}
			return fill, fresh
		})
		var off []float64 // ms
		kept := 0
		for seed := range uint64(runs) {
			s := newSim(sameRates, block, noisy, 1e-3, constant(250))
			s.seed(seed)
			worst, wrong := 0.0, 0.0
			s.run(20, nil)
			s.run(40, func() {
				worst = max(worst, math.Abs(s.off()*1e3))
				wrong = max(wrong, s.wrong())
			})
			if wrong < 10 {
				kept++
			}
			off = append(off, worst)
			if s.loop.Lock() != Locked {
				t.Errorf("seed %d: %v after 20 s", seed, s.loop.Lock())
			}
		}
		slices.Sort(off)
		t.Logf("jitter of %+.1f to %+.1f ms from 20 s on: drift kept to 10 ppm in %d runs of %d; fill off by %.3f ms at most in half of them, %.3f ms in all",
			-test.early*1e3, test.late*1e3, kept, runs, off[runs/2], off[runs-1])
		if kept < runs*6/10 || off[runs-1] > 1 || off[runs/2] > (test.late-test.early)/2*1e3+0.1 {
			t.Error("it was taken for drift")
		}
	}
}

// While nothing new is told, the ratio stays what it was.
func TestMissing(t *testing.T) {
	silent := twisted(whole, func(s *sim, fill float64, fresh bool) (float64, bool) {
		return fill, fresh && (s.seconds() < 60 || s.seconds() > 90)
	})
	s := newSim(sameRates, block, silent, 1e-3, constant(250))
	s.run(60, nil)
	lock, moved, off := locks{was: s.loop.Lock()}, 0.0, 0.0
	s.run(120, func() {
		lock.note(s)
		moved, off = max(moved, math.Abs((s.loop.Ratio()-1)*1e6-250)), max(off, math.Abs(s.off()))
	})
	t.Logf("nothing for 30 s: ratio moved by %.4f ppm, fill off by %.3f ms at most", moved, off*1e3)
	if moved > 0.1 || off > 0.1e-3 || lock.lost != 0 {
		t.Errorf("lock lost %d times", lock.lost)
	}
	// One in fifty blocks is enough.
	rare := twisted(whole, func(s *sim, fill float64, fresh bool) (float64, bool) { return fill, s.blocks%50 == 0 })
	s = newSim(sameRates, block, rare, 1e-3, constant(250))
	s.run(40, nil)
	t.Logf("four a second: drift off by %.3f ppm after 40 s, fill by %.3f ms, %v", s.wrong(), s.off()*1e3, s.loop.Lock())
	if s.wrong() > 2 || math.Abs(s.off()) > 0.1e-3 || s.loop.Lock() != Locked {
		t.Error("too far")
	}
}

// Whatever it is told, a loop says numbers, and finds back.
func TestNonsense(t *testing.T) {
	random := rand.New(rand.NewPCG(3, 4))
	odd := []float64{math.NaN(), math.Inf(1), math.Inf(-1), 0, -1, 1e9, -1e9, 1e300, 1e-300, 240, 241, 48000, 5e-324}
	for round := range 100 {
		s := newSim(sameRates, block, whole, 1e-3, constant(250))
		s.run(float64(round%4), nil)
		for range 300 {
			a, b := odd[random.IntN(len(odd))], odd[random.IntN(len(odd))]
			switch random.IntN(8) {
			case 0:
				s.loop.Learn(a)
			case 1:
				s.loop.SetTarget(a)
			case 2:
				s.loop.Resync()
			case 3, 4:
				s.loop.Measure(a)
			default:
				s.loop.Advance(a, b)
			}
			ratio := s.loop.Ratio()
			for _, x := range []float64{s.loop.PPM(), s.loop.Fill(), s.loop.observer.known(), s.loop.observer.deviation()} {
				if math.IsNaN(x) || math.IsInf(x, 0) {
					t.Fatalf("round %d: %v in %+v", round, x, *s.loop)
				}
			}
			if !(math.Abs(ratio-1) <= Limit+1e-12) {
				t.Fatalf("round %d: ratio %v", round, ratio)
			}
		}
		s.loop.Resync()
		s.loop.SetTarget(s.fill())
		s.run(s.seconds()+25, nil)
		if s.wrong() > 2 || s.loop.Lock() != Locked {
			t.Fatalf("round %d: drift off by %v ppm, fill by %v ms, %v", round, s.wrong(), s.off()*1e3, s.loop.Lock())
		}
	}
}

func TestAllocates(t *testing.T) {
	s := newSim(sameRates, block, whole, 1e-3, constant(250))
	if n := testing.AllocsPerRun(1000, s.step); n != 0 {
		t.Errorf("%v allocations a block", n)
	}
}

// The gains are those of the line fitted by least squares, and later those of
// the memory.
func TestGains(t *testing.T) {
	o := newObserver(48000)
	const d = 240.0
	variance := o.noise.variance
	gains := func() (fill, slope float64) {
		spread := o.varFill + o.noise.variance
		return o.varFill / spread, o.covariance * d / spread
	}
	o.varDrift = 1e6 // nothing is known of it
	o.measure(0)
	for n := 2.0; n <= 16; n++ {
		o.advance(d, d)
		fill, slope := gains()
		if wantFill, wantSlope := 2*(2*n-1)/(n*(n+1)), 6/(n*(n+1)); math.Abs(fill-wantFill) > 1e-3*wantFill || math.Abs(slope-wantSlope) > 1e-3*wantSlope {
			t.Errorf("gains of measurement %v: %v, %v, want %v, %v", n, fill, slope, wantFill, wantSlope)
		}
		o.measure(0)
	}
	for range 1_000_000 {
		o.advance(d, d)
		o.measure(0)
	}
	o.advance(d, d)
	n := o.memory / d
	fill, slope := gains()
	t.Logf("n = %.0f: gains settle at %.3f/n and %.3f/n^2; noise %.3f, at first %.0f frames", n, fill*n, slope*n*n, math.Sqrt(o.noise.variance), math.Sqrt(variance))
	if math.Abs(fill*n-4) > 0.01 || math.Abs(slope*n*n-8) > 0.01 {
		t.Error("want 4/n and 8/n^2")
	}
}

func BenchmarkLoop(b *testing.B) {
	l := New(sameRates)
	for i := range b.N {
		l.Advance(240, 240*l.Ratio())
		l.Measure(300 + float64(i&1))
	}
}
