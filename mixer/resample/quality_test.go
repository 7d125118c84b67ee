package resample

import (
	"fmt"
	"math"
	"strings"
	"testing"
)

// resampled returns a fifth of a second of a tone, after resampling, without its
// beginning.
func resampled(t *testing.T, r *Resampler, hz float64, in, out int) []float32 {
	t.Helper()
	r.Reset()
	y := make([]float32, out/5)
	if made, _ := r.Process(y, tone(hz, float64(in), in/4)); made != len(y) {
		t.Fatalf("made %d frames of %d", made, len(y))
	}
	return y[2*r.taps*out/in:]
}

// atLeast fails the test if one of the figures is below its bound.
func atLeast(t *testing.T, what string, bound float64, figures ...float64) {
	t.Helper()
	for _, f := range figures {
		if !(f >= bound) {
			t.Errorf("%s: %.1f dB, want %.0f at least", what, f, bound)
		}
	}
}

// The quality at one nominal rate, where only the clocks differ.
func TestQualityOfDrift(t *testing.T) {
	const rate = 48000
	var table strings.Builder
	fmt.Fprintf(&table, "48 kHz, -1 dBFS, float32: SNR in dB at 1 / 10 / 18 / 20 kHz; gain at 20 kHz in dB\n")
	for _, ppm := range []float64{0, 100, -350, 2000, -10000, 10000} {
		r, err := New(rate, rate, 1)
		if err != nil {
			t.Fatal(err)
		}
		c := 1 + ppm*1e-6
		r.SetRatio(c)
		var snr []float64
		for _, hz := range []float64{1000, 10000, 18000, 20000} {
			snr = append(snr, snrDB(resampled(t, r, hz, rate, rate), hz*c, rate))
		}
		gain := gainDB(resampled(t, r, 20000, rate, rate), 20000*c, rate)
		fmt.Fprintf(&table, "%+6.0f ppm  %.1f / %.1f / %.1f / %.1f  %+.5f\n", ppm, snr[0], snr[1], snr[2], snr[3], gain)
		what := fmt.Sprintf("%+.0f ppm", ppm)
		atLeast(t, what, 130, snr[0])
		atLeast(t, what, 125, snr[1:]...)
		if math.Abs(gain) > 0.001 {
			t.Errorf("%s: gain of %f dB at 20 kHz", what, gain)
		}
	}
	t.Log("\n" + table.String())
}

// The quality of every conversion to 48 kHz and back, with clocks that differ. All
// images and aliases of a tone are in its SNR.
func TestQualityOfConversions(t *testing.T) {
	var table strings.Builder
	table.WriteString("+100 ppm, -1 dBFS, float32: taps and lookahead; SNR in dB at 1 kHz, half the edge, the edge; gain there;\n" +
		"the loudest alias of tones in the stop band, of those conversions where the input reaches so far\n")
	for _, rates := range [][2]int{
		{8000, 48000}, {16000, 48000}, {32000, 48000}, {44100, 48000}, {88200, 48000}, {96000, 48000}, {192000, 48000},
		{48000, 8000}, {48000, 16000}, {48000, 32000}, {48000, 44100}, {48000, 88200}, {48000, 96000}, {48000, 192000},
		{8000, 64000}, {64000, 8000}, {96000, 96000},
	} {
		conversion(t, &table, rates[0], rates[1])
	}
	t.Log("\n" + table.String())
}

func conversion(t *testing.T, table *strings.Builder, in, out int) {
	const c = 1 + 100e-6
	r, err := New(in, out, 1)
	if err != nil {
		t.Fatal(err)
	}
	r.SetRatio(c)
	what := fmt.Sprintf("%d to %d", in, out)
	edge := min(19000, PassShare*float64(min(in, out)))
	fmt.Fprintf(table, "%-15s %3d taps, %.2f ms;", what, r.taps, 1000*float64(r.Lookahead())/float64(in))
	for _, hz := range []float64{997, edge / 2, edge} {
		snr := snrDB(resampled(t, r, hz, in, out), hz*c, float64(out))
		fmt.Fprintf(table, " %.1f", snr)
		atLeast(t, fmt.Sprintf("%s at %.0f Hz", what, hz), 120, snr)
	}
	gain := gainDB(resampled(t, r, edge, in, out), edge*c, float64(out))
	fmt.Fprintf(table, " at %.0f Hz; %+.5f", edge, gain)
	if math.Abs(gain) > 0.001 {
		t.Errorf("%s: gain of %f dB at %.0f Hz", what, gain, edge)
	}
	const highest = 0.499 // of the input's rate
	if stop := transition(in, out).stop; stop < highest {
		alias := math.Inf(-1)
		for i := range 5 {
			hz := (stop + (highest-stop)*float64(i)/4) * float64(in)
			alias = max(alias, levelDB(resampled(t, r, hz, in, out)))
		}
		fmt.Fprintf(table, "; %.1f", alias)
		atLeast(t, what+", tones in the stop band", 110, -alias)
	}
	table.WriteByte('\n')
}
