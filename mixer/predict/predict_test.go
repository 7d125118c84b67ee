package predict

import (
	"math"
	"math/rand/v2"
	"testing"
)

// A tone goes on where its frames end, as that tone; noise does not grow, and nothing
// else does.
func TestPredictorGoesOn(t *testing.T) {
	var p Predictor
	past, next := make([]float32, From), make([]float32, 1000)
	for _, hz := range []float64{0, 20, 50, 200, 997, 8000, 15000} {
		first, peak := 0.0, 0.0
		for phase := range 48 {
			tone := func(i int) float64 { return 0.5 * math.Cos(2*math.Pi*(hz*float64(i)/48000+float64(phase)/48)) }
			for i := range past {
				past[i] = float32(tone(i))
			}
			p.Follow(next, past, 1)
			first = max(first, math.Abs(float64(next[0])-tone(From)))
			for _, v := range next {
				peak = max(peak, math.Abs(float64(v)))
			}
		}
		t.Logf("%.0f Hz: the first sample is off by %.1e, the highest of %d is %.3f", hz, first, len(next), peak)
		if first > 1e-5 || peak > 0.8 {
			t.Error("it does not go on as it was")
		}
	}
	random := rand.New(rand.NewPCG(1, 2))
	for n := range From + 1 {
		for i := range past {
			past[i] = random.Float32() - 0.5
		}
		p.Follow(next, past[:n], 1)
		for _, v := range next {
			if !(v >= -1 && v <= 1) {
				t.Fatalf("%d samples of noise go on with %v", n, v)
			}
		}
	}
}
