package analyse

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"
)

const rate = 48000

// noise is white and Gaussian, of exactly the RMS value given, and without DC.
func noise(seed uint64, frames int, rmsDB float64) []float64 {
	random := rand.New(rand.NewPCG(seed, 1))
	x := make([]float64, frames)
	mean, square := 0.0, 0.0
	for i := range x {
		x[i] = random.NormFloat64()
		mean += x[i] / float64(frames)
	}
	for i := range x {
		x[i] -= mean
		square += x[i] * x[i]
	}
	scale := math.Pow(10, rmsDB/20) / math.Sqrt(square/float64(frames))
	for i := range x {
		x[i] *= scale
	}
	return x
}

// add adds y to x.
func add(x, y []float64) []float64 {
	for i := range x {
		x[i] += y[i]
	}
	return x
}

// near fails the test unless got is within tolerance of want.
func near(t *testing.T, what string, got, want, tolerance float64) {
	t.Helper()
	if !(math.Abs(got-want) <= tolerance) {
		t.Errorf("%s is %.10g, want %.10g within %.3g", what, got, want, tolerance)
	}
}

// One tone in noise of known level, at guesses that are far off: SNR, frequency
// and level come out.
func TestSNR(t *testing.T) {
	for _, frames := range []int{480, 12001, 48000} {
		for _, hz := range []float64{997, 10000, 12000, 19999.7} {
			for _, ppm := range []float64{100, -2500, 2500} {
				for _, noiseDB := range []float64{-90, -110, -130} {
					name := fmt.Sprintf("%d frames, %g Hz, %+g ppm, noise %g dB", frames, hz, ppm, noiseDB)
					true := Tone{hz * (1 + ppm*1e-6), 0.891, 1}
					x := add(Synthesise(frames, rate, true), noise(uint64(hz), frames, noiseDB))
					fit := FitSines(x, rate, hz)
					want := decibel(true.Amplitude/math.Sqrt2, math.Pow(10, noiseDB/20))
					near(t, name+": SNR", fit.SNR(0), want, 0.02+40/float64(frames))
					// Cramer-Rao, five sigma.
					sigma := math.Pow(10, noiseDB/20) / true.Amplitude
					n := float64(frames)
					near(t, name+": Hz", fit.Tones[0].Hz, true.Hz, 5*math.Sqrt(24/(n*n*n))*sigma*rate/(2*math.Pi))
					near(t, name+": level", fit.Tones[0].Amplitude, true.Amplitude, 5*sigma*math.Sqrt(2/n)*true.Amplitude)
					near(t, name+": phase", fit.Tones[0].Phase, true.Phase, 5*sigma*math.Sqrt(8/n))
					if frames == 48000 && ppm == 2500 {
						t.Logf("%s: SNR %.3f dB, want %.3f; %.3g ppm of the frequency off", name, fit.SNR(0), want, (fit.Tones[0].Hz/true.Hz-1)*1e6)
					}
				}
			}
		}
	}
}

// Several tones at once, with DC, in every length, leave nothing.
func TestCleanTonesLeaveNothing(t *testing.T) {
	worst := math.Inf(-1)
	for _, frames := range []int{2400, 12000, 24001, 48000, 47937} {
		for _, ppm := range []float64{0, 3, 200, -2000} {
			tones := []Tone{{101, 0.01, 0}, {997, 0.3, 1}, {1499, 0.3, -2}, {10000, 0.25, 3}, {19000, 0.1, 0.5}}
			hz := []float64{}
			for i := range tones {
				hz = append(hz, tones[i].Hz)
				tones[i].Hz *= 1 + ppm*1e-6
			}
			x := Synthesise(frames, rate, tones...)
			for i := range x {
				x[i] += 0.125
			}
			fit := FitSines(x, rate, hz...)
			left := decibel(fit.ResidualRMS, 1)
			worst = max(worst, left)
			if !(left < -200) {
				t.Errorf("%d frames, %+g ppm: %.1f dB left", frames, ppm, left)
			}
			near(t, "DC", fit.DC, 0.125, 1e-10)
			for i, want := range tones {
				near(t, "Hz", fit.Tones[i].Hz, want.Hz, 1e-6)
				near(t, "amplitude", fit.Tones[i].Amplitude, want.Amplitude, 1e-10)
				near(t, "phase", fit.Tones[i].Phase, want.Phase, 1e-6)
			}
		}
	}
	t.Logf("%.1f dB are left at most", worst)
}

