package sim

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Wave is what a source sounds like.
type Wave string

const (
	Tone    Wave = "tone"    // a sine, the same on all channels
	Noise   Wave = "noise"   // white, different on each channel, the same in each run
	Silence Wave = "silence" // zeros
	Ramp    Wave = "ramp"    // frame n is the 16-bit number n on all channels: shows every frame lost or repeated
)

// SourceConfig says what a simulated capture card delivers.
type SourceConfig struct {
	Wave     Wave
	Rate     int           // nominal, in frames a second; 0 is 48000
	Channels int           // 0 is 2
	PPM      float64       // by how much its clock is fast
	Burst    int           // frames: its position moves in such steps only; 0 is 1
	Jitter   time.Duration // each step is seen, and stamped, late by a pseudo-random time up to this; at most a step's length
	Hz       float64       // tone: the frequency, by true time
	DB       float64       // tone and noise: the peak, in dB of full scale
	Stall    time.Duration // how long it delivers nothing
	Every    time.Duration // at the end of each such time; 0 is never
}

// SinkConfig says how a simulated playback card runs.
type SinkConfig struct {
	Rate     int     // nominal, in frames a second; 0 is 48000
	Channels int     // 0 is 2
	Block    int     // frames; 0 is 5 ms
	Periods  int     // blocks in the buffer, at least 2; 0 is 3
	PPM      float64 // by how much its clock is fast
	Recorder Recorder
}

// ParseSource reads a device such as "sim:tone?hz=440&db=-12&ppm=80&stall=2s/10s". There are sim:tone, sim:noise,
// sim:silence and sim:ramp, all with the settings ppm, stall, rate, channels, burst (frames) and jitter (a time, such as
// 1ms, no longer than a burst); tone has hz and db too, and noise db, by default 440 Hz and -12 dB. Rate and Channels stay
// 0 where they are not given. Errors wrap ErrConfig.
func ParseSource(spec string) (SourceConfig, error) {
	c := SourceConfig{Hz: 440, DB: -12}
	common := settings{
		"ppm":      number(&c.PPM, -maxPPM, maxPPM),
		"rate":     integer(&c.Rate, 1000, maxRate),
		"channels": integer(&c.Channels, 1, maxChannels),
		"stall":    pause(&c.Stall, &c.Every),
		"burst":    integer(&c.Burst, 1, maxBurst),
		"jitter":   duration(&c.Jitter),
	}
	noise := with(common, "db", number(&c.DB, -200, 0))
	tone := with(noise, "hz", number(&c.Hz, 0.001, maxRate/2))
	wave, err := parse(spec, map[string]settings{"tone": tone, "noise": noise, "silence": common, "ramp": common})
	if err != nil {
		return SourceConfig{}, err
	}
	c.Wave = Wave(wave)
	return c, nil
}

// ParseSink reads a device such as "sim:null?ppm=-30". Errors wrap ErrConfig.
func ParseSink(spec string) (SinkConfig, error) {
	var c SinkConfig
	if _, err := parse(spec, map[string]settings{"null": {"ppm": number(&c.PPM, -maxPPM, maxPPM)}}); err != nil {
		return SinkConfig{}, err
	}
	return c, nil
}

// settings are the keys a device has, and what sets each.
type settings map[string]func(value string) error

func with(base settings, key string, set func(string) error) settings {
	s := maps.Clone(base)
	s[key] = set
	return s
}

// parse splits "sim:KIND?KEY=VALUE&..." and applies the settings of that kind, which it returns.
func parse(spec string, kinds map[string]settings) (kind string, err error) {
	rest, ok := strings.CutPrefix(spec, "sim:")
	kind, list, some := strings.Cut(rest, "?")
	keys, known := kinds[kind]
	if !ok || !known {
		return "", fmt.Errorf("%s: %w: want one of sim:%s", spec, ErrConfig, sorted(kinds, ", sim:"))
	}
	if !some {
		return kind, nil
	}
	seen := map[string]bool{}
	for _, setting := range strings.Split(list, "&") {
		key, value, _ := strings.Cut(setting, "=")
		set, ok := keys[key]
		switch {
		case !ok:
			return "", fmt.Errorf("%s: %w: no setting %q (there are %s)", spec, ErrConfig, key, sorted(keys, ", "))
		case seen[key]:
			return "", fmt.Errorf("%s: %w: %s is given twice", spec, ErrConfig, key)
		}
		seen[key] = true
		if err := set(value); err != nil {
			return "", fmt.Errorf("%s: %w: %s=%s: %w", spec, ErrConfig, key, value, err)
		}
	}
	return kind, nil
}

func sorted[V any](m map[string]V, separator string) string {
	return strings.Join(slices.Sorted(maps.Keys(m)), separator)
}

func number(to *float64, least, most float64) func(string) error {
	return func(s string) error {
		v, err := strconv.ParseFloat(s, 64)
		if err != nil || !(v >= least && v <= most) { // not a number is in no range
			return fmt.Errorf("want a number from %g to %g", least, most)
		}
		*to = v
		return nil
	}
}

func integer(to *int, least, most int) func(string) error {
	return func(s string) error {
		v, err := strconv.Atoi(s)
		if err != nil || v < least || v > most {
			return fmt.Errorf("want a whole number from %d to %d", least, most)
		}
		*to = v
		return nil
	}
}

func duration(to *time.Duration) func(string) error {
	return func(s string) error {
		v, err := time.ParseDuration(s)
		if err != nil || v < 0 {
			return fmt.Errorf("want a time, such as 1ms")
		}
		*to = v
		return nil
	}
}

func pause(length, every *time.Duration) func(string) error {
	return func(s string) error {
		l, e, _ := strings.Cut(s, "/")
		length2, err1 := time.ParseDuration(l)
		every2, err2 := time.ParseDuration(e)
		if err1 != nil || err2 != nil || length2 < 0 || every2 <= length2 {
			return fmt.Errorf("want a stall and a longer time in which it comes once, such as 2s/10s")
		}
		*length, *every = length2, every2
		return nil
	}
}
