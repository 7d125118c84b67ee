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

// A wave is a cosine and a sine, and both times m, at m = 0.5 and on in the second
// half of a block; the first half is its mirror image.
type wave [blockFrames / 2]struct{ cos, sin, cosMoment, sinMoment float64 }

func (w *wave) set(omega float64) {
	for i := range w {
		m := float64(i) + 0.5
		sin, cos := math.Sincos(omega * m)
		w[i].cos, w[i].sin, w[i].cosMoment, w[i].sinMoment = cos, sin, cos*m, sin*m
	}
}

// A folded block is what is even and what is odd in it about its centre, both
// doubled. Half the products with a wave do then.
type folded [blockFrames / 2]struct{ even, odd float64 }

// set folds x and returns the sum of its samples.
func (f *folded) set(x *[blockFrames]float64) (sum float64) {
	for i := range f {
		after, before := x[blockFrames/2+i], x[blockFrames/2-1-i]
		f[i].even, f[i].odd = after+before, after-before
		sum += after + before
	}
	return sum
}

// against returns the sum of x e^-(j omega m) over the block, and the moment.
func (f *folded) against(w *wave) (sum, moment complex128) {
	var re, im, momentRe, momentIm float64
	for i := range f {
		x, w := &f[i], &w[i]
		re += x.even * w.cos
		im += x.odd * w.sin
		momentRe += x.odd * w.cosMoment
		momentIm += x.even * w.sinMoment
	}
	return complex(re, -im), complex(momentRe, -momentIm)
}

// subtract takes the real part of phasor e^(j omega m) out.
func (f *folded) subtract(w *wave, phasor complex128) {
	re, im := 2*real(phasor), 2*imag(phasor)
	for i := range f {
		x, w := &f[i], &w[i]
		x.even -= re * w.cos
		x.odd += im * w.sin
	}
}

// square is the sum of the squares of the samples less dc.
func (f *folded) square(dc float64) float64 {
	var even, odd float64
	for i := range f {
		x := &f[i]
		e := x.even - 2*dc
		even += e * e
		odd += x.odd * x.odd
	}
	return (even + odd) / 2
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
		f.sum += block.set(blockAt(x, b, &pad))
		for i := range f.tones {
			t := &f.tones[i]
			t.sums[b], t.moments[b] = block.against(&t.wave)
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
	var block folded
	for ; len(x) >= blockFrames; x = x[blockFrames:] {
		block.set((*[blockFrames]float64)(x))
		for i := range f.tones {
			t := &f.tones[i]
			block.subtract(&t.wave, t.phasor)
			t.phasor *= t.turn
		}
		square += block.square(dc)
	}
	for i, v := range x {
		v -= dc
		for k := range f.tones {
			t := &f.tones[k]
			v -= real(t.phasor * cmplx.Rect(1, t.omega*(float64(i)-(blockFrames-1)/2.)))
		}
		square += v * v
	}
	return square
}
