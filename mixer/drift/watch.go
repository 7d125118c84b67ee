package drift

import "math"

// When a mean of innovations says that the clock has changed.
const (
	changeDeviations = 6.0
	// changeFrames is what the beat of two clocks, read in whole frames, can make
	// of a mean, and so is never a change.
)

var changeFrames = [...]float64{3, 3, 2, 1.5, 1.5}

// spans are the seconds over which innovations are averaged: short ones find
// large changes soon, long ones small changes at all.
var spans = [...]float64{0.04, 0.16, 0.64, 2.56, 10.24}

// watch finds out that the clock has changed: then innovations are no longer
// noise around 0.
type watch struct {
	means [len(spans)]float64
	span  float64 // over which the last change was seen, seconds
}

// add takes in an innovation, seconds after the last one, and reports a change.
// deviation is the innovation's when there is none.
func (w *watch) add(innovation, seconds, deviation float64) bool {
	changed := false
	for i, span := range spans {
		weight := min(1, seconds/span)
		w.means[i] += weight * (innovation - w.means[i])
		bound := max(changeFrames[i], changeDeviations*deviation*math.Sqrt(weight/(2-weight)))
		mean := math.Abs(w.means[i])
		changed = changed || mean > bound
		if changed && (mean > bound/2) {
			w.span = span
		}
	}
	return changed
}

func (w *watch) reset() { w.means = [len(spans)]float64{} }
