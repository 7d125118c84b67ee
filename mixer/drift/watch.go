package drift

import "math"

// spans are the means of innovations that are watched: short ones show a large
// change soon, long ones show a small one at all. frames is what a clock may make
// of a mean that only wanders: the beat of two clocks read in whole frames makes
// one or two, a cable of snd-aloop several; or a slower change, as it begins.
var spans = [...]struct{ seconds, frames float64 }{{0.04, 10}, {0.16, 10}, {0.64, 9}, {2.56, 6}, {10.24, 5}}

const (
	// changeDeviations of such a mean, and more than its frames, are a change.
	changeDeviations = 6.0
	// spanShare of that makes a span the one to fall back to, if it is longer.
	spanShare = 0.8
)

// watch finds out that the clock has changed, from innovations that are no
// longer noise around 0.
type watch struct {
	means [len(spans)]float64
	span  float64 // that shows the last change best, seconds
}

// add takes in an innovation, seconds after the last, and reports a change.
// deviation is the innovation's standard deviation while there is none.
func (w *watch) add(innovation, seconds, deviation float64) (changed bool) {
	for i, span := range spans {
		weight := min(1, seconds/span.seconds)
		w.means[i] += weight * (innovation - w.means[i])
		mean := math.Abs(w.means[i])
		bound := max(span.frames, changeDeviations*deviation*math.Sqrt(weight/(2-weight)))
		changed = changed || mean > bound
		if changed && mean > spanShare*bound {
			w.span = span.seconds
		}
	}
	return changed
}
