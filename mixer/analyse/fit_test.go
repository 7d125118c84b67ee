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
	for _, frames := range []int{480, 12000, 48000, 47999, 48001} {
		for _, hz := range []float64{997, 10000, 12000, 19999.7} {
			for _, ppm := range []float64{0, 100, -2500, 2500} {
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
