package resample

import (
	"flag"
	"fmt"
	"os/exec"
	"strconv"
	"strings"
	"testing"
	"time"
)

var zita = flag.String("zita", "", "program built from testdata/zita.cc, for BenchmarkStereo to be compared with")

// BenchmarkStereo is 10 ms of stereo at 48 kHz from a card 100 ppm fast. Beside
// zita-resampler, it fails if ours takes longer.
func BenchmarkStereo(b *testing.B) {
	var ours, plain, theirs time.Duration
	b.Run("kernels", func(b *testing.B) { ours = stereo(b, must(New(48000, 48000, 2))) })
	b.Run("plain", func(b *testing.B) { plain = stereo(b, must(NewPlain(48000, 48000, 2))) })
	if *zita == "" {
		return
	}
	b.Run("zita", func(b *testing.B) {
		out, err := exec.Command(*zita, strconv.Itoa(b.N)).Output()
		if err != nil {
			b.Fatal(err)
		}
		ns, err := strconv.ParseFloat(strings.TrimSpace(string(out)), 64)
		if err != nil {
			b.Fatal(err)
		}
		theirs = time.Duration(ns)
		b.ReportMetric(ns, "ns/op")
	})
	us := func(d time.Duration) float64 { return float64(d) / float64(time.Microsecond) }
	fmt.Printf(`
us for 10 ms of stereo, 48 kHz, ratio 1 + 100 ppm
%8.1f  this package, %d taps, cubic between phases
%8.1f  the same without the machine's kernels
%8.1f  zita-resampler VResampler hlen 48, %.1f times as long
Not measured now but quoted from the project's notes, which measured them in one earlier run, where
zita-resampler took 20: PipeWire's default 5.8 with AVX2 and 34 without, libsamplerate's medium 81.

`, us(ours), transition(48000, 48000).taps(), us(plain), us(theirs), float64(theirs)/float64(ours))
	if ours > theirs {
		b.Error("slower than zita-resampler")
	}
}

// stereo returns the time of a block.
func stereo(b *testing.B, r *Resampler) time.Duration {
	const block = 480
	r.SetRatio(1 + 100e-6)
	dst, src := make([]float32, 2*block), noise(2*2*block)
	for b.Loop() {
		if made, _ := r.Process(dst, src[:2*r.Need(block)]); made != block {
			b.Fatalf("made %d frames of %d", made, block)
		}
	}
	return b.Elapsed() / time.Duration(b.N)
}

// BenchmarkNew is the design of a filter, short and longest.
func BenchmarkNew(b *testing.B) {
	for _, rates := range [][2]int{{48000, 48000}, {44100, 48000}, {192000, 48000}, {64000, 8000}} {
		b.Run(fmt.Sprintf("%d-%d", rates[0], rates[1]), func(b *testing.B) {
			for b.Loop() {
				must(New(rates[0], rates[1], 2))
			}
		})
	}
}
