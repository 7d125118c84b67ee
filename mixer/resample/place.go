package resample

import "math/bits"

// A place is a distance along the input, in frames.
type place struct {
	frames int
	frac   uint64 // in 2^-64 of a frame
}

// ratio returns in/out, rounded up to 2^-64: a place that should be at the end of
// the input is not before it.
func ratio(in, out int) place {
	frac, rest := bits.Div64(uint64(in%out), 0, uint64(out))
	if rest > 0 {
		frac++
	}
	return place{in / out, frac}
}

func (p place) float() float64 { return float64(p.frames) + float64(p.frac)*0x1p-64 }

// after returns p and n steps more, n >= 0. It is exact.
func (p place) after(n int, step place) place {
	hi, lo := bits.Mul64(step.frac, uint64(n))
	lo, carry := bits.Add64(lo, p.frac, 0)
	return place{p.frames + n*step.frames + int(hi+carry), lo}
}

// stepsWithin returns how many steps, from p on, begin before the end of the
// input frame limit.
func (p place) stepsWithin(limit int, step place) int {
	if p.frames > limit {
		return 0
	}
	// An estimate, which rounding may have put a step too far or too near.
	n := int((float64(limit+1-p.frames) - float64(p.frac)*0x1p-64) / step.float())
	for n > 0 && p.after(n, step).frames > limit {
		n--
	}
	for p.after(n+1, step).frames <= limit {
		n++
	}
	return n + 1
}
