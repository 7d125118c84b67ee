package mixer

import "math"

// A ramp is a gain that moves linearly from one value to another, so that no
// change of gain is heard as a click.
type ramp struct {
	from, to float32
	pos, len int // frames since from, frames until to; at rest pos == len
}

// at is the gain of frame n of the ramp, counted from 1; exactly to from len on.
func (r *ramp) at(n int) float32 {
	if n >= r.len {
		return r.to
	}
	return r.from + (r.to-r.from)*float32(n)/float32(r.len)
}

// now is the gain of the frame before the next.
func (r *ramp) now() float32 { return r.at(r.pos) }

// set jumps to gain g.
func (r *ramp) set(g float32) { *r = ramp{from: g, to: g} }

// toward starts for gain g in frames frames, from where the ramp is now;
// nothing happens if it is on its way there already.
func (r *ramp) toward(g float32, frames int) {
	if g != r.to {
		*r = ramp{from: r.now(), to: g, len: frames}
	}
}

// rests reports that the ramp has arrived.
func (r *ramp) rests() bool { return r.pos >= r.len }

// silent reports that the ramp rests at zero.
func (r *ramp) silent() bool { return r.to == 0 && r.rests() }

// apply multiplies the frames of x by the ramp and moves it on.
func (r *ramp) apply(x []float32, channels int) {
	for len(x) > 0 && r.pos < r.len {
		r.pos++
		g := r.at(r.pos)
		for c := range x[:channels] {
			x[c] *= g
		}
		x = x[channels:]
	}
	if r.to == 1 {
		return
	}
	for i := range x {
		x[i] *= r.to
	}
}

// linear is the factor of a gain in dB.
func linear(dB float64) float64 { return math.Pow(10, dB/20) }

// decibel is the gain in dB of a factor; -Inf for 0.
func decibel(factor float64) float64 { return 20 * math.Log10(factor) }
