package drift

import (
	"math"
	"testing"
)

// A tone that is resampled with the ratio is bent by what the ratio moves. SNR of
// 10 kHz in windows of 1 s, from the time that the ratio adds up to, less offset
// and slope, which a fit to the tone would take out.
func TestQuiet(t *testing.T) {
	from := []int{5, 10, 20, 40, 60, 90, 120}
	const end = 150
	for _, test := range []struct {
		timing timing
		ppm    []float64
		quiet  int // seconds after which 110 dB are kept
	}{
		// The position's fraction goes round many times a second.
		{whole, []float64{200, -200, 200.37, 0, -350, 1999.3}, 20},
		{ticks, []float64{200, -200, 2000, -2000}, 20},
		{bursts, []float64{200, -200, 2000, 7.3, 1}, 20},
		{white, []float64{200}, 60},
		// It takes seconds to go round: each is a sawtooth of a frame in the fill.
		{whole, []float64{1, -2.6, 7.3, 55}, 60},
		{both, []float64{200, 7.3}, 90},
	} {
		for _, ppm := range test.ppm {
			s := newSim(sameRates, block, test.timing, 1e-3, constant(ppm))
			var window []float64
			worst := make([]float64, len(from))
			s.run(end, func() {
				window = append(window, s.loop.Ratio())
				if len(window) < boxSecond {
					return
				}
				bent := bend(window)
				window = window[:0]
				for i := range from {
					if now := int(s.seconds() - 0.5); now >= from[i] && (i+1 == len(from) || now < from[i+1]) {
						worst[i] = max(worst[i], bent)
					}
				}
			})
			snr := make([]float64, len(from))
			for i := range snr {
				snr[i] = min(199, tone10k(worst[i]))
				if from[i] >= test.quiet && snr[i] < 110 {
					t.Errorf("%s, %+g ppm: SNR %.0f dB after %d s", test.timing.name, ppm, snr[i], from[i])
				}
			}
			t.Logf("%-16s %+7.1f ppm: worst SNR from %v s: %4.0f dB", test.timing.name, ppm, from, snr)
		}
	}
}

// boxSecond is the blocks of a second.
const boxSecond = 48000 / block

// tone10k is the SNR, dB, of 10 kHz at 48 kHz that is late by so many frames rms.
func tone10k(frames float64) float64 { return -20 * math.Log10(2*math.Pi*10000/48000*frames) }

// bend is the rms of the sum of the ratios less the straight line through it,
// frames.
func bend(ratios []float64) float64 {
	n := float64(len(ratios))
	var x, sumX, sumTX, sumTT float64
	at := make([]float64, len(ratios))
	for i, ratio := range ratios {
		x += (ratio - ratios[0]) * block
		at[i] = x
		t := float64(i) - (n-1)/2
		sumX += x
		sumTX += t * x
		sumTT += t * t
	}
	var rest rms
	for i, x := range at {
		rest.add(x - sumX/n - sumTX/sumTT*(float64(i)-(n-1)/2))
	}
	return rest.value()
}
