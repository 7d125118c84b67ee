//go:build vm

package guest

import (
	"math"
	"math/rand/v2"
	"runtime"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"submix/mixer/resample"
)

// TestResampleNEON holds the NEON kernels to the plain path; mixer/resample's own test does it for the host's.
func TestResampleNEON(t *testing.T) {
	const bound = 1.0 / (1 << 19)
	random := rand.New(rand.NewPCG(1, 2))
	worst := 0.0
	for _, rates := range [][2]int{{48000, 48000}, {44100, 48000}, {48000, 44100}, {96000, 48000}, {96000, 96000}, {8000, 64000}} {
		for _, channels := range []int{1, 2, 3, 8} {
			neon, err := resample.New(rates[0], rates[1], channels)
			if err != nil {
				t.Fatal(err)
			}
			plain, err := resample.NewPlain(rates[0], rates[1], channels)
			if err != nil {
				t.Fatal(err)
			}
			src := make([]float32, 509*channels)
			got, want := make([]float32, 509*channels), make([]float32, 509*channels)
			for _, correction := range []float64{1, 1.01, 0.99, 1.0001} {
				neon.SetRatio(correction)
				plain.SetRatio(correction)
				for i := range src {
					src[i] = 2*random.Float32() - 1
				}
				made, used := neon.Process(got, src)
				if made2, used2 := plain.Process(want, src); made2 != made || used2 != used {
					t.Fatalf("%v: made %d and %d, used %d and %d", rates, made, made2, used, used2)
				}
				for i, v := range got[:made*channels] {
					worst = max(worst, math.Abs(float64(v)-float64(want[i])))
				}
			}
		}
	}
	t.Logf("at most %.1e from the plain path (bound %.1e)", worst, bound)
	if !(worst <= bound) {
		t.Error("NEON is something else")
	}
}

// threadTime is how long this thread has been on the processor. The machine runs an instruction a nanosecond.
func threadTime(t *testing.T) time.Duration {
	var now unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_THREAD_CPUTIME_ID, &now); err != nil {
		t.Fatal(err)
	}
	return time.Duration(now.Nano())
}

// TestResampleCost counts the instructions of resampling 10 ms of stereo at 48 kHz from a card 100 ppm fast, with the
// NEON kernels and without.
func TestResampleCost(t *testing.T) {
	const (
		block  = 480 // frames
		blocks = 100
		// frameLimit is what eight such streams may cost in the budget of the whole box.
		frameLimit = 140
	)
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	in, out := make([]float32, 2*2*block), make([]float32, 2*block)
	cost := func(maker func(inRate, outRate, channels int) (*resample.Resampler, error)) time.Duration {
		r, err := maker(48000, 48000, 2)
		if err != nil {
			t.Fatal(err)
		}
		r.SetRatio(1 + 100e-6)
		begin := threadTime(t)
		for range blocks {
			if made, _ := r.Process(out, in[:2*r.Need(block)]); made != block {
				t.Fatalf("made %d frames of %d", made, block)
			}
		}
		return (threadTime(t) - begin) / blocks
	}
	neon, plain := cost(resample.New), cost(resample.NewPlain)
	t.Logf("10 ms of stereo: %d instructions with NEON, %d of plain Go: %.1f times fewer; %.1f for each frame",
		neon.Nanoseconds(), plain.Nanoseconds(), float64(plain)/float64(neon), float64(neon)/block)
	if plain < 3*neon {
		t.Error("less than 3 times fewer")
	}
	if neon > frameLimit*block {
		t.Errorf("more than %d instructions a frame", frameLimit)
	}
}
