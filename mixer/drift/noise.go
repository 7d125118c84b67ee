package drift

import "math"

// What is assumed of measurements.
const (
	firstNoise    = 0.25e-3  // seconds: standard deviation until it is known
	firstCount    = 16       // measurements until then
	noiseSeconds  = 4.0      // over which it is averaged later
	leastVariance = 1.0 / 12 // frames^2: of a position in whole frames
	clipVariances = 12.0     // no square counts for more, so that an outlier does not

	// An innovation is doubted beyond so many standard deviations and so many
	// frames.
	gateDeviations = 5.0
	gateFrames     = 16.0
	// Doubted ones agree within so many standard deviations and frames.
	agreeDeviations = 4.0
	agreeFrames     = 1.0
	jumpCount       = 8  // so many agree: the fill has jumped
	lostCount       = 16 // so many in a row, and they do not: noise or clock have changed
)

// noise is the variance of measurements, from the difference between each and
// the one before it, in which a change of the clock hardly shows.
type noise struct {
	variance float64 // frames^2
	first    float64 // until it is known
	mean     float64 // of half the squared differences
	count    float64 // of those in it
	residual float64 // of the last measurement against the fill it led to
}

func newNoise(rate float64) noise {
	first := square(firstNoise * rate)
	return noise{variance: first, first: first}
}

// forget begins again.
func (n *noise) forget() { *n = noise{variance: n.first, first: n.first} }

// add takes in an innovation. weight is its least.
func (n *noise) add(innovation, weight float64) {
	half := square(innovation-n.residual) / 2
	known := n.count >= firstCount
	if known {
		half = min(half, clipVariances*n.variance)
	}
	n.count++
	n.mean += (half - n.mean) * max(1/n.count, min(1, weight))
	if known {
		n.variance = max(leastVariance, n.mean)
	}
}

// doubt is a row of innovations that the filter has not taken in, or hardly any.
type doubt struct {
	row   int // their number, less that of those it has
	last  float64
	up    bool    // last was above the one before
	turns int     // changes of up: two of three for noise, none for a clock
	agree int     // the last ones, with each other
	value float64 // their mean
	mean  float64 // of all
}

// allay takes in that an innovation was as expected.
func (d *doubt) allay() {
	if d.row--; d.row <= 0 {
		*d = doubt{}
	}
	d.agree, d.value = 0, 0
}

// add takes in an innovation. Those that agree do so within tolerance.
func (d *doubt) add(innovation, tolerance float64) {
	up := innovation > d.last
	if d.row > 1 && up != d.up {
		d.turns++
	}
	d.up, d.last = up, innovation
	d.row++
	d.mean += (innovation - d.mean) / float64(d.row)
	if math.Abs(innovation-d.value) > tolerance {
		d.agree, d.value = 0, 0
	}
	d.agree++
	d.value += (innovation - d.value) / float64(d.agree)
}

// doubted looks at a measurement that is far from what it should be. One alone
// was late, and is passed over. Several that say the same: frames were lost
// without a word. Several that go up and down: there is more noise. Else the
// clock has changed by much.
func (o *observer) doubted(fill, innovation float64) {
	d := &o.doubt
	d.add(innovation, agreeFrames+agreeDeviations*math.Sqrt(o.noise.variance))
	switch {
	case d.agree >= jumpCount:
		o.anchor(o.fill + d.value)
	case d.row < lostCount:
	case d.turns > lostCount/4:
		o.noise.forget()
		o.anchor(o.fill + d.mean)
	default:
		o.varDrift = square(priorDrift)
		o.noise.forget()
		o.anchor(fill)
	}
}
