package resample

import (
	"math"
	"testing"

	"pgregory.net/rapid"
)

// The kernels of this machine make what the plain ones make, but for rounding:
// sums of some hundred products of float32, all in another order.
func TestKernelsArePlain(t *testing.T) {
	const bound = 1.0 / (1 << 19) // of full scale, for full-scale noise
	worst := 0.0
	rapid.Check(t, func(t *rapid.T) {
		in, out := drawConversion(t)
		channels := rapid.IntRange(1, 8).Draw(t, "channels")
		fast, slow := must(New(in, out, channels)), must(NewPlain(in, out, channels))
		src := noise(700 * channels)
		got, want := make([]float32, 700*channels), make([]float32, 700*channels)
		for len(src) > 0 {
			c := drawCorrection(t)
			fast.SetRatio(c)
			slow.SetRatio(c)
			fit := rapid.SampledFrom([]int{1, 2, 240, 509}).Draw(t, "fit") * channels
			given := min(rapid.SampledFrom([]int{1, 7, 240, 509}).Draw(t, "given")*channels, len(src))
			made, used := fast.Process(got[:fit], src[:given])
			if made2, used2 := slow.Process(want[:fit], src[:given]); made2 != made || used2 != used {
				t.Fatalf("made %d and %d, used %d and %d", made, made2, used, used2)
			}
			for i, v := range got[:made*channels] {
				d := math.Abs(float64(v) - float64(want[i]))
				worst = max(worst, d)
				if !(d <= bound) {
					t.Fatalf("sample %d is %v, want %v", i, v, want[i])
				}
			}
			src = src[used*channels:]
		}
	})
	t.Logf("at most %.1e from the plain path (bound %.1e)", worst, bound)
}

// The first kernel to see the input copies it, to the frame.
func TestSplit(t *testing.T) {
	src := noise(2 * 40)
	for frames := 1; frames <= 40; frames++ {
		x0, x1 := make([]float32, 41), make([]float32, 41)
		fastest().split(x0[:frames], x1[:frames], src)
		for i := range 41 {
			if i < frames && (x0[i] != src[2*i] || x1[i] != src[2*i+1]) || i >= frames && (x0[i] != 0 || x1[i] != 0) {
				t.Fatalf("%d frames: frame %d is %v, %v", frames, i, x0[i], x1[i])
			}
		}
	}
}
