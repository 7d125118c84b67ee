package mixer

import (
	"fmt"
	"math"
	"testing"
	"time"

	"pgregory.net/rapid"
)

func TestLimiterHoldsTheCeiling(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var l limiter
		l.init(5 * time.Millisecond)
		quiet := rapid.Float32Range(0, 0.9).Draw(t, "quiet")
		for range 20 {
			x := rapid.SliceOfN(rapid.Float32Range(-8, 8), 64, 64).Draw(t, "block")
			if rapid.Bool().Draw(t, "is quiet") {
				for i := range x {
					x[i] = quiet
				}
			}
			peak, _ := measure(x)
			l.process(x, peak, 2)
			if peak, _ := measure(x); peak > ceiling*1.000001 {
				t.Fatalf("peak %v", peak)
			}
		}
		x := make([]float32, 64)
		for range 2000 { // it lets go
			for i := range x {
				x[i] = quiet
			}
			l.process(x, quiet, 2)
		}
		if l.gain != 1 || x[0] != quiet {
			t.Fatalf("gain %v after 10 s of quiet", l.gain)
		}
	})
}

func TestClipsAreCountedAndHeldAtFullScale(t *testing.T) {
	m, _ := New(Config{Rate: 48000, Channels: 1, Block: 48})
	for i := range 3 {
		m.Add(StreamConfig{Name: fmt.Sprint(i), Source: endless(-0.5), Format: Format{48000, 1}})
	}
	dst := make([]float32, 48)
	pull(t, m, dst, 20)
	o := m.Output().Info()
	if dst[0] != -1 || o.Clips == 0 || o.PeakDB != 0 {
		t.Errorf("%v, %+v", dst[0], o)
	}
}

// What is shown is what is played.
func TestOutputMeters(t *testing.T) {
	for _, limiter := range []bool{false, true} {
		m, _ := New(Config{Rate: 48000, Channels: 1, Block: 480, Limiter: limiter})
		for i := range 3 {
			m.Add(StreamConfig{Name: fmt.Sprint(i), Source: endless(0.9), Format: Format{48000, 1}})
		}
		m.Add(StreamConfig{Name: "absurd", Source: endless(1e18), Format: Format{48000, 1}})
		dst := make([]float32, 480)
		pull(t, m, dst, 100)
		m.Remove("absurd")
		pull(t, m, dst, 400)
		o := m.Output().Info()
		want := decibel(float64(dst[0]))
		if math.Abs(o.PeakDB-want) > 0.01 || math.Abs(o.RMSDB-want) > 0.01 {
			t.Errorf("limiter %v: peak %.2f, RMS %.2f dBFS of a constant of %.2f", limiter, o.PeakDB, o.RMSDB, want)
		}
		for i := range 3 {
			m.Remove(fmt.Sprint(i))
		}
		pull(t, m, dst, 300) // 3 s: the peak falls 20 dB in 1.7
		if o = m.Output().Info(); o.PeakDB > -30 || o.PeakDB < -40 {
			t.Errorf("limiter %v: peak %.2f dBFS after 3 s of silence", limiter, o.PeakDB)
		}
	}
}

func TestLimiterLetsGoAtEveryBlockSize(t *testing.T) {
	for _, block := range []time.Duration{5 * time.Microsecond, time.Millisecond, 100 * time.Millisecond} {
		var l limiter
		l.init(block)
		x := []float32{4}
		l.process(x, 4, 1)
		for range int(20 * time.Second / block) {
			x[0] = 0.1
			l.process(x, 0.1, 1)
		}
		if l.gain != 1 {
			t.Errorf("blocks of %v: gain %v after 20 s of quiet", block, l.gain)
		}
	}
}

func TestMeters(t *testing.T) {
	m, _ := New(Config{Rate: 48000, Channels: 2, Block: 480})
	sine := make(stereoNoise, 960) // 1 kHz, -6 dBFS, the right channel silent
	for i := range 480 {
		sine[2*i] = float32(0.5 * math.Sin(2*math.Pi*1000*float64(i)/48000))
	}
	s, _ := m.Add(StreamConfig{Name: "a", Source: sine, Format: Format{48000, 2}, GainDB: -6, Mute: true})
	pull(t, m, make([]float32, 960), 300)
	i := s.Info()
	if math.Abs(i.PeakDB+6.02) > 0.01 || math.Abs(i.RMSDB+6.02+3.01+3.01) > 0.02 {
		t.Errorf("peak %.2f dBFS, RMS %.2f; want -6.02, -12.04", i.PeakDB, i.RMSDB)
	}
	if o := m.Output().Info(); !math.IsInf(o.PeakDB, -1) {
		t.Errorf("a muted mix has %v dBFS", o.PeakDB)
	}
}
