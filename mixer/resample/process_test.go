package resample

import (
	"errors"
	"math"
	"math/big"
	"math/rand/v2"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

// rates of cards.
var rates = []int{8000, 16000, 32000, 44100, 48000, 88200, 96000, 192000}

// drawConversion draws a conversion between two rates of cards that is possible.
func drawConversion(t *rapid.T) (in, out int) {
	in = rapid.SampledFrom(rates).Draw(t, "in")
	out = rapid.SampledFrom(slices.DeleteFunc(slices.Clone(rates), func(out int) bool {
		return in > maxRatio*out || out > maxRatio*in
	})).Draw(t, "out")
	return in, out
}

func drawCorrection(t *rapid.T) float64 { return rapid.Float64Range(0.99, 1.01).Draw(t, "correction") }

func must(r *Resampler, err error) *Resampler {
	if err != nil {
		panic(err)
	}
	return r
}

// noise returns samples between -1 and 1.
func noise(samples int) []float32 {
	random := rand.New(rand.NewPCG(1, 2))
	x := make([]float32, samples)
	for i := range x {
		x[i] = 2*random.Float32() - 1
	}
	return x
}

// However the input is cut and however much room there is for the output, the
// output is the same, bit for bit.
func TestChunksChangeNothing(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		in, out := drawConversion(t)
		channels := rapid.IntRange(1, 8).Draw(t, "channels")
		whole, cut := must(New(in, out, channels)), must(New(in, out, channels))
		c := drawCorrection(t)
		whole.SetRatio(c)
		cut.SetRatio(c)
		src := noise(3000 * channels)
		want := make([]float32, (3100*out/in+1)*channels)
		made, used := whole.Process(want, src)
		if used != 3000 {
			t.Fatalf("used %d frames of 3000", used)
		}
		want = want[:made*channels]

		chunk := rapid.SampledFrom([]int{0, 1, 2, 3, 64, 127, 509, 1021, 3000})
		got := make([]float32, 0, len(want))
		dst := make([]float32, 3000*channels)
		for len(src) > 0 {
			fit, given := chunk.Draw(t, "fit"), min(chunk.Draw(t, "given"), len(src)/channels)
			made, used := cut.Process(dst[:fit*channels], src[:given*channels])
			if made != fit && used != given {
				t.Fatalf("made %d of %d and used %d of %d", made, fit, used, given)
			}
			got, src = append(got, dst[:made*channels]...), src[used*channels:]
		}
		made, _ = cut.Process(dst[:cut.Ready(0)*channels], nil)
		got = append(got, dst[:made*channels]...)
		if !slices.Equal(got, want) {
			t.Fatalf("%d samples differ from the %d in one piece", len(got), len(want))
		}
	})
}

// An account is what the resampler should say, by exact arithmetic.
type account struct {
	given int
	next  *big.Int // the next output frame's place in the input, in 2^-64 frames
}

func (a *account) frame(step place, n int) int {
	at := new(big.Int).Mul(step.exact(), big.NewInt(int64(n)))
	return int(at.Add(at, a.next).Rsh(at, 64).Int64())
}

func (a *account) check(t *rapid.T, r *Resampler, n int) {
	t.Helper()
	need := r.Need(n)
	if want := max(0, a.frame(r.step, n-1)+r.Lookahead()+1-a.given); n > 0 && need != want || n == 0 && need != 0 {
		t.Fatalf("needs %d frames for %d, want %d", need, n, want)
	}
	if ready := r.Ready(need); ready < n || need > 0 && r.Ready(need-1) >= n {
		t.Fatalf("%d frames more make %d, one less %d, but %d are said to need them", need, ready, r.Ready(need-1), n)
	}
	delay := new(big.Int).Lsh(big.NewInt(int64(a.given)), 64)
	want, _ := new(big.Rat).SetFrac(delay.Sub(delay, a.next), new(big.Int).Lsh(big.NewInt(1), 64)).Float64()
	if got := r.Delay(); math.Abs(got-want) > 1e-12 || got < 0 {
		t.Fatalf("a delay of %v frames, want %v", got, want)
	}
}

// What is made, used, needed, ready and delayed is always exactly what it should
// be, while the ratio changes.
func TestAccounts(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		in, out := drawConversion(t)
		r := must(New(in, out, 1))
		a := &account{next: new(big.Int)}
		dst, src := make([]float32, 2000), make([]float32, 2000)
		t.Repeat(map[string]func(*rapid.T){
			"": func(t *rapid.T) { a.check(t, r, rapid.IntRange(0, 5000).Draw(t, "frames")) },
			"ratio": func(t *rapid.T) {
				r.SetRatio(drawCorrection(t))
			},
			"process": func(t *rapid.T) {
				fit, given := rapid.IntRange(0, 2000).Draw(t, "fit"), rapid.IntRange(0, 2000).Draw(t, "given")
				need, ready := r.Need(fit), r.Ready(given)
				made, used := r.Process(dst[:fit], src[:given])
				if made != min(fit, ready) || used != min(given, need) {
					t.Fatalf("made %d of %d, %d ready; used %d of %d, %d needed", made, fit, ready, used, given, need)
				}
				a.given += used
				a.next.Add(a.next, new(big.Int).Mul(r.step.exact(), big.NewInt(int64(made))))
			},
			"reset": func(*rapid.T) {
				r.Reset()
				*a = account{next: new(big.Int)}
			},
		})
	})
}

