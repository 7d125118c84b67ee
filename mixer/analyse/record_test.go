package analyse

import (
	"math"
	"slices"
	"testing"
)

// A window that is worse than the others is found, and a level and a frequency
// that move are followed.
func TestWindows(t *testing.T) {
	const seconds, window = 4, rate / 4
	x := noise(3, seconds*rate, -110)
	for w := range seconds * 4 {
		tone := Tone{997 * (1 + float64(w)*1e-6), 0.5 + 0.01*float64(w), 0}
		add(x[w*window:(w+1)*window], Synthesise(window, rate, tone))
	}
	add(x[7*window:8*window], noise(4, window, -80))
	r := Windows(x, Plan{Rate: rate, WindowFrames: window, Hz: [][]float64{{997}}})
	if len(r.Fits) != seconds*4 {
		t.Fatalf("%d windows", len(r.Fits))
	}
	want := decibel(0.57/math.Sqrt2, 1e-4)
	t.Logf("worst window %.2f dB, want %.2f", r.WorstSNR(0), want)
	near(t, "worst SNR", r.WorstSNR(0), want, 0.1)
	low, high := r.Levels(0)
	near(t, "lowest level", low, 0.5, 1e-6)
	near(t, "highest level", high, 0.65, 1e-6)
	for w, ppm := range PPM(r.Hz(0), 997) {
		tolerance := 0.002
		if w == 7 {
			tolerance *= 30
		}
		near(t, "ppm", ppm, float64(w), tolerance)
	}
}

// modulated is a tone whose frequency moves by a sine: ppmRMS at hz.
func modulated(frames int, tone Tone, ppmRMS, hz float64) []float64 {
	x := make([]float64, frames)
	depth := ppmRMS * math.Sqrt2 * 1e-6 * tone.Hz / hz // radians
	for n := range x {
		at := float64(n) / rate
		x[n] = tone.Amplitude * math.Cos(2*math.Pi*fraction(tone.Hz*at)+tone.Phase-depth*math.Cos(2*math.Pi*hz*at))
	}
	return x
}

// The wobble of a tone is measured, far below and above what is asked of a clock,
// beside another tone and in noise.
func TestWobble(t *testing.T) {
	for _, test := range []struct {
		ppmRMS, hz   float64
		windowFrames int
	}{{0.5, 1, 2400}, {0.05, 1, 2400}, {10, 10, 480}, {0.5, 0.5, 12000}} {
		x := add(modulated(4*rate, Tone{10000 * (1 + 200e-6), 0.4, 1}, test.ppmRMS, test.hz), noise(5, 4*rate, -110))
		add(x, Synthesise(len(x), rate, Tone{997, 0.4, 2}))
		r := Windows(x, Plan{Rate: rate, WindowFrames: test.windowFrames, Hz: [][]float64{{10000, 997}}})
		mean, rms := Wobble(PPM(r.Hz(0), 10000))
		_, still := Wobble(PPM(r.Hz(1), 997))
		t.Logf("%.3f ppm off, want 200; wobble %.4f ppm rms, want %.4g; %.4f of the tone that keeps still", mean, rms, test.ppmRMS, still)
		near(t, "mean", mean, 200, 0.01)
		near(t, "wobble", rms, test.ppmRMS, 0.03*test.ppmRMS)
	}
	if mean, rms := Wobble([]float64{-3, -1, -3, -1}); mean != -2 || rms != 1 {
		t.Errorf("mean %g, rms %g", mean, rms)
	}
}

// While it is recorded in pieces, every channel is found what Windows, Glitches
// and Gaps find in the whole.
func TestTrack(t *testing.T) {
	const seconds, window = 3, rate / 2
	hz := [][]float64{{997, 10000}, {440}}
	left, right := tonesOf(0.3, hz[0]...), tonesOf(0.5, hz[1]...)
	a := add(Synthesise(seconds*rate, rate, left...), noise(6, seconds*rate, -110))
	b := Synthesise(seconds*rate, rate, right...)
	copy(a[2*window:], later(left, 1, 2*window, len(a)))   // a frame repeated between two windows
	copy(b[54321:], later(right, 0.5, 54321, len(b)))      // half a frame within one
	copy(b[70000:70100], slices.Repeat([]float64{0}, 100)) // a gap
	add(a, slices.Repeat([]float64{0.1}, len(a)))          // DC
	stereo := make([]float32, 2*len(a))
	for i := range a {
		stereo[2*i], stereo[2*i+1] = float32(a[i]), float32(b[i])
	}
	plan := Plan{Rate: rate, WindowFrames: window, Hz: hz, GlitchLimit: 1e-3, GapFrames: 20}
	track := NewTrack(plan)
	for left := stereo; len(left) > 0; {
		n := min(2*509, len(left))
		track.Feed(left[:n])
		left = left[n:]
	}
	for c, want := range []struct {
		glitches []int64
		gaps     []Gap
	}{{[]int64{2 * window}, nil}, {[]int64{54321, 70000, 70100}, []Gap{{70000, 100}}}} {
		got := track.Record(c)
		plan.Hz = hz[c:]
		whole := Windows(Channel(stereo, 2, c), plan)
		t.Logf("channel %d: worst SNR %.1f dB, glitches %v, gaps %v", c, got.WorstSNR(0), got.Glitches, got.Gaps)
		if len(got.Fits) != 2*seconds || got.WorstSNR(0) != whole.WorstSNR(0) || !slices.Equal(got.Hz(0), whole.Hz(0)) {
			t.Errorf("channel %d: differs from the analysis of the whole", c)
		}
		if !places(got.Glitches, want.glitches) || !slices.Equal(got.Gaps, want.gaps) {
			t.Errorf("channel %d: glitches %v, gaps %v; want %v", c, got.Glitches, got.Gaps, want)
		}
		near(t, "best SNR", got.Fits[1].SNR(0), []float64{decibel(0.3/math.Sqrt2, math.Pow(10, -110./20)), 150}[c], []float64{0.1, 5}[c])
	}
}

// Silence and what is no number at all are seen as such.
func TestNothingThere(t *testing.T) {
	plan := Plan{Rate: rate, WindowFrames: 4800, Hz: [][]float64{{997, 10000}}, GlitchLimit: 1e-3, GapFrames: 100}
	x := make([]float64, 2*4800)
	r := Windows(x, plan)
	if !math.IsInf(r.WorstSNR(0), -1) || len(r.Gaps) != 1 || r.Gaps[0].Frames != len(x) {
		t.Errorf("silence: %g dB, %v", r.WorstSNR(0), r.Gaps)
	}
	x[100] = math.NaN()
	if r := Windows(x, plan); r.WorstSNR(0) > 0 || len(r.Glitches) == 0 {
		t.Errorf("no number: %g dB, %v", r.WorstSNR(0), r.Glitches)
	}
}
