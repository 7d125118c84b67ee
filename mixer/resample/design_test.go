package resample

import (
	"math"
	"math/cmplx"
	"testing"
)

// response is the filter's gain at f cycles per input frame, read from its table.
func response(r *Resampler, f float64) float64 {
	const parts = 2 // of a row
	var sum complex128
	r.span.table, r.span.taps = r.table, r.taps
	for m := range rows * parts {
		phase := (float64(m) + 0.5) / (rows * parts)
		r.span.weigh(uint64(math.Ldexp(phase, 64)))
		for j, w := range r.span.weights {
			at := float64(j-r.taps/2+1) - phase
			sum += complex(float64(w), 0) * cmplx.Rect(1, 2*math.Pi*f*at)
		}
	}
	return cmplx.Abs(sum) / (rows * parts)
}

// The filter keeps its promise at both edges and beyond, with the clocks 1 % apart.
func TestFilter(t *testing.T) {
	for _, test := range []struct {
		in, out            int
		passHz, stopHz     float64
		highestTaps        int
		highestLookaheadMs float64
	}{
		{48000, 48000, 20000, 27520, 56, 0.6},
		{44100, 48000, 19999, 23660, 104, 1.2},
		{48000, 44100, 19999, 23660, 120, 1.3},
		{96000, 48000, 20000, 27520, 120, 0.7},
		{48000, 8000, 3628, 4292, 640, 6.7},
	} {
		r := must(New(test.in, test.out, 1))
		pass, stop := test.passHz/float64(test.in), test.stopHz/float64(test.in)
		ripple, rest := 0.0, 0.0
		for i := range 21 {
			x := float64(i) / 20
			ripple = max(ripple, math.Abs(response(r, pass*x)-1))
			rest = max(rest, response(r, stop+(2-stop)*x*x)) // closer together at the edge
		}
		ms := 1000 * float64(r.Lookahead()) / float64(test.in)
		t.Logf("%d to %d Hz: %d taps, %.2f ms ahead, gain of 1 ± %.0e to %.0f Hz, %.1f dB from %.0f Hz on",
			test.in, test.out, r.taps, ms, ripple, test.passHz, 20*math.Log10(rest), test.stopHz)
		if ripple > 1e-6 || 20*math.Log10(rest) > -StopDB || r.taps > test.highestTaps || ms > test.highestLookaheadMs {
			t.Errorf("want 1 ± 1e-6, -%d dB, %d taps, %.1f ms", StopDB, test.highestTaps, test.highestLookaheadMs)
		}
	}
}

// A constant stays what it is at every phase.
func TestConstantIsKept(t *testing.T) {
	r := must(New(44100, 48000, 1))
	r.SetRatio(1.0001)
	x, y := make([]float32, 40000), make([]float32, 40000)
	for i := range x {
		x[i] = 1
	}
	worst := 0.0
	for _, v := range y[2*r.taps : first(r.Process(y, x))] {
		worst = max(worst, math.Abs(float64(v)-1))
	}
	t.Logf("off by at most %.1e", worst)
	if worst > 1.0/(1<<21) {
		t.Error("it is not")
	}
}

func first(made, _ int) int { return made }
