package mixer

import (
	"math"
	"math/rand/v2"
	"testing"
	"time"
)

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
