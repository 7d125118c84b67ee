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
