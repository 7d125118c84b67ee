package analyse

import (
	"math"
	"testing"
)

// The mean of two frames has the gain cos(w/2); every second frame is a signal at
// half the rate.
func TestResponse(t *testing.T) {
	hz := []float64{50, 997, 6000, 11900}
	mean := func(x []float64) []float64 {
		y := make([]float64, len(x))
		for i := range x[1:] {
			y[1+i] = (x[i] + x[1+i]) / 2
		}
		return y
	}
	half := func(x []float64) []float64 {
		y := make([]float64, len(x)/2)
		for i := range y {
			y[i] = x[2*i] / 4
		}
		return y
	}
	for i, got := range Response(mean, rate, rate, hz...) {
		want := decibel(math.Cos(math.Pi*hz[i]/rate), 1)
		t.Logf("%g Hz: %.9f dB, want %.9f", hz[i], got, want)
		near(t, "gain", got, want, 1e-6)
	}
	for _, got := range Response(half, rate, rate/2, hz...) {
		near(t, "gain", got, decibel(1, 4), 1e-6)
	}
}
