package control

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
)

// MaxLine is the longest line, in bytes, without its end.
const MaxLine = 256

const maxName = 32 // bytes

// Limits of a gain, in dB.
const (
	MinGainDB = -120
	MaxGainDB = 24
)

// Limits of a latency that is not auto.
const (
	minLatency = time.Millisecond
	maxLatency = time.Second
)

// Names that are not those of streams.
const (
	nameAll = "all" // every stream
	nameOut = "out" // the output
)

// split checks that a line is text of at most MaxLine bytes, and cuts it into
// words.
func split(line string) ([]string, error) {
	if len(line) > MaxLine {
		return nil, tooLong()
	}
	for i := range len(line) {
		if !isText(line[i]) {
			return nil, notText()
		}
	}
	return strings.Fields(line), nil
}

// isText reports that c may be in a line: printable ASCII or a blank.
func isText(c byte) bool { return c >= ' ' && c <= '~' || c == '\t' }

func tooLong() *Error { return &Error{CodeTooLong, fmt.Sprintf("line of more than %d bytes", MaxLine)} }

func notText() *Error { return &Error{CodeNotText, "line holds bytes that are not printable ASCII"} }

// CheckName returns an *Error if a stream cannot have the name: 1 to 32 of a-z,
// 0-9, - and _, and neither all nor out.
func CheckName(name string) error {
	for i := range len(name) {
		if c := name[i]; (c < 'a' || c > 'z') && (c < '0' || c > '9') && c != '-' && c != '_' {
			return &Error{CodeName, fmt.Sprintf("name %q: only a-z, 0-9, - and _", name)}
		}
	}
	switch {
	case name == "" || len(name) > maxName:
		return &Error{CodeName, fmt.Sprintf("name %q: 1 to %d characters", name, maxName)}
	case name == nameAll || name == nameOut:
		return &Error{CodeName, fmt.Sprintf("name %q is reserved", name)}
	}
	return nil
}

// parseDB reads a gain in dB, a decimal number within limits. It is rounded to
// the hundredth that is shown.
func parseDB(s string) (float64, error) {
	dB, ok := scalar(s).(float64)
	if !ok {
		return 0, &Error{CodeNumber, fmt.Sprintf("gain %q: not a number of dB", s)}
	}
	if dB < MinGainDB || dB > MaxGainDB {
		return 0, &Error{CodeRange, fmt.Sprintf("gain %s: from %d to %d dB", s, MinGainDB, MaxGainDB)}
	}
	return round(dB), nil
}

// round rounds to a hundredth; adding 0 makes a negative zero positive.
func round(dB float64) float64 { return math.Round(dB*100)/100 + 0 }

// parseStep reads the DB of the gain command, and its options. A sign makes it a
// step from the gain there is, which stops at min and max; "=" in front, or no
// sign, makes it the gain itself.
func parseStep(s string, options []string) (func(dB float64) float64, error) {
	value, set := strings.CutPrefix(s, "=")
	dB, err := parseDB(value)
	if err != nil {
		return nil, err
	}
	set = set || !strings.ContainsAny(value[:1], "+-")
	limits := map[string]float64{}
	for _, option := range options {
		key, value, _ := strings.Cut(option, "=")
		if _, twice := limits[key]; twice || set || key != "min" && key != "max" {
			return nil, &Error{CodeOption, fmt.Sprintf("option %q: only min and max of a step, each once", option)}
		}
		if limits[key], err = parseDB(value); err != nil {
			return nil, err
		}
	}
	low, high := float64(MinGainDB), float64(MaxGainDB)
	if v, ok := limits["min"]; ok {
		low = v
	}
	if v, ok := limits["max"]; ok {
		high = v
	}
	switch {
	case low > high:
		return nil, &Error{CodeOption, fmt.Sprintf("min=%v is above max=%v", low, high)}
	case set:
		return func(float64) float64 { return dB }, nil
	case dB < 0: // from beyond a limit, a step goes towards it and never away
		return func(now float64) float64 { return min(now, max(round(now+dB), low)) }, nil
	}
	return func(now float64) float64 { return max(now, min(round(now+dB), high)) }, nil
}

// parseLatency reads a time within limits, or auto, which is 0.
func parseLatency(s string) (time.Duration, error) {
	if s == "auto" {
		return 0, nil
	}
	d, err := time.ParseDuration(s)
	if err != nil {
		return 0, &Error{CodeOption, fmt.Sprintf("latency %q: auto, or a time with its unit, as 12ms", s)}
	}
	if d < minLatency || d > maxLatency {
		return 0, &Error{CodeRange, fmt.Sprintf("latency %s: from %v to %v", s, minLatency, maxLatency)}
	}
	return d, nil
}

// parseCount reads a whole number from least to most.
func parseCount(what, s string, least, most int) (int, error) {
	n, err := strconv.ParseUint(s, 10, 64)
	if s == "" || strings.Trim(s, "0123456789") != "" {
		return 0, &Error{CodeNumber, fmt.Sprintf("%s %q: not a whole number", what, s)}
	}
	if err != nil || n < uint64(least) || n > uint64(most) {
		return 0, &Error{CodeRange, fmt.Sprintf("%s %s: from %d to %d", what, s, least, most)}
	}
	return int(n), nil
}
