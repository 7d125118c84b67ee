package analyse

import "math"

// A Record is what was found in the windows of one channel.
type Record struct {
	Fits     []Fit // one a window; phases count from the window's first frame
	Glitches []Glitch
	Gaps     []Gap
	Roughest float64 // the largest Size of any frame, be it a glitch or below the limit
}

// WorstSNR is the lowest SNR of tone i in any window; NaN if one was no number,
// and +Inf without windows.
func (r *Record) WorstSNR(i int) (dB float64) {
	dB = math.Inf(1)
	for _, f := range r.Fits {
		dB = min(dB, f.SNR(i))
	}
	return dB
}

// Levels returns the lowest and the highest amplitude of tone i.
func (r *Record) Levels(i int) (lowest, highest float64) {
	lowest = math.Inf(1)
	for _, f := range r.Fits {
		lowest, highest = min(lowest, f.Tones[i].Amplitude), max(highest, f.Tones[i].Amplitude)
	}
	return lowest, highest
}

// Hz is the frequency of tone i in each window: its mean there, weighted so that
// what moves faster than about half a cycle a window is hardly seen.
func (r *Record) Hz(i int) []float64 {
	hz := make([]float64, len(r.Fits))
	for w, f := range r.Fits {
		hz[w] = f.Tones[i].Hz
	}
	return hz
}

// PPM returns how far each frequency is above nominal.
func PPM(hz []float64, nominal float64) []float64 {
	ppm := make([]float64, len(hz))
	for i, h := range hz {
		ppm[i] = (h - nominal) / nominal * 1e6
	}
	return ppm
}

// Wobble returns the mean of ppm, and the RMS value of what it moves about it.
// ppm is a ratio over time, set by a loop, or heard as the pitch of a tone:
//
//	Wobble(PPM(Windows(x, plan).Hz(0), 997))
func Wobble(ppm []float64) (mean, rms float64) {
	for _, v := range ppm {
		mean += v / float64(len(ppm))
	}
	for _, v := range ppm {
		rms += (v - mean) * (v - mean) / float64(len(ppm))
	}
	return mean, math.Sqrt(rms)
}
