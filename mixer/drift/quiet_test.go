package drift

import (
	"math"
	"testing"
)

// A tone that is resampled with the ratio is bent by what the ratio moves. SNR of
// 10 kHz in windows of a tenth of a second, from the time that the ratio adds up
// to, less offset and slope, which a fit to the tone would take out.
func TestQuiet(t *testing.T) {
	from := []int{5, 10, 20, 30, 60, 90}
	const end, tenth = 120, 4800 / block // s, blocks
	const quiet = 30                     // seconds after which 110 dB are kept
	type clock struct {
		timing timing
		ppm    float64
	}
	var clocks []clock
	for _, ppm := range []float64{200, -200, 200.37, 0, -350, 1999.3, 1, -2.6, 7.3, 55} {
		clocks = append(clocks, clock{whole, ppm})
	}
	for _, ppm := range []float64{200, -200, 2000, -2000} {
		clocks = append(clocks, clock{ticks, ppm}, clock{bursts, ppm}, clock{both, ppm})
		for _, apart := range []int{3, 37, 101, 200} {
			timing, truth := wander(ppm, apart)
			clocks = append(clocks, clock{timing, truth})
		}
	}
	clocks = append(clocks, clock{white, 200})
	for _, c := range clocks {
		s := newSim(sameRates, block, c.timing, 1e-3, constant(c.ppm))
		var ratios []float64
		worst := make([]float64, len(from))
		s.run(end, func() {
			if ratios = append(ratios, s.loop.Ratio()); len(ratios) < tenth {
				return
			}
			bent := bend(ratios)
			ratios = ratios[:0]
			for i := range from {
				if now := int(s.seconds()); now >= from[i] && (i+1 == len(from) || now < from[i+1]) {
					worst[i] = max(worst[i], bent)
				}
			}
		})
		snr := make([]float64, len(from))
		for i := range snr {
			snr[i] = min(199, tone10k(worst[i]))
			if from[i] >= quiet && snr[i] < 110 {
				t.Errorf("%s, %+g ppm: SNR %.0f dB after %d s", c.timing.name, c.ppm, snr[i], from[i])
			}
		}
		t.Logf("%-16s %+7.1f ppm: worst SNR from %v s: %4.0f dB", c.timing.name, c.ppm, from, snr)
	}
}

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
