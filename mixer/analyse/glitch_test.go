package analyse

import (
	"math"
	"slices"
	"testing"
)

// A defect does something to a signal at a frame.
type defect struct {
	name string
	do   func(x []float64, at int, tones []Tone) []float64
	ends int // frames on, where the signal is whole again and a second glitch shows; 0: none
}

var defects = []defect{
	{"dropped frame", func(x []float64, at int, _ []Tone) []float64 { return slices.Delete(x, at, at+1) }, 0},
	{"repeated frame", func(x []float64, at int, _ []Tone) []float64 { return slices.Insert(x, at, x[at-1]) }, 0},
	{"zeroed block", func(x []float64, at int, _ []Tone) []float64 { clear(x[at : at+48]); return x }, 48},
	{"half a frame late", func(x []float64, at int, tones []Tone) []float64 {
		return append(x[:at], later(tones, 0.5, at, len(x))...)
	}, 0},
	{"1 % louder", func(x []float64, at int, _ []Tone) []float64 {
		for i := range x[at:] {
			x[at+i] *= 1.01
		}
		return x
	}, 0},
}

// later returns the frames from..to of the tones, which come by so many frames
// later.
func later(tones []Tone, frames float64, from, to int) []float64 {
	tones = slices.Clone(tones)
	for i := range tones {
		tones[i].Phase -= 2 * math.Pi * tones[i].Hz / rate * frames
	}
	return Synthesise(to, rate, tones...)[from:]
}

func tonesOf(amplitude float64, hz ...float64) (tones []Tone) {
	for i, h := range hz {
		tones = append(tones, Tone{h, amplitude, float64(i)})
	}
	return tones
}

// Every defect is found where it is, at any phase, and nothing else, in noise of
// -120 dB. The defects are as small as Glitches says they can get.
func TestGlitches(t *testing.T) {
	const frames, limit = 1200, 1e-4
	hiss := noise(1, frames+1, -120)
	for _, hz := range [][]float64{{997}, {10000}, {997, 3001, 10000}} {
		tones := tonesOf(0.3, hz...)
		if clean := Glitches(add(Synthesise(frames, rate, tones...), hiss), rate, limit, hz...); len(clean) > 0 {
			t.Errorf("%v Hz: %v in a clean signal", hz, clean)
		}
		for _, d := range defects {
			smallest := math.Inf(1)
			for at := 400; at < 520; at++ {
				x := add(d.do(Synthesise(frames, rate, tones...), at, tones), hiss)
				got := Glitches(x, rate, limit, hz...)
				want := []int64{int64(at)}
				if d.ends > 0 {
					want = append(want, int64(at+d.ends))
				}
				if !places(got, want) {
					t.Fatalf("%v Hz, %s at %d: found %v", hz, d.name, at, got)
				}
				smallest = min(smallest, got[0].Size)
			}
			t.Logf("%v Hz, %s: at least %.2g", hz, d.name, smallest)
		}
	}
}

// places reports that the glitches are at the frames, or one later, where the
// first frame of the defect happens to be right.
func places(got []Glitch, want []int64) bool {
	return slices.EqualFunc(got, want, func(g Glitch, frame int64) bool { return g.Frame-frame >= 0 && g.Frame-frame <= 1 })
}

// At 0 Hz it is the second difference, above which no clean tone comes by itself.
func TestSecondDifference(t *testing.T) {
	tones := tonesOf(0.4, 440, 997)
	limit := 0.0
	for _, tone := range tones {
		limit += tone.Amplitude * math.Pow(2*math.Sin(math.Pi*tone.Hz/rate), 2)
	}
	x := Synthesise(rate, rate, tones...)
	if got := Glitches(x, rate, limit, 0); len(got) > 0 {
		t.Errorf("%v in a clean signal", got)
	}
	x[12345] += 0.02
	if got := Glitches(x, rate, limit, 0); len(got) != 1 || got[0].Frame < 12345 || got[0].Frame > 12347 {
		t.Errorf("a click at 12345 is found at %v", got)
	}
}

func TestGaps(t *testing.T) {
	x := noise(2, 1000, -20)
	clear(x[100:148])
	for i := range x[500:511] {
		x[500+i] = 0.25
	}
	clear(x[990:])
	if got, want := Gaps(x, 10), []Gap{{100, 48}, {500, 11}}; !slices.Equal(got, want) {
		t.Errorf("found %v, want %v", got, want)
	}
	if got, want := Gaps(x, 9), []Gap{{100, 48}, {500, 11}, {990, 10}}; !slices.Equal(got, want) {
		t.Errorf("found %v, want %v", got, want)
	}
	for i := range x {
		x[i] = float64(i % 4 / 2)
	}
	if got := Gaps(slices.Repeat(x, 10), 1); len(got) != maxListed {
		t.Errorf("%d gaps are listed", len(got))
	}
}
