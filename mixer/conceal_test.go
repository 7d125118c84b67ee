package mixer

import (
	"math"
	"math/rand/v2"
	"testing"
	"time"
)

// A tone goes on where its frames end, as that tone; noise does not grow, and nothing
// else does.
func TestPredictorGoesOn(t *testing.T) {
	var p predictor
	past, next := make([]float32, predictFrom), make([]float32, 1000)
	for _, hz := range []float64{0, 20, 50, 200, 997, 8000, 15000} {
		first, peak := 0.0, 0.0
		for phase := range 48 {
			tone := func(i int) float64 { return 0.5 * math.Cos(2*math.Pi*(hz*float64(i)/boxRate+float64(phase)/48)) }
			for i := range past {
				past[i] = float32(tone(i))
			}
			p.predict(next, past, 0, 1)
			first = max(first, math.Abs(float64(next[0])-tone(predictFrom)))
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
	for n := range predictFrom + 1 {
		for i := range past {
			past[i] = random.Float32() - 0.5
		}
		p.predict(next, past[:n], 0, 1)
		for _, v := range next {
			if !(v >= -1 && v <= 1) {
				t.Fatalf("%d samples of noise go on with %v", n, v)
			}
		}
	}
}

// broken is a source that has a block whenever it is asked, but for every third.
type broken struct {
	tone  []float32
	reads int
}

func (b *broken) Read(dst []float32) (int, error) {
	if b.reads++; b.reads%3 == 0 {
		return 0, nil
	}
	return copy(dst, b.tone) / 2, nil
}

// To be short allocates nothing.
func TestRunningShortAllocatesNothing(t *testing.T) {
	m, _ := New(Config{Rate: boxRate, Channels: 2, Block: boxBlock})
	tone := make([]float32, 2*boxBlock)
	for i := range tone {
		tone[i] = float32(math.Sin(float64(i)))
	}
	s, err := m.Add(StreamConfig{Name: "a", Source: &broken{tone: tone}, Format: Format{boxRate, 2}, Live: true})
	if err != nil {
		t.Fatal(err)
	}
	dst := make([]float32, len(tone))
	n := testing.AllocsPerRun(1000, func() { _ = m.Pull(dst, 0, time.Now(), time.Time{}) })
	t.Logf("%v allocations a block, %d blocks short", n, s.Info().Short)
	if n != 0 || s.Info().Short < 40 {
		t.Fail()
	}
}

// BenchmarkRingOut is what it costs when a stereo stream is short of a whole block.
func BenchmarkRingOut(b *testing.B) {
	m, _ := New(Config{Rate: boxRate, Channels: 2, Block: boxBlock})
	s, _ := m.Add(StreamConfig{Name: "a", Live: true})
	noise := make([]float32, 2*boxBlock)
	for i := range noise {
		noise[i] = rand.Float32()
	}
	s.ringing.heard(noise)
	for b.Loop() {
		s.ringOut(nil)
	}
}
