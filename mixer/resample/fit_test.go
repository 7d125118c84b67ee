package resample

import (
	"math"

	"submix/mixer/analyse"
)

// amplitude of all test tones: -1 dBFS.
var amplitude = math.Pow(10, -1.0/20)

// tone returns frames of a sine.
func tone(hz, rate float64, frames int) []float32 {
	x := make([]float32, frames)
	for i := range x {
		x[i] = float32(amplitude * math.Sin(2*math.Pi*hz/rate*float64(i)))
	}
	return x
}

// snrDB is the level of the sine of hz in x over that of all else but a constant.
func snrDB(x []float32, hz, rate float64) float64 {
	return analyse.FitSines(analyse.Channel(x, 1, 0), rate, hz).SNR(0)
}

// gainDB is the level of the sine of hz in x over that of a tone.
func gainDB(x []float32, hz, rate float64) float64 {
	fit := analyse.FitSines(analyse.Channel(x, 1, 0), rate, hz)
	return 20 * math.Log10(fit.Tones[0].Amplitude/amplitude)
}

// levelDB is the RMS of x over that of a tone.
func levelDB(x []float32) float64 {
	sum := 0.0
	for _, v := range x {
		sum += float64(v) * float64(v)
	}
	return 10 * math.Log10(sum/float64(len(x))/(amplitude*amplitude/2))
}
