package mixer

import (
	"math"
	"testing"
)

// isWhole reports that x is of 16 bits.
func isWhole(x float32) bool { return math.Trunc(float64(x)*32768) == float64(x)*32768 }

// compare checks x, which has had faults, against base, which had none.
func compare(t *testing.T, base, x []float32) {
	t.Helper()
	const rounding = 1.0 / (1 << 24)
	if len(x) != len(base) {
		t.Fatalf("%d samples, want %d", len(x), len(base))
	}
	before := false
	for i := 0; i < len(x); i += scriptChannels {
		x, base := x[i:i+scriptChannels], base[i:i+scriptChannels]
		b := x[onlyB]
		// The sum of fractions, or of one B that fades and another, is not that of its
		// parts to the last bit; that of values of 16 bits is.
		limit, whole := rounding, isWhole(b) && isWhole(base[onlyC])
		if before && whole {
			limit = 0
		}
		before = whole
		switch {
		case x[onlyA] != base[onlyA], x[onlyC] != base[onlyC]:
			t.Fatalf("frame %d: A and C are %v and %v, without faults %v and %v", i/scriptChannels, x[onlyA], x[onlyC], base[onlyA], base[onlyC])
		case !(math.Abs(float64(x[bothBC]-b-base[onlyC])) <= limit), !(math.Abs(float64(x[bothBA]-b-base[onlyA])) <= rounding):
			t.Fatalf("frame %d: B is %v, with A %v, with C %v; these are %v and %v", i/scriptChannels, b, x[bothBA], x[bothBC], base[onlyA], base[onlyC])
		}
	}
}
