package analyse

import (
	"math"
	"math/cmplx"
)

// blockFrames is the length of a block.
const blockFrames = 64

// A tone is one that is being fitted. Frequencies are in radians a frame, times
// in frames from the centre of the window.
type tone struct {
	guess, reach float64
	omega        float64 // the best known
	a, b         float64 // a cos(omega n) + b sin(omega n)

	// The signal folded at the frequency of the last pass: of each block, with m
	// counted from the block's centre, the sums of x e^-(j passed m), and of the
	// same times m. They give the sums at any frequency near.
	passed        float64
	sums, moments []complex128
	wave          wave

	// Of the whole window: the sums of x e^-(j omega n), and of the same times n.
	p, q complex128

	phasor, turn complex128 // at the centre of a block, and from one to the next
}

// A wave is a cosine and a sine in the second half of a block; the first half is
// its mirror image.
type wave struct{ cos, sin [blockFrames / 2]float64 }

func (w *wave) set(omega float64) {
	for i := range w.cos {
		w.sin[i], w.cos[i] = math.Sincos(omega * (float64(i) + 0.5))
	}
}

// A folded block is what is even and what is odd in it about its centre, and
// both times the distance from there: half the products do then.
type folded struct {
	even, odd, evenMoment, oddMoment [blockFrames / 2]float64
}

func (f *folded) set(x *[blockFrames]float64) {
	m := 0.5
	for i := range f.even {
		after, before := x[blockFrames/2+i], x[blockFrames/2-1-i]
		even, odd := after+before, after-before
		f.even[i], f.odd[i], f.evenMoment[i], f.oddMoment[i] = even, odd, even*m, odd*m
		m++
	}
}

// against returns the sum of x e^-(j omega m) over the block, and the moment.
func (f *folded) against(w *wave) (sum, moment complex128) {
	var re, im, momentRe, momentIm float64
	for i, c := range w.cos {
		s := w.sin[i]
		re += f.even[i] * c
		im += f.odd[i] * s
		momentRe += f.oddMoment[i] * c
		momentIm += f.evenMoment[i] * s
	}
	return complex(re, -im), complex(momentRe, -momentIm)
}

// blockAt returns block b of x; zeros follow the end of x.
func blockAt(x []float64, b int, pad *[blockFrames]float64) *[blockFrames]float64 {
	x = x[b*blockFrames:]
	if len(x) >= blockFrames {
		return (*[blockFrames]float64)(x)
	}
	clear(pad[copy(pad[:], x):])
	return pad
}

// pass folds x at the frequencies known.
func (f *fitter) pass(x []float64) {
	for i := range f.tones {
		t := &f.tones[i]
		t.passed = t.omega
		t.wave.set(t.omega)
	}
	var pad [blockFrames]float64
	var block folded
	f.sum = 0
	for b := range (len(x) + blockFrames - 1) / blockFrames {
		block.set(blockAt(x, b, &pad))
		for i := range f.tones {
			t := &f.tones[i]
			t.sums[b], t.moments[b] = block.against(&t.wave)
		}
		for _, v := range block.even {
			f.sum += v
		}
	}
}

// firstCentre is the centre of the first block.
func (f *fitter) firstCentre() float64 { return float64(blockFrames-f.frames) / 2 }

// project sums the blocks up at the frequencies known.
func (f *fitter) project() {
	for i := range f.tones {
		t := &f.tones[i]
		delta := complex(0, t.passed-t.omega)
		centre := f.firstCentre()
		phasor, turn := cmplx.Rect(1, -t.omega*centre), cmplx.Rect(1, -t.omega*blockFrames)
		t.p, t.q = 0, 0
		for b, sum := range t.sums {
			moment := t.moments[b]
			sum += delta * moment // e^(delta m) to the first order
			t.p += phasor * sum
			t.q += phasor * (complex(centre, 0)*sum + moment)
			phasor *= turn
			centre += blockFrames
		}
	}
}

// residual returns the sum of squares of x less the tones and dc.
func (f *fitter) residual(x []float64, dc float64) (square float64) {
	for i := range f.tones {
		t := &f.tones[i]
		t.wave.set(t.omega)
		t.phasor = complex(t.a, -t.b) * cmplx.Rect(1, t.omega*f.firstCentre())
		t.turn = cmplx.Rect(1, t.omega*blockFrames)
	}
	for len(x) > 0 {
		var even, odd [blockFrames / 2]float64
		for i := range f.tones {
			t := &f.tones[i]
			re, im := real(t.phasor), imag(t.phasor)
			for k, c := range t.wave.cos {
				even[k] += re * c
				odd[k] += im * t.wave.sin[k]
			}
			t.phasor *= t.turn
		}
		var model [blockFrames]float64
		for k, e := range even {
			model[blockFrames/2+k] = dc + e - odd[k]
			model[blockFrames/2-1-k] = dc + e + odd[k]
		}
		n := min(len(x), blockFrames)
		for k, v := range x[:n] {
			v -= model[k]
			square += v * v
		}
		x = x[n:]
	}
	return square
}
