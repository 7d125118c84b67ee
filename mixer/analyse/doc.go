// Package analyse measures sound for tests: tones with their noise and
// distortion, gain over frequency, glitches, gaps, delay, and how steady a clock
// is.
//
//	FitSines             frequency, level, phase of several tones; SNR, THD+N
//	Windows, Track       the same in window after window of a long recording
//	Glitches, Gaps       where the tones break off, where nothing comes
//	Delay, PhaseDelay    how much later one recording is than another
//	Response             gain over frequency
//	PPM, Wobble          how far a frequency is off, and how it moves
//
// Signals are float64, one channel, full scale 1.0; [Channel] takes one out of
// interleaved float32. Times are frames unless the name says otherwise. Nothing
// here is made for the path of the sound: it allocates.
package analyse

import "math"

// A Tone is Amplitude * cos(2 pi Hz n/rate + Phase), n counting frames from the
// first one of the signal.
type Tone struct {
	Hz        float64
	Amplitude float64 // peak; full scale 1.0
	Phase     float64 // radians, above -pi and up to pi
}

// Synthesise returns the sum of tones, exact to the last bits of a float64.
func Synthesise(frames int, rate float64, tones ...Tone) []float64 {
	x := make([]float64, frames)
	for _, t := range tones {
		cycles := t.Hz / rate
		for n := range x {
			x[n] += t.Amplitude * math.Cos(2*math.Pi*fraction(cycles*float64(n))+t.Phase)
		}
	}
	return x
}

// Channel returns channel c, counted from 0, of interleaved samples.
func Channel(samples []float32, channels, c int) []float64 {
	x := make([]float64, len(samples)/channels)
	for n := range x {
		x[n] = float64(samples[n*channels+c])
	}
	return x
}

// decibel is the ratio of two amplitudes in dB.
func decibel(a, b float64) float64 { return 20 * math.Log10(a/b) }

// fraction is what is left of cycles without the whole ones, -0.5 to 0.5.
func fraction(cycles float64) float64 { return cycles - math.Round(cycles) }
