package sim

import (
	"errors"
	"math"
	"math/big"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"
)

func TestClockIsExact(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		rate := rapid.IntRange(1000, maxRate).Draw(t, "rate")
		ppm := rapid.IntRange(-maxPPM, maxPPM).Draw(t, "ppm")
		d := time.Duration(rapid.Int64Range(0, int64(10*365*24*time.Hour)).Draw(t, "ns"))
		c := newClock(rate, float64(ppm))

		product := big.NewInt(int64(d))
		product.Mul(product, big.NewInt(int64(rate)*(1e6+int64(ppm))))
		want := product.Div(product, big.NewInt(1e15)).Int64()
		if got := c.frames(d); got != want {
			t.Fatalf("%d frames, want %d", got, want)
		}
		at := c.after(want)
		if at > d || c.frames(at) != want || at > 0 && c.frames(at-1) >= want {
			t.Fatalf("frame %d of %v is over after %v: %d then, %d just before", want, d, at, c.frames(at), c.frames(at-1))
		}
	})
}

func TestParseSource(t *testing.T) {
	for spec, want := range map[string]SourceConfig{
		"sim:tone":       {Wave: Tone, Hz: 440, DB: -12},
		"sim:noise?db=0": {Wave: Noise, Hz: 440, DB: 0},
		"sim:tone?hz=1000.5&ppm=-80&db=-6&stall=2s/10s&channels=1&rate=44100": {Wave: Tone, Hz: 1000.5, DB: -6, PPM: -80,
			Stall: 2 * time.Second, Every: 10 * time.Second, Channels: 1, Rate: 44100},
		"sim:ramp?burst=96&jitter=2ms": {Wave: Ramp, Hz: 440, DB: -12, Burst: 96, Jitter: 2 * time.Millisecond},
	} {
		got, err := ParseSource(spec)
		if err != nil || got != want {
			t.Errorf("%s: %+v, %v; want %+v", spec, got, err, want)
		}
		if _, err := NewSource(got); err != nil {
			t.Errorf("%s: %v", spec, err)
		}
	}
	for spec, says := range map[string]string{
		"":                             "sim:noise, sim:ramp, sim:silence, sim:tone",
		"hw:0":                         "sim:tone",
		"sim:bell":                     "sim:tone",
		"sim:tone?":                    `no setting ""`,
		"sim:tone?freq=3":              `no setting "freq" (there are burst, channels, db, hz, jitter, ppm, rate, stall)`,
		"sim:silence?hz=3":             `no setting "hz"`,
		"sim:tone?hz=1&hz=2":           "hz is given twice",
		"sim:tone?hz=0":                "from 0.001",
		"sim:tone?hz=NaN":              "want a number",
		"sim:tone?ppm=1e9":             "from -10000 to 10000",
		"sim:tone?db=3":                "to 0",
		"sim:tone?channels=0":          "from 1 to 64",
		"sim:tone?channels=x":          "whole number",
		"sim:tone?stall=2s":            "such as 2s/10s",
		"sim:tone?stall=10s/2s":        "such as 2s/10s",
		"sim:tone?stall=-1s/2s":        "such as 2s/10s",
		"sim:tone?hz":                  "want a number",
		"sim:tone?burst=0":             "from 1 to 1000",
		"sim:tone?jitter=3":            "such as 1ms",
		"sim:tone?jitter=-1ms":         "such as 1ms",
		"sim:null":                     "sim:tone",
		"sim:tone?rate=48000?channels": "whole number",
	} {
		got, err := ParseSource(spec)
		if !errors.Is(err, ErrConfig) || !strings.Contains(err.Error(), says) || got != (SourceConfig{}) {
			t.Errorf("%q: %+v, %v; want an error that says %q", spec, got, err, says)
		}
	}
}

func TestParseSink(t *testing.T) {
	if c, err := ParseSink("sim:null?ppm=-30"); err != nil || c != (SinkConfig{PPM: -30}) {
		t.Errorf("%+v, %v", c, err)
	}
	if _, err := ParseSink("sim:tone"); !errors.Is(err, ErrConfig) || !strings.Contains(err.Error(), "sim:null") {
		t.Errorf("a source as sink: %v", err)
	}
}

func TestConstructorsRefuse(t *testing.T) {
	for _, c := range []SourceConfig{{}, {Wave: Tone}, {Wave: Tone, Hz: 24000}, {Wave: Ramp, Channels: -1}, {Wave: Ramp, PPM: math.NaN()},
		{Wave: Ramp, Rate: -1}, {Wave: Ramp, Burst: -1}, {Wave: Ramp, Burst: 2401}, {Wave: Ramp, Jitter: 1}, {Wave: Ramp, Burst: 48, Jitter: 1000001}, {Wave: Ramp, Burst: 48, Jitter: -1}, {Wave: Ramp, Stall: 2, Every: 1}} {
		if _, err := NewSource(c); !errors.Is(err, ErrConfig) {
			t.Errorf("%+v: %v", c, err)
		}
	}
	if _, err := NewSource(SourceConfig{Wave: Ramp, Hz: 1e9}); err != nil {
		t.Errorf("a frequency where none is used: %v", err)
	}
	for _, c := range []SinkConfig{{Rate: -1}, {Periods: 1}, {Block: -1}, {Channels: 65}, {PPM: math.Inf(1)}} {
		if _, err := NewSink(c); !errors.Is(err, ErrConfig) {
			t.Errorf("%+v: %v", c, err)
		}
	}
}
