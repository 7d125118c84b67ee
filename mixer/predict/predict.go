// Package predict tells how a sound would have gone on, so that one that breaks off can ring out.
package predict

// From is of how many frames at most a prediction is made, 5 ms at 48 kHz.
const From = 240

// order is the number of weights, two for each of the strongest tones; of few frames, so many are not known. few is half
// of it, of which it is made.
const (
	order = 2 * few
	few   = 8
)

// floor is the noise, as a share of the power, that is told from none: what
// is left of a tone when it has been told is that of rounding, which would be told in
// turn, by tones that grow before they fade.
const floor = 1e-12

// A Predictor tells how a sound would have gone on: each sample from those before
// it, by linear prediction with the weights that tell the last ones best, forwards
// and backwards (J. P. Burg, Maximum entropy spectral analysis, 37th meeting of the
// Society of Exploration Geophysicists, 1967). A tone goes on as that tone, in value
// and slope. No reflection coefficient is above 1, so that nothing grows without
// bound. It belongs to one goroutine, which needs one for all its sounds; it keeps
// none, and allocates nothing.
type Predictor struct {
	ahead, back  [From]float64  // errors of the prediction, forwards and backwards
	weights, old [order]float64 // the last is that of the sample just before
	line         [order + From]float64
}

// Follow writes what follows past into dst, both interleaved in so many channels. past
// is [From] frames at most; of few, little is told. All samples must be numbers.
func (p *Predictor) Follow(dst, past []float32, channels int) {
	for channel := range channels {
		p.channel(dst, past, channel, channels)
	}
}

// channel is Follow for one of them.
func (p *Predictor) channel(dst, past []float32, channel, channels int) {
	n := len(past) / channels
	for i := range n {
		p.ahead[i] = float64(past[i*channels+channel])
	}
	stages := min(order, n/3)
	clear(p.line[:order])
	copy(p.line[order-stages:], p.ahead[n-stages:n])
	p.fit(n, stages)
	at := order
	for i := channel; i < len(dst); i += channels {
		if at == len(p.line) {
			at = copy(p.line[:], p.line[at-order:])
		}
		next := dot((*[few]float64)(p.weights[few:]), (*[few]float64)(p.line[at-few:]))
		if stages > few {
			next += dot((*[few]float64)(p.weights[:few]), (*[few]float64)(p.line[at-order:]))
		}
		p.line[at] = next
		dst[i] = float32(next)
		at++
	}
}

// fit finds the weights from the first n samples of ahead. The power of the errors
// of one order is known from that of the one before (N. Andersen, On the calculation
// of filter coefficients for maximum entropy spectral analysis, Geophysics 39, 1974),
// to far less than the floor.
func (p *Predictor) fit(n, stages int) {
	clear(p.weights[:])
	p.back = p.ahead
	ahead, back := p.ahead[:n], p.back[:n]
	power, product, k := 0.0, 0.0, 0.0
	for _, v := range ahead {
		power += 2 * v * v
	}
	noise := power * floor
	if power == 0 {
		return
	}
	const newest = order - 1
	for m := range stages {
		power *= 1 + k*k
		power -= 4 * k * product
		product = lattice(ahead, back, k)
		first, last := ahead[0], back[len(back)-1]
		power = max(0, power-first*first-last*last)
		k = 2 * product / (power + noise)
		p.old = p.weights
		for j := range m {
			p.weights[newest-j] -= k * p.old[newest-(m-1-j)]
		}
		p.weights[newest-m] = k
		ahead, back = ahead[1:], back[:len(back)-1]
	}
}

// lattice takes the errors on by one order, with its reflection coefficient k, and
// returns the sum of the products of each error backwards and the error forwards of
// the sample after.
func lattice(ahead, back []float64, k float64) (product float64) {
	back = back[:len(ahead)]
	f, last := ahead[0], back[0]
	f, last = f-k*last, last-k*f
	ahead[0], back[0] = f, last
	i := 1
	for ; i+1 < len(ahead); i += 2 { // two at a time, for the sake of small processors
		f, b := ahead[i], back[i]
		f, b = f-k*b, b-k*f
		ahead[i], back[i] = f, b
		product += f * last
		f, last = ahead[i+1], back[i+1]
		f, last = f-k*last, last-k*f
		ahead[i+1], back[i+1] = f, last
		product += f * b
	}
	if i < len(ahead) {
		f, b := ahead[i], back[i]
		ahead[i], back[i] = f-k*b, b-k*f
		product += ahead[i] * last
	}
	return product
}

// dot is the sum of the products of a and b.
func dot(a, b *[few]float64) float64 {
	return a[0]*b[0] + a[1]*b[1] + a[2]*b[2] + a[3]*b[3] +
		a[4]*b[4] + a[5]*b[5] + a[6]*b[6] + a[7]*b[7]
}
