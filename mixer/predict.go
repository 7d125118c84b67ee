package mixer

// A prediction is made from so many frames, 5 ms at 48 kHz, with so many weights:
// two for each of the strongest tones in them.
const (
	predictFrom  = 240
	predictOrder = 16
)

// predictFloor is the noise, as a share of the power, that is told from none: what
// is left of a tone when it has been told is that of rounding, which would be told in
// turn, by tones that grow before they fade.
const predictFloor = 1e-12

// A predictor tells how a sound would have gone on: each sample from those before
// it, by linear prediction with the weights that tell the last ones best, forwards
// and backwards (J. P. Burg, Maximum entropy spectral analysis, 37th meeting of the
// Society of Exploration Geophysicists, 1967). A tone goes on as that tone, in value
// and slope. No reflection coefficient is above 1, so that nothing grows without
// bound. It belongs to the mixing goroutine, which needs one for all its streams;
// it allocates nothing.
type predictor struct {
	ahead, back  [predictFrom]float64  // errors of the prediction, forwards and backwards
	weights, old [predictOrder]float64 // the last is that of the sample just before
	line         [predictOrder + predictFrom]float64
}

// predict writes what follows channel of past into channel of dst, both interleaved
// in so many channels. past is predictFrom frames at most; of few, little is told.
func (p *predictor) predict(dst, past []float32, channel, channels int) {
	n := len(past) / channels
	for i := range n {
		p.ahead[i] = float64(past[i*channels+channel])
	}
	order := min(predictOrder, n/2)
	clear(p.line[:predictOrder])
	copy(p.line[predictOrder-order:], p.ahead[n-order:n])
	p.fit(n, order)
	at := predictOrder
	for i := channel; i < len(dst); i += channels {
		if at == len(p.line) {
			at = copy(p.line[:], p.line[at-predictOrder:])
		}
		p.line[at] = dot(&p.weights, (*[predictOrder]float64)(p.line[at-predictOrder:]))
		dst[i] = float32(p.line[at])
		at++
	}
}

// fit finds the weights from the first n samples of ahead.
func (p *predictor) fit(n, order int) {
	clear(p.weights[:])
	p.back = p.ahead
	ahead, back, k, floor := p.ahead[:n], p.back[:n], 0.0, 0.0
	const newest = predictOrder - 1
	for m := range order {
		product, power := lattice(ahead, back, k)
		if m == 0 {
			floor = power * predictFloor
		}
		if power == 0 {
			return // told exactly
		}
		k = 2 * product / (power + floor)
		p.old = p.weights
		for j := range m {
			p.weights[newest-j] -= k * p.old[newest-(m-1-j)]
		}
		p.weights[newest-m] = k
		ahead, back = ahead[1:], back[:n-1-m]
	}
}

// lattice takes the errors on by one order, with its reflection coefficient k, and
// returns what the next one's is made of: the sums of the products and of the squares
// of each error backwards and the error forwards of the sample after.
func lattice(ahead, back []float64, k float64) (product, power float64) {
	back = back[:len(ahead)]
	last := back[0] - k*ahead[0]
	ahead[0], back[0] = 0, last // the first error forwards has none before it
	i := 1
	for ; i+1 < len(ahead); i += 2 { // two at a time, for the sake of small processors
		f, b := ahead[i], back[i]
		f, b = f-k*b, b-k*f
		ahead[i], back[i] = f, b
		product += f * last
		power += f * f
		power += last * last
		f, last = ahead[i+1], back[i+1]
		f, last = f-k*last, last-k*f
		ahead[i+1], back[i+1] = f, last
		product += f * b
		power += f * f
		power += b * b
	}
	if i < len(ahead) {
		f := ahead[i] - k*back[i]
		back[i] -= k * ahead[i]
		ahead[i] = f
		product += f * last
		power += f*f + last*last
	}
	return product, power
}

// dot is the sum of the products of a and b.
func dot(a, b *[predictOrder]float64) (sum float64) {
	for i := 0; i < predictOrder; i += 4 {
		sum += a[i] * b[i]
		sum += a[i+1] * b[i+1]
		sum += a[i+2] * b[i+2]
		sum += a[i+3] * b[i+3]
	}
	return sum
}
