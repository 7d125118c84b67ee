package mixer

import "time"

// Time constants of the two means of the load.
const (
	loadTime = 20 * time.Millisecond // by which streams are shed
	calmTime = time.Second           // by which they return
)

// A load is the time that the mixing goroutine works on a block, as a share of the
// time that the block lasts. It belongs to the mixing goroutine.
type load struct {
	block       time.Duration
	quick, slow float64 // the weight of a block in now and in calm
	now, calm   float64 // means over loadTime and calmTime

	raw         float64       // of the last block, which in the means counts as 1 at most
	scale       float64       // and what it was multiplied by for that
	began, last time.Time     // the block; what is being worked on
	waited      time.Duration // for late feeds, in this block
	unsettled   int           // blocks that now leaves out
}

func (l *load) init(block time.Duration) {
	l.block = block
	l.quick, l.slow = l.weight(loadTime), l.weight(calmTime)
}

// weight is that of a block in a mean: a few blocks make one, however long they are.
func (l *load) weight(constant time.Duration) float64 {
	return min(1./4, l.block.Seconds()/constant.Seconds())
}

// begin begins a block.
func (l *load) begin() {
	l.began = time.Now()
	l.last, l.waited = l.began, 0
}

// lap returns the time since the last lap, or since the block began.
func (l *load) lap() time.Duration {
	now := time.Now()
	d := now.Sub(l.last)
	l.last = now
	return d
}

// wait says that the time since the last lap was not spent on work.
func (l *load) wait() { l.waited += l.lap() }

// end takes in the block, which is ready. However long it took, the means have it as
// 1 at most: one that was held up once must not look like many.
func (l *load) end() {
	l.raw, l.scale = l.share(time.Since(l.began)-l.waited), 1
	if l.raw > 1 {
		l.scale = 1 / l.raw
	}
	x := l.raw * l.scale
	l.calm += (x - l.calm) * l.slow
	if l.unsettled > 0 {
		l.unsettled--
		return
	}
	l.now += (x - l.now) * l.quick
}

// lower takes a share off both means, for work that is not done any more when the
// next block has been.
func (l *load) lower(share float64) {
	l.now, l.calm = max(0, l.now-share), max(0, l.calm-share)
	l.unsettled = 1
}

// share is what a time is of a block.
func (l *load) share(d time.Duration) float64 { return d.Seconds() / l.block.Seconds() }