// A weak tone is found in noise beside what is stronger: a DC 90 dB above, which
// the decimation of the search folds to 9 Hz from it; another tone 15 Hz away, 40
// dB above.
func TestWeakTone(t *testing.T) {
	dc := add(Synthesise(rate, rate, Tone{2991, 1e-5, 1}), noise(10, rate, -90))
	for i := range dc {
		dc[i] += 0.3
	}
	neighbour := add(Synthesise(rate, rate, Tone{10003, 0.5, 1}, Tone{10018, 0.005, 1}), noise(11, rate, -30))
	for _, test := range []struct {
		x     []float64
		hz    []float64
		truth float64
	}{{dc, []float64{2990}, 2991}, {neighbour, []float64{10015, 10000}, 10018}} {
		got := FitSines(test.x, rate, test.hz...).Tones[0].Hz
		t.Logf("found at %.3f Hz, want %g", got, test.truth)
		near(t, "Hz", got, test.truth, 0.1) // five sigma
	}
}

// The third harmonic at -100 dB, and noise at -105, are in the distortion, whether
// the harmonic is fitted or not; DC is not.
func TestTHDN(t *testing.T) {
	x := add(Synthesise(rate, rate, Tone{997, 0.8, 1}, Tone{3 * 997, 0.8e-5, 0}), noise(9, rate, -105))
	for i := range x {
		x[i] += 0.1
	}
	noisePower := math.Pow(10, -105./10) / (0.8 * 0.8 / 2)
	want := 10 * math.Log10(1e-10+noisePower)
	near(t, "THD+N", FitSines(x, rate, 997).THDN(), want, 0.05)
	fit := FitSines(x, rate, 997, 3*997)
	t.Logf("THD+N %.3f dB, want %.3f; third harmonic %.3f dB", fit.THDN(), want, decibel(fit.Tones[1].Amplitude, fit.Tones[0].Amplitude))
	near(t, "THD+N", fit.THDN(), want, 0.05)
	near(t, "third harmonic", decibel(fit.Tones[1].Amplitude, fit.Tones[0].Amplitude), -100, 0.1)
}

// The sums of the normal equations are what they stand for.
func TestKernel(t *testing.T) {
	for _, frames := range []int{64, 481} {
		f := newFitter(rate, frames, nil)
		for _, theta := range []float64{0, 0.13, -0.5, 1.3, 3} {
			var c, ns, nnc float64
			for i := range frames {
				n := float64(i) - float64(frames-1)/2
				unit := n / (float64(frames) / 2)
				c += math.Cos(theta * n)
				ns += unit * math.Sin(theta*n)
				nnc += unit * unit * math.Cos(theta*n)
			}
			gotC, gotNS, gotNNC := f.kernel(theta)
			near(t, "sum of cos", gotC, c, 1e-10)
			near(t, "sum of n sin", gotNS, ns, 1e-10)
			near(t, "sum of n^2 cos", gotNNC, nnc, 1e-10)
		}
	}
}

func BenchmarkTrack(b *testing.B) {
	for _, hz := range [][]float64{{997}, {997, 3001, 10000}} {
		x := Synthesise(rate, rate, tonesOf(0.3, hz...)...)
		stereo := make([]float32, 2*len(x))
		for i, v := range x {
			stereo[2*i], stereo[2*i+1] = float32(v), float32(v)
		}
		b.Run(fmt.Sprintf("tones=%d", len(hz)), func(b *testing.B) {
			track := NewTrack(Plan{Rate: rate, WindowFrames: rate, Hz: [][]float64{hz, hz}, GlitchLimit: 1e-3, GapFrames: 20})
			b.ReportAllocs()
			for b.Loop() {
				track.Feed(stereo)
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*len(stereo)), "ns/sample")
		})
	}
}
