package analyse

import (
	"math"
	"math/bits"
	"math/cmplx"
)

// An fft is a discrete Fourier transform of a power of two (Cooley and Tukey).
type fft struct {
	twiddles []complex128 // e^(-2 pi j k/size), half a turn of them
}

// newFFT returns one of at least so many points.
func newFFT(points int) *fft {
	size := 2
	for size < points {
		size *= 2
	}
	f := &fft{make([]complex128, size/2)}
	for k := range f.twiddles {
		f.twiddles[k] = cmplx.Rect(1, -2*math.Pi*float64(k)/float64(size))
	}
	return f
}

func (f *fft) size() int { return 2 * len(f.twiddles) }

// transform replaces x, of size points, by its transform.
func (f *fft) transform(x []complex128) {
	shift := bits.LeadingZeros64(uint64(len(x))) + 1
	for i := range x {
		if j := int(bits.Reverse64(uint64(i)) >> shift); i < j {
			x[i], x[j] = x[j], x[i]
		}
	}
	for half := 1; half < len(x); half *= 2 {
		stride := len(f.twiddles) / half
		for start := 0; start < len(x); start += 2 * half {
			low, high := x[start:start+half], x[start+half:start+2*half]
			for k := range low {
				t := high[k] * f.twiddles[k*stride]
				low[k], high[k] = low[k]+t, low[k]-t
			}
		}
	}
}

// search moves each tone that may be too far off for the refinement to the
// largest peak near its guess, in the spectrum of its blocks, and reports
// whether it has moved any. The blocks are the signal, brought down to 0 Hz and
// decimated; a Hann window over them keeps the other tones out, and those that
// the decimation folds into the reach are low, for the blocks' own zeros are
// there.
func (f *fitter) search() (moved bool) {
	resolution := 2 * math.Pi / (blockFrames * float64(f.fft.size())) // radians a frame, of a bin
	for i := range f.tones {
		t := &f.tones[i]
		if t.reach*float64(f.frames)/(2*math.Pi) < searchFrom {
			continue
		}
		phasor, turn := cmplx.Rect(1, -t.passed*f.firstCentre()), cmplx.Rect(1, -t.passed*blockFrames)
		clear(f.bins)
		for b, sum := range t.sums {
			hann := 1 - math.Cos(2*math.Pi*(float64(b)+0.5)/float64(len(t.sums)))
			f.bins[b] = sum * phasor * complex(hann, 0)
			phasor *= turn
		}
		f.fft.transform(f.bins)
		t.omega += resolution * f.peak(int(t.reach/resolution)+1)
		moved = true
	}
	return moved
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
