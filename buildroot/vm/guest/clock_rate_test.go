//go:build vm

package guest

import (
	"math"
	"testing"
	"time"

	"submix/hw/alsa"
	"submix/hw/rt"
)

// sine is a tone, the same on all channels, that starts at phase 0. It is read from a table, as it is for long and for
// many players: hz/rate is to be a fraction with a small denominator.
func sine(hz, rate int, peak float64) signal {
	period := 1
	for hz*period%rate != 0 {
		period++
	}
	table := make([]float32, period)
	for i := range table {
		table[i] = float32(peak * math.Sin(2*math.Pi*float64(hz*i%rate)/float64(rate)))
	}
	return func(frame int64, _ int) float32 { return table[frame%int64(period)] }
}

// windows cuts what a listener gives into windows of size frames and gives each to analyse, with the number of its first
// frame. The window is used again for the next one.
func windows(channels, size int, analyse func(first int64, window []float32)) func(samples []float32) {
	window := make([]float32, 0, size*channels)
	first := int64(0)
	return func(samples []float32) {
		for len(samples) > 0 {
			n := min(len(samples), cap(window)-len(window))
			window, samples = append(window, samples[:n]...), samples[n:]
			if len(window) == cap(window) {
				analyse(first, window)
				window, first = window[:0], first+int64(size)
			}
		}
	}
}

// The other end of a cable has one rate only: a capture takes it, is told so, and hears what is played, in all its bits.
func TestClockRates(t *testing.T) {
	if err := rt.TimerThreads(timerPriority); err != nil {
		t.Fatal(err)
	}
	sources := []string{"SrcA", "SrcB", "SrcC"}
	rates := []int{44100, 96000, 8000}
	const lsb = 1.0 / (1 << 31)
	for i, card := range sources {
		tone := sine(997, rates[i], 0.9)
		startSignal(t, alsa.Config{Device: "hw:" + card + ",0", Rate: rates[i], Channels: 2, PeriodFrames: rates[i] / 200, Periods: 10}, tone)
		offset, bad, frames := int64(-1), 0, 0
		take := windows(2, rates[i]/10, func(first int64, window []float32) {
			for at := int64(0); offset < 0; at++ { // it is there, or this never ends
				if window[0] == tone(at, 0) && window[2] == tone(at+1, 0) && window[4] == tone(at+2, 0) {
					offset = at - first
				}
			}
			for k, v := range window {
				if d := v - tone(offset+first+int64(k/2), k%2); d < -lsb || d > lsb {
					bad++
				}
			}
			frames += len(window) / 2
		})
		time.Sleep(100 * time.Millisecond)
		l := listen(t, alsa.Config{Device: "hw:" + card + ",1", AnyRate: true}, take)
		time.Sleep(time.Second)
		l.end()
		t.Logf("%v: %d frames, %d samples wrong", l.card, frames, bad)
		if l.card.Rate() != rates[i] || frames < rates[i]*8/10 || bad > 0 {
			t.Errorf("%s: want all of a second at %d Hz", card, rates[i])
		}
	}
	for _, tr := range follow(t, sources, 240, 3, 5*time.Second) {
		tr.check(t, 0, 5, 1)
	}
}
