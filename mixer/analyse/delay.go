package analyse

import (
	"math"
	"math/cmplx"
)

// Delay returns by how many frames b is later than a, two recordings of the same
// sound at the same rate that begin at the same time: where their correlation is
// largest, to a fraction of a frame. It is looked for from -reach to reach; of
// both, the shorter must be well over 2 reach long, and what is compared is that
// without reach frames at either end. Level and polarity do not matter. Of a
// sound that repeats itself within 2 reach, as a tone does, any repetition is as
// good: see [PhaseDelay].
func Delay(a, b []float64, reach int) float64 {
	frames := min(len(a), len(b))
	template := a[reach : frames-reach]
	f := newFFT(frames + reach)
	cross, other := make([]complex128, f.size()), make([]complex128, f.size())
	mean := 0.0
	for _, v := range template {
		mean += v / float64(len(template))
	}
	for i, v := range template {
		cross[reach+i] = complex(v-mean, 0)
	}
	for i, v := range b[:frames] {
		other[i] = complex(v, 0)
	}
	f.transform(cross)
	f.transform(other)
	for i, v := range other {
		cross[i] = v * cmplx.Conj(cross[i])
		other[i] = cmplx.Conj(cross[i]) // the transform of which is the correlation
	}
	f.transform(other)
	best := 0
	for lag := -reach; lag <= reach; lag++ {
		if at := func(lag int) float64 { return math.Abs(real(other[lag&(len(other)-1)])) }; at(lag) > at(best) {
			best = lag
		}
	}
	return refineDelay(cross, best)
}

// refineDelay returns where the correlation with the spectrum cross has its peak
// near lag, by Newton's method on its slope.
func refineDelay(cross []complex128, lag int) float64 {
	const steps = 8
	delay := float64(lag)
	for range steps {
		slope, curvature := 0.0, 0.0
		unit := 2 * math.Pi / float64(len(cross))
		phasor, turn := complex(1, 0), cmplx.Rect(1, unit*delay)
		for k, v := range cross[:len(cross)/2] {
			omega := unit * float64(k)
			v *= phasor
			slope -= omega * imag(v)
			curvature -= omega * omega * real(v)
			phasor *= turn
		}
		if curvature == 0 {
			break
		}
		delay = max(float64(lag)-1, min(float64(lag)+1, delay-slope/curvature))
	}
	return delay
}

// PhaseDelay returns by how many frames the tone b is later than a, both fitted
// to the same frames of two recordings: within half a period either way.
func PhaseDelay(a, b Tone, rate float64) float64 {
	return fraction((a.Phase-b.Phase)/(2*math.Pi)) * rate / b.Hz
}
