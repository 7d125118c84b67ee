package analyse

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

// lowpassed is noise up to nine tenths of half the rate, late by any fraction of a
// frame: its tones are delayed one by one.
func lowpassed(frames int, delay float64) []float64 {
	f := newFFT(frames)
	random := rand.New(rand.NewPCG(7, 7))
	x := make([]complex128, f.size())
	for k := 1; k < len(x)*9/20; k++ {
		phase := 2*math.Pi*random.Float64() - 2*math.Pi*float64(k)*delay/float64(len(x))
		x[len(x)-k] = complex(math.Cos(phase), math.Sin(phase)) / 100
	}
	f.transform(x)
	real64 := make([]float64, frames)
	for i := range real64 {
		real64[i] = real(x[i])
	}
	return real64
}

func TestDelay(t *testing.T) {
	const frames, reach = 16384, 600
	a := lowpassed(frames, 0)
	offset := slices.Repeat([]float64{0.3}, frames)
	add(a, offset)
	worst := 0.0
	for _, want := range []float64{0, 0.01, -0.49, 77.77, 480, 599.75, -599.75} {
		for _, gain := range []float64{1, -0.1} {
			b := lowpassed(frames, want)
			for i := range b {
				b[i] *= gain
			}
			add(b, noise(8, frames, -60))
			add(b, offset)
			got := Delay(a, b, reach)
			worst = max(worst, math.Abs(got-want))
			near(t, "delay", got, want, 0.01)
		}
	}
	t.Logf("noise: %.4f frames off at most", worst)
}

func TestDelayOfTones(t *testing.T) {
	worst := 0.0
	for _, hz := range []float64{100, 997, 10000} {
		a := Synthesise(4800, rate, Tone{hz, 0.5, 1})
		for _, part := range []float64{-0.45, -0.1, 0, 0.3, 0.49} {
			want := part * rate / hz // within half a period
			b := later([]Tone{{hz, 0.25, 1}}, want, 0, 4800)
			got := PhaseDelay(FitSines(a, rate, hz).Tones[0], FitSines(b, rate, hz).Tones[0], rate)
			worst = max(worst, math.Abs(got-want))
			near(t, "delay", got, want, 1e-6)
		}
	}
	t.Logf("tones: %.2g frames off at most", worst)
}