// Output frame n is the input at n ratios exactly: nothing is late or early.
func TestOutputIsAligned(t *testing.T) {
	for _, rates := range [][2]int{{48000, 48000}, {44100, 48000}, {48000, 44100}, {8000, 48000}, {192000, 48000}} {
		in, out := rates[0], rates[1]
		const c, hz = 1 + 100e-6, 1234.5
		r := must(New(in, out, 1))
		r.SetRatio(c)
		x := append(tone(hz, float64(in), in/4), make([]float32, r.Lookahead())...)
		y := make([]float32, out)
		made, used := r.Process(y, x)
		if want := int(math.Ceil(float64(in/4) / (float64(in) / float64(out) * c))); made != want || used != len(x) {
			t.Errorf("%v: made %d frames and used %d, want %d and %d", rates, made, used, want, len(x))
		}
		worst := 0.0
		for n := r.taps * out / in; n < made-r.taps*out/in; n++ {
			want := amplitude * math.Sin(2*math.Pi*hz*c/float64(out)*float64(n))
			worst = max(worst, math.Abs(float64(y[n])-want))
		}
		t.Logf("%v: within %.1e of the sine", rates, worst)
		if worst > 1e-6 {
			t.Errorf("%v: off by %v", rates, worst)
		}
	}
}

// A step of the ratio bends the phase of a sine, and makes no step in it: the
// second difference stays near the sine's own, (2 pi f/rate)^2.
func TestRatioStepsDoNotClick(t *testing.T) {
	const rate, hz, block = 48000, 997, 240
	r := must(New(rate, rate, 1))
	x := tone(hz, rate, rate)
	var y []float32
	dst := make([]float32, block)
	for i := 0; len(x) > block*2; i++ {
		r.SetRatio([]float64{1, 1.01, 0.99, 1.0001}[i%4])
		made, used := r.Process(dst, x)
		y, x = append(y, dst[:made]...), x[used:]
	}
	worst := 0.0
	for i := r.taps; i < len(y); i++ {
		worst = max(worst, math.Abs(float64(y[i]-2*y[i-1]+y[i-2])))
	}
	// A change of the ratio changes the slope of the sine by its share of it, at most 2 %.
	w := 2 * math.Pi * hz / rate
	bound := amplitude * w * (w*1.01*1.01 + 0.02)
	t.Logf("second difference at most %.5f (bound %.5f)", worst, bound)
	if worst > bound {
		t.Error("it clicks")
	}
}

func TestResetIsNew(t *testing.T) {
	used, fresh := must(New(44100, 48000, 2)), must(New(44100, 48000, 2))
	used.SetRatio(1.001)
	fresh.SetRatio(1.001)
	src := noise(2 * 1500)
	got, want := make([]float32, 2*1500), make([]float32, 2*1500)
	used.Process(got, src)
	used.Reset()
	made, _ := used.Process(got, src)
	if again, _ := fresh.Process(want, src); made != again || !slices.Equal(got, want) {
		t.Error("after Reset it makes something else than after New")
	}
}

func TestNothingIsAllocated(t *testing.T) {
	for channels := range 8 {
		r := must(New(44100, 48000, channels+1))
		dst, src := make([]float32, 480*(channels+1)), make([]float32, 1000*(channels+1))
		allocs := testing.AllocsPerRun(10, func() {
			r.SetRatio(1.0001)
			r.Process(dst, src[:r.Need(480)*(channels+1)])
			r.Reset()
		})
		if allocs != 0 {
			t.Errorf("%d channels: %v allocations", channels+1, allocs)
		}
	}
}

// Slices that are empty or end within a frame are as if they ended before it.
func TestIncompleteFramesAreLeft(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		channels := rapid.IntRange(1, 8).Draw(t, "channels")
		r := must(New(48000, 48000, channels))
		for range 10 {
			dst := make([]float32, rapid.IntRange(0, 1500).Draw(t, "dst"))
			src := noise(rapid.IntRange(0, 1500).Draw(t, "src"))
			for i := range dst {
				dst[i] = 9
			}
			made, used := r.Process(dst, src)
			if made > len(dst)/channels || used > len(src)/channels || made < len(dst)/channels && used < len(src)/channels {
				t.Fatalf("made %d, used %d of %d and %d samples", made, used, len(dst), len(src))
			}
			for _, v := range dst[made*channels:] {
				if v != 9 {
					t.Fatal("written beyond what was made")
				}
			}
		}
	})
}

func TestNewErrors(t *testing.T) {
	for _, test := range []struct {
		in, out, channels int
		want              error
	}{
		{48000, 48000, 2, nil},
		{64000, 8000, 1, nil},
		{8000, 64000, 1, nil},
		{1, 8, 64, nil},
		{64001, 8000, 1, ErrRate},
		{8000, 64001, 1, ErrRate},
		{0, 48000, 1, ErrRate},
		{48000, 0, 1, ErrRate},
		{-48000, -48000, 1, ErrRate},
		{math.MaxInt, 1, 1, ErrRate},
		{1, math.MaxInt, 1, ErrRate},
		{48000, 48000, 0, ErrChannels},
		{48000, 48000, -1, ErrChannels},
	} {
		r, err := New(test.in, test.out, test.channels)
		if !errors.Is(err, test.want) || (r == nil) != (err != nil) {
			t.Errorf("%+v: %v, %v", test, r, err)
		}
	}
}

func TestRatioIsLimited(t *testing.T) {
	r := must(New(48000, 48000, 1))
	for _, test := range []struct{ set, want float64 }{
		{1.02, 1.01}, {math.Inf(1), 1.01}, {0, 0.99}, {math.Inf(-1), 0.99}, {0.995, 0.995}, {math.NaN(), 0.995}, {1, 1},
	} {
		r.SetRatio(test.set)
		if got := r.step.float(); math.Abs(got-test.want) > 1e-15 {
			t.Errorf("set to %v it is %v, want %v", test.set, got, test.want)
		}
	}
}
