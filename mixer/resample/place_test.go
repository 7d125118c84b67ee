package resample

import (
	"math/big"
	"testing"

	"pgregory.net/rapid"
)

// exact is the place in 2^-64 frames.
func (p place) exact() *big.Int {
	x := new(big.Int).Lsh(big.NewInt(int64(p.frames)), 64)
	return x.Add(x, new(big.Int).SetUint64(p.frac))
}

func drawStep(t *rapid.T) place {
	in, out := rapid.IntRange(1, 192000).Draw(t, "in"), rapid.IntRange(1, 192000).Draw(t, "out")
	in, out = max(in, (out+7)/8), max(out, (in+7)/8)
	r := &Resampler{nominal: ratio(in, out)}
	r.SetRatio(rapid.Float64Range(0.99, 1.01).Draw(t, "correction"))
	return r.step
}

// Adding up steps, one at a time or 2^40 at once, loses nothing: a stream that
// runs for years is where it would be by exact arithmetic.
func TestPlaceIsExact(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		step := drawStep(t)
		p := place{rapid.IntRange(0, 1000).Draw(t, "frames"), rapid.Uint64().Draw(t, "frac")}
		n := rapid.IntRange(0, 1<<40).Draw(t, "n")
		m := rapid.IntRange(0, 200).Draw(t, "m")
		want := new(big.Int).Mul(step.exact(), big.NewInt(int64(n+m)))
		want.Add(want, p.exact())
		got := p.after(n, step)
		for range m {
			got = got.after(1, step)
		}
		if got.exact().Cmp(want) != 0 {
			t.Fatalf("%v and %d+%d steps of %v are %v", p, n, m, step, got)
		}
	})
}

func TestStepsWithin(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		step := drawStep(t)
		p := place{rapid.IntRange(0, 10).Draw(t, "frames"), rapid.Uint64().Draw(t, "frac")}
		limit := rapid.OneOf(rapid.IntRange(-10, 1000), rapid.IntRange(0, 1<<40)).Draw(t, "limit")
		if rapid.Bool().Draw(t, "close") {
			// The last step begins just before the end of limit, or just behind it.
			last := p.after(rapid.IntRange(1, 1<<40).Draw(t, "steps"), step)
			p.frac -= last.frac + rapid.Uint64Range(0, 1).Draw(t, "before")
			limit = last.frames
		}
		n := p.stepsWithin(limit, step)
		if n < 0 || n > 0 && p.after(n-1, step).frames > limit || p.after(n, step).frames <= limit {
			t.Fatalf("from %v by %v: not %d within %d", p, step, n, limit)
		}
	})
}

// A ratio is the nominal one to 2^-64, and the corrected one to what a float64 can
// show; a month at a nominal ratio comes to less than 10^-8 frames.
func TestRatioIsExact(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		in, out := rapid.IntRange(1, 192000).Draw(t, "in"), rapid.IntRange(1, 192000).Draw(t, "out")
		in, out = max(in, (out+7)/8), max(out, (in+7)/8)
		c := rapid.Float64Range(0.99, 1.01).Draw(t, "correction")
		r := &Resampler{nominal: ratio(in, out)}
		within := func(correction, bound float64) {
			r.SetRatio(correction)
			want := new(big.Rat).Mul(big.NewRat(int64(in), int64(out)), new(big.Rat).SetFloat64(correction))
			got := new(big.Rat).SetFrac(r.step.exact(), new(big.Int).Lsh(big.NewInt(1), 64))
			if d, _ := got.Sub(got, want).Float64(); d > bound || d < -bound {
				t.Fatalf("%d/%d corrected by %v is %v, %g from what it is", in, out, correction, r.step, d)
			}
		}
		within(1, 0x1p-64)
		within(c, 0x1p-55)
	})
}
