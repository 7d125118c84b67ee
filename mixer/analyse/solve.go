package analyse

import "math"

// The sums of products of the tones over the window need no look at the signal:
// with n counted from its centre they are, with D(t) = sin(Nt/2)/sin(t/2),
//
//	sum cos(tn) = D(t)    sum n sin(tn) = -D'(t)    sum n^2 cos(tn) = -D''(t)
//
// and sums of even times odd are 0, so that the normal equations fall into two.
// n is in units of half the window in them, which keeps all entries alike.

// kernel returns the three sums above, for n in units of half the window.
func (f *fitter) kernel(t float64) (c, ns, nnc float64) {
	n := float64(f.frames)
	unit := 2 / n
	if t == 0 {
		return n, 0, n * (n*n - 1) / 12 * unit * unit
	}
	sinN, cosN := math.Sincos(n * t / 2)
	sin, cos := math.Sincos(t / 2)
	d := sinN / sin
	d1 := (n*cosN - cos*d) / (2 * sin)
	d2 := (1-n*n)/4*d - cos*d1/sin
	return d, -d1 * unit, -d2 * unit * unit
}

// step makes one Gauss-Newton step from the blocks and returns how far the
// frequency that moved most has moved.
//
// To the first order, a cosine whose frequency is off by d is
// a cos + b sin + d n (b cos - a sin). The factors of n cos and n sin are left
// free in the fit, u and v: what of them is not a change of frequency is one of
// level, which so does no harm.
func (f *fitter) step() (largest float64) {
	f.project()
	half := float64(f.frames) / 2
	even, odd := f.even.reset(), f.odd.reset()
	even.row(0)[0] = float64(f.frames)
	even.right[0] = f.sum
	for i := range f.tones {
		t := &f.tones[i]
		c, ns, _ := f.kernel(t.omega)
		even.row(0)[1+2*i], even.row(0)[2+2*i] = c, ns
		even.row(1 + 2*i)[0], even.row(2 + 2*i)[0] = c, ns
		even.right[1+2*i], even.right[2+2*i] = real(t.p), -imag(t.q)/half
		odd.right[2*i], odd.right[2*i+1] = -imag(t.p), real(t.q)/half
		for j := range f.tones {
			plusC, plusNS, plusNNC := f.kernel(t.omega + f.tones[j].omega)
			minusC, minusNS, minusNNC := f.kernel(t.omega - f.tones[j].omega)
			even.row(1 + 2*i)[1+2*j] = (minusC + plusC) / 2
			even.row(1 + 2*i)[2+2*j] = (plusNS - minusNS) / 2
			even.row(2 + 2*i)[1+2*j] = (plusNS + minusNS) / 2
			even.row(2 + 2*i)[2+2*j] = (minusNNC - plusNNC) / 2
			odd.row(2 * i)[2*j] = (minusC - plusC) / 2
			odd.row(2 * i)[2*j+1] = (plusNS + minusNS) / 2
			odd.row(2*i + 1)[2*j] = (plusNS - minusNS) / 2
			odd.row(2*i + 1)[2*j+1] = (minusNNC + plusNNC) / 2
		}
	}
	even.solve()
	odd.solve()
	for i := range f.tones {
		t := &f.tones[i]
		a, v := even.right[1+2*i], even.right[2+2*i]
		b, u := odd.right[2*i], odd.right[2*i+1]
		largest = max(largest, t.move((u*b-v*a)/(a*a+b*b)/half, half))
	}
	return largest
}

// move changes the frequency by at most half a radian at the end of the window,
// not beyond the reach of the search, and returns by how much.
func (t *tone) move(delta, half float64) float64 {
	if !(math.Abs(delta) < math.Inf(1)) {
		return 0 // no tone there, or two that are one
	}
	delta = max(-0.5/half, min(0.5/half, delta))
	reach := t.reach + 2*math.Pi/(2*half)
	was := t.omega
	t.omega = max(t.guess-reach, min(t.guess+reach, t.omega+delta))
	return math.Abs(t.omega - was)
}

// solveLevels solves for the constant, which it returns, and a and b of each
// tone, at the frequencies known.
func (f *fitter) solveLevels() (dc float64) {
	k := len(f.tones)
	even, odd := newSystem(k+1), newSystem(k)
	even.row(0)[0], even.right[0] = float64(f.frames), f.sum
	for i := range f.tones {
		t := &f.tones[i]
		c, _, _ := f.kernel(t.omega)
		even.row(0)[1+i], even.row(1 + i)[0] = c, c
		even.right[1+i], odd.right[i] = real(t.p), -imag(t.p)
		for j := range f.tones {
			plus, _, _ := f.kernel(t.omega + f.tones[j].omega)
			minus, _, _ := f.kernel(t.omega - f.tones[j].omega)
			even.row(1 + i)[1+j] = (minus + plus) / 2
			odd.row(i)[j] = (minus - plus) / 2
		}
	}
	even.solve()
	odd.solve()
	for i := range f.tones {
		f.tones[i].a, f.tones[i].b = even.right[1+i], odd.right[i]
	}
	return even.right[0]
}

// A system is a set of linear equations.
type system struct {
	size  int
	rows  []float64
	right []float64 // right-hand sides; after solve the solution
}

func newSystem(size int) *system {
	return &system{size, make([]float64, size*size), make([]float64, size)}
}

func (s *system) reset() *system { clear(s.rows); clear(s.right); return s }

func (s *system) row(i int) []float64 { return s.rows[i*s.size : (i+1)*s.size] }

// solve eliminates with partial pivoting. Without a solution some results are
// infinite or no number.
func (s *system) solve() {
	for i := range s.size {
		pivot := i
		for j := i + 1; j < s.size; j++ {
			if math.Abs(s.row(j)[i]) > math.Abs(s.row(pivot)[i]) {
				pivot = j
			}
		}
		top := s.row(i)
		if pivot != i {
			for k, v := range s.row(pivot) {
				top[k], s.row(pivot)[k] = v, top[k]
			}
			s.right[i], s.right[pivot] = s.right[pivot], s.right[i]
		}
		for j := i + 1; j < s.size; j++ {
			row := s.row(j)
			factor := row[i] / top[i]
			for k := i; k < s.size; k++ {
				row[k] -= factor * top[k]
			}
			s.right[j] -= factor * s.right[i]
		}
	}
	for i := s.size - 1; i >= 0; i-- {
		row := s.row(i)
		for k := i + 1; k < s.size; k++ {
			s.right[i] -= row[k] * s.right[k]
		}
		s.right[i] /= row[i]
	}
}
