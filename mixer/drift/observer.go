package drift

import "math"

// What the observer assumes of clocks and of measurements.
const (
	memorySeconds = 150.0    // what the drift is taken from once it is steady
	priorDrift    = 2000e-6  // standard deviation of a drift of which nothing is known
	learnedDrift  = 4e-6     // and of one that was learned
	firstNoise    = 0.25e-3  // seconds: standard deviation of a measurement until it is known
	firstCount    = 16       // measurements from which it is known
	noiseSeconds  = 4.0      // from which it is taken then
	leastVariance = 1.0 / 12 // frames^2: that of a position in whole frames

	grainFrames    = 1.0
	gateDeviations = 5.0 // innovations beyond this many standard deviations are doubted
	gateFrames     = 8.0 // if they are beyond this also
	sameFrames     = 1.0 // doubted innovations agree within this and 4 standard deviations
	jumpCount      = 8   // that many agree: the fill has jumped
	lostCount      = 16  // that many in a row, and they do not: begin again

	maxDrift  = 0.1
	maxFrames = 1e9 // of anything that is told
)

// observer estimates fill and drift. It is the Kalman filter of a straight line
// whose slope wanders a little: state (fill, drift), of which fill grows by
// (1+drift) times the nominal frames that have passed and falls by those that
// were taken. While it starts, its gains are those of a least-squares fit to all
// n measurements, 2(2n-1)/(n(n+1)) for the fill and 6/(n(n+1)) for the slope;
// they settle where the fit would be one to the memory: gains of 4/n and 8/n^2.
// (Kalata, "The tracking index", IEEE Trans. AES-20, 1984; Bar-Shalom, Li,
// Kirubarajan, "Estimation with Applications to Tracking and Navigation", 2001,
// 6.5. F. Adriaensen, "Using a DLL to filter time", 2005, is the same filter with
// its gains held.)
type observer struct {
	fill  float64 // source frames
	drift float64 // ratio of the clocks less 1

	// Covariance of the two errors.
	pff, pfd, pdd float64

	anchored bool    // fill comes from a measurement
	since    float64 // nominal source frames since the last measurement
	jumped   float64
	spacing  float64 // mean of since at measurements
	memory   float64 // full, nominal source frames
	noise
	doubt
}

// noise is the variance of measurements, from the differences of successive
// ones: a change of the clock hardly shows in them.
type noise struct {
	variance float64 // frames^2
	count    int     // differences taken in, up to firstCount
	weight   float64 // of the next one is 1/weight
	mean     float64 // of half their squares
	residual float64 // of the last measurement
}

// doubt is a row of innovations that the filter has not taken in.
type doubt struct {
	value float64 // mean of those that agree
	agree int
	row   int
}

func (o *observer) init(rate float64) {
	o.memory = memorySeconds * rate
	o.pdd = square(priorDrift)
	o.noise.variance = square(firstNoise * rate)
}

// advance predicts.
func (o *observer) advance(nominal, moved float64) {
	o.fill += nominal + nominal*o.drift - moved
	o.pff += nominal * (2*o.pfd + nominal*o.pdd)
	o.pfd += nominal * o.pdd
	o.since += nominal
	o.jumped += nominal
}

// measure corrects. It returns the innovation, as one measured without error of
// the prediction would be, and false if the filter did not take it in.
func (o *observer) measure(fill float64) (innovation float64, ok bool) {
	if !o.anchored {
		o.anchor(fill)
		return 0, false
	}
	if o.since == 0 {
		return 0, false
	}
	innovation = fill - o.fill
	spread := o.pff + o.variance
	if math.Abs(innovation) > max(gateFrames, gateDeviations*math.Sqrt(spread)) {
		o.doubted(fill, innovation)
		return 0, false
	}
	o.doubt = doubt{}
	if o.spacing == 0 {
		o.spacing = o.since
	}
	o.spacing += (o.since - o.spacing) / 16
	o.noise.add(innovation, o.since/o.memory*(memorySeconds/noiseSeconds))

	o.pdd += 64 * o.variance * square(o.since/square(o.memory))
	gainFill, gainDrift := o.pff/spread, o.pfd/spread
	grain := grainFrames * clamp((o.known()/o.memory*memorySeconds-30)/60, 0, 1)
	heard := innovation - clamp(innovation, -grain, grain)
	o.fill += gainFill * heard
	o.drift = clamp(o.drift+gainDrift*heard, -maxDrift, maxDrift)
	o.pdd -= gainDrift * o.pfd
	o.pfd -= gainFill * o.pfd
	o.pff -= gainFill * o.pff
	o.noise.residual = fill - o.fill
	o.since = 0
	return innovation * math.Sqrt(o.variance/spread), true
}

// anchor takes the fill from one measurement alone.
func (o *observer) anchor(fill float64) {
	o.fill, o.pff, o.pfd = fill, o.variance, 0
	o.anchored, o.since = true, 0
	o.noise.residual = 0
	o.doubt = doubt{}
}

// doubted looks at a measurement that cannot be what it should. One that is
// late is passed over. When several say the same, the fill has jumped: frames
// were lost without a word. When they say different things, the clock has
// changed by much, or the noise has.
func (o *observer) doubted(fill, innovation float64) {
	o.doubt.row++
	if math.Abs(innovation-o.doubt.value) > sameFrames+4*math.Sqrt(o.variance) {
		o.doubt.agree, o.doubt.value = 0, 0
	}
	o.doubt.agree++
	o.doubt.value += (innovation - o.doubt.value) / float64(o.doubt.agree)
	switch {
	case o.doubt.agree >= jumpCount && o.jumped > o.memory/60:
		o.jumped = 0
		o.anchor(o.fill + o.doubt.value)
	case o.doubt.row >= lostCount, o.doubt.agree >= jumpCount:
		o.pdd = square(priorDrift)
		o.noise = noise{variance: square(firstNoise / memorySeconds * o.memory)}
		o.anchor(fill)
	}
}

// add takes in an innovation; least is the smallest weight.
func (n *noise) add(innovation, least float64) {
	half := square(innovation-n.residual) / 2
	if n.count >= firstCount {
		half = min(half, 12*n.variance) // of an outlier; noise that has grown is found soon
	} else {
		n.count++
	}
	n.weight = min(n.weight+1, 1/least)
	n.mean += (half - n.mean) / max(1, n.weight)
	if n.count >= firstCount {
		n.variance = max(leastVariance, n.mean)
	}
}

// known is the memory in use, nominal source frames: a straight line fitted to
// measurements over that time is as uncertain in its slope as drift is.
func (o *observer) known() float64 {
	return min(o.memory, math.Cbrt(12*o.variance*o.spacing/o.pdd))
}

// shorten makes the memory that of a fit over a span of nominal source frames,
// if it is longer.
func (o *observer) shorten(span float64) {
	n := max(2, span/o.spacing)
	pdd := min(12*o.variance/(n*square(n*o.spacing)), square(priorDrift))
	if pdd <= o.pdd {
		return
	}
	o.pdd, o.pff = pdd, 4*o.variance/n
	o.pfd = math.Sqrt(0.75 * o.pff * o.pdd)
}
