package resample

import "math"

const (
	rowBits = 5
	// rows is the number of phases. A row's cubics are within D/(2731*rows^4) of
	// the filter, where its fourth derivative D is at most pi^4/5 of its highest
	// tap: -163 dB, below what float32 can show.
	rows = 1 << rowBits
	// lanes is the number of taps that are kept together: all their constant
	// terms, then their linear ones and so on.
	lanes = 8
	// order is the number of coefficients of each tap's polynomial.
	order = 4
)

// A band is the transition of a low-pass filter, in cycles per input frame.
type band struct{ pass, stop float64 }

func transition(inRate, outRate int) band {
	in, lower := float64(inRate), float64(min(inRate, outRate))
	pass := min(PassHz, PassShare*lower)
	return band{pass: pass / in, stop: (lower*(1-Play) - pass) / in}
}

// Kaiser's formulas for the attenuation and the shape of his window: J. F. Kaiser,
// "Nonrecursive digital filter design using the I0-sinh window function", 1974.
// They are good to 2 dB, which are added.
const (
	kaiserFloor = 7.95
	kaiserError = 2
)

func (b band) kaiserSlope() float64 { return 2.285 * 2 * math.Pi * (b.stop - b.pass) }

// taps is the length that the filter needs. It is an odd number of groups of
// lanes: the kernels begin with one group and go on by two.
func (b band) taps() int {
	need := (StopDB + kaiserError - kaiserFloor) / b.kaiserSlope()
	pairs := math.Ceil((need - lanes) / (2 * lanes))
	return lanes + 2*lanes*int(max(1, pairs))
}

// beta is the shape of the window of that length. What the length was rounded
// up by goes into the attenuation.
func (b band) beta(taps int) float64 {
	return 0.1102 * (kaiserFloor + b.kaiserSlope()*float64(taps) - 8.7)
}

// Each row's polynomials go through the filter at these quarters of the row.
// They are the Chebyshev points with both ends: the filter has no steps between
// rows.
const quarters = 4

var nodes = [order]int{0, 1, 3, 4}

// table returns the filter's polynomials: [rows][taps/lanes][order][lanes].
// Tap j of row r is, at the place i + (r+t)/rows with 0 <= t <= 1, the weight of
// input frame i - taps/2 + 1 + j.
func (b band) table(taps int) []float32 {
	h, scale := b.prototype(taps)
	table := make([]float32, rows*taps*order)
	for r := range rows {
		row := table[r*taps*order:][:taps*order]
		for j := range taps {
			var y [order]float64
			for k, node := range nodes {
				m := r*quarters + node
				y[k] = h[distance(taps, j, m)] * scale[m]
			}
			at := j/lanes*lanes*order + j%lanes
			for k, c := range cubic(y) {
				row[at+k*lanes] = float32(c)
			}
		}
	}
	return table
}

// distance is how far tap j is from an output frame at phase m, in quarters of a
// row.
func distance(taps, j, m int) int {
	d := (j-taps/2+1)*rows*quarters - m
	return max(d, -d)
}

// prototype returns the filter by distance, and for each quarter of a row the
// factor that makes the sum of its taps 1.
func (b band) prototype(taps int) (h, scale []float64) {
	h = make([]float64, taps/2*rows*quarters+1)
	beta := b.beta(taps)
	cutoff := b.pass + b.stop // twice the middle of the transition
	for d := range h {
		if d%quarters == 2 {
			continue // no node
		}
		u := float64(d) / float64(len(h)-1)
		x := math.Pi * cutoff * float64(d) / (rows * quarters)
		h[d] = cutoff * bessel0(beta*math.Sqrt(1-u*u))
		if d > 0 {
			h[d] *= math.Sin(x) / x
		}
	}
	scale = make([]float64, rows*quarters+1)
	for m := range scale {
		sum := 0.0
		for j := range taps {
			sum += h[distance(taps, j, m)]
		}
		scale[m] = 1 / sum
	}
	return h, scale
}

// cubic returns the coefficients of the polynomial that is y at the nodes, from
// the constant term on, by Newton's divided differences.
func cubic(y [order]float64) [order]float64 {
	d01, d12, d23 := 4*(y[1]-y[0]), 2*(y[2]-y[1]), 4*(y[3]-y[2])
	d012, d123 := (d12-d01)/0.75, (d23-d12)/0.75
	d := d123 - d012
	return [order]float64{y[0], d01 - d012/4 + d*3/16, d012 - d, d}
}

// bessel0 is the modified Bessel function of the first kind and order 0.
func bessel0(x float64) float64 {
	sum, term, q := 1.0, 1.0, x*x/4
	for k := 1.0; term > sum*1e-17; k++ {
		term *= q / (k * k)
		sum += term
	}
	return sum
}
