package analyse

import (
	"math"
	"math/cmplx"
)

// search moves each tone that may be too far off for the refinement to the
// largest peak near its guess, in the spectrum of its blocks. The blocks are the
// signal, brought down to 0 Hz and decimated; a Hann window over them keeps the
// other tones out, and of those that the decimation folds into the reach little is
// left, for the blocks' own zeros are there. A DC might still be too much and is
// taken out.
func (f *fitter) search() {
	resolution := 2 * math.Pi / (blockFrames * float64(f.fft.size())) // radians a frame, of a bin
	for i := range f.tones {
		t := &f.tones[i]
		if t.reach*float64(f.frames)/(2*math.Pi) < searchFrom {
			continue
		}
		phasor, turn := cmplx.Rect(1, -t.passed*f.firstCentre()), cmplx.Rect(1, -t.passed*blockFrames)
		dc := complex(f.sum/float64(f.frames)*math.Sin(t.passed*blockFrames/2)/math.Sin(t.passed/2), 0)
		clear(f.bins)
		for b, sum := range t.sums {
			hann := 1 - math.Cos(2*math.Pi*(float64(b)+0.5)/float64(len(t.sums)))
			f.bins[b] = (sum - dc) * phasor * complex(hann, 0)
			phasor *= turn
		}
		f.fft.transform(f.bins)
		t.omega += resolution * f.peak(int(t.reach/resolution)+1)
	}
}

// peak returns where, in bins, the largest peak of the spectrum within reach of
// 0 is: the vertex of the parabola through the logarithms of three bins.
func (f *fitter) peak(reach int) float64 {
	level := func(bin int) float64 { return cmplx.Abs(f.bins[bin&(len(f.bins)-1)]) }
	reach = min(reach, len(f.bins)/2-1)
	best := 0
	for bin := -reach; bin <= reach; bin++ {
		if level(bin) > level(best) {
			best = bin
		}
	}
	before, at, after := math.Log(level(best-1)), math.Log(level(best)), math.Log(level(best+1))
	offset := (before - after) / (2 * (before - 2*at + after))
	if !(math.Abs(offset) <= 1) {
		offset = 0 // at the edge of the reach, or silence
	}
	return float64(best) + offset
}
