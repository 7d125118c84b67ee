package drift

import "math"

// What the observer assumes of clocks.
const (
	memorySeconds = 150.0   // of which the drift is the mean, once it is steady
	priorDrift    = 2000e-6 // standard deviation of a drift of which nothing is known
	learnedDrift  = 4e-6    // and of one that was learned
	maxDrift      = 0.1
)

// observer estimates fill and drift. It is the Kalman filter of a straight line
// with a slope that wanders a little: the fill grows by 1+drift times the nominal
// frames that pass, and falls by those that were moved. At first its gains are
// those of the least-squares line through all n measurements, 2(2n-1)/(n(n+1))
// for the fill and 6/(n(n+1)) for the slope; they settle at 4/n and 8/n^2 for the
// n of the memory. See P. R. Kalata, "The tracking index", IEEE Trans. AES-20,
// 1984, and Y. Bar-Shalom, X. R. Li, T. Kirubarajan, "Estimation with
// Applications to Tracking and Navigation", 2001, chapters 5 and 6. F. Adriaensen,
// "Using a DLL to filter time", 2005, is this filter with its gains fixed.
//
// Time is counted in nominal source frames.
type observer struct {
	fill  float64 // source frames
	drift float64 // ratio of the clocks less 1

	// Covariance of the errors of the two.
	varFill, covariance, varDrift float64

	anchored bool    // fill comes from a measurement
	since    float64 // time since the last measurement taken in
	spacing  float64 // its mean at measurements
	memory   float64 // when it is full
	noise    noise
	doubt    doubt
}

func newObserver(rate float64) observer {
	return observer{memory: memorySeconds * rate, varDrift: square(priorDrift), noise: newNoise(rate)}
}

func (o *observer) learn(drift float64) {
	o.drift, o.varDrift, o.covariance = drift, square(learnedDrift), 0
}

// advance predicts.
func (o *observer) advance(nominal, moved float64) {
	if !o.anchored {
		return
	}
	o.fill += nominal - moved + nominal*o.drift
	o.varFill += nominal * (2*o.covariance + nominal*o.varDrift)
	o.covariance += nominal * o.varDrift
	o.since += nominal
}

// measure corrects. It returns the innovation, scaled to the noise that it would
// have beside an exact prediction, and false if it was not taken in.
func (o *observer) measure(fill float64) (innovation float64, ok bool) {
	if !o.anchored {
		o.anchor(fill)
		return 0, false
	}
	innovation = fill - o.fill
	spread := o.varFill + o.noise.variance
	if math.Abs(innovation) > max(gateFrames, gateDeviations*math.Sqrt(spread)) {
		o.doubted(fill, innovation)
		return 0, false
	}
	o.doubt.allay()
	if o.spacing == 0 {
		o.spacing = o.since
	}
	o.spacing += (o.since - o.spacing) / 16
	o.noise.add(innovation, o.since/(noiseSeconds/memorySeconds*o.memory))

	// So much wandering makes the steady gains those of the memory.
	o.varDrift += 64 * o.noise.variance * square(o.since/square(o.memory))
	gainFill, gainDrift := o.varFill/spread, o.covariance/spread
	o.fill += gainFill * innovation
	o.drift = clamp(o.drift+gainDrift*innovation, -maxDrift, maxDrift)
	o.varDrift = max(0, o.varDrift-gainDrift*o.covariance)
	o.covariance -= gainFill * o.covariance
	o.varFill -= gainFill * o.varFill
	o.noise.residual = fill - o.fill
	o.since = 0
	return innovation * math.Sqrt(o.noise.variance/spread), true
}

// anchor takes the fill from one measurement alone.
func (o *observer) anchor(fill float64) {
	o.fill, o.varFill, o.covariance = fill, o.noise.variance, 0
	o.anchored, o.since = true, 0
	o.noise.residual = 0
	o.doubt = doubt{}
}

// known is the memory in use: the slope of a line through the measurements of
// that time is as uncertain as drift is.
func (o *observer) known() float64 {
	return min(o.memory, math.Cbrt(12*o.noise.variance*o.spacing/o.varDrift))
}

// deviation is the standard deviation of drift.
func (o *observer) deviation() float64 { return math.Sqrt(o.varDrift) }

// shorten makes the memory in use that of a line through a span of measurements,
// if it is longer.
func (o *observer) shorten(span float64) {
	n := max(2, span/o.spacing)
	varDrift := min(12*o.noise.variance/(n*square(n*o.spacing)), square(priorDrift))
	if varDrift > o.varDrift {
		o.varDrift, o.varFill = varDrift, 4*o.noise.variance/n
		o.covariance = math.Sqrt(0.75 * o.varFill * o.varDrift)
	}
}
