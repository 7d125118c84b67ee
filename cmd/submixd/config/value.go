package config

import (
	"fmt"
	"math"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// A setter stores a decoded TOML value, or says what was found and what is allowed.
type setter func(value any) error

func refuse(value any, want string) error {
	return fmt.Errorf("%s is not %s", show(value), want)
}

func boolean(dst *bool) setter {
	return func(value any) error {
		v, ok := value.(bool)
		if !ok {
			return refuse(value, "true or false (without quotes)")
		}
		*dst = v
		return nil
	}
}

func integer(dst *int, low, high int, unit string) setter {
	return func(value any) error {
		v, ok := value.(int64)
		if !ok || v < int64(low) || v > int64(high) {
			return refuse(value, fmt.Sprintf("a whole number%s from %d to %d", unit, low, high))
		}
		*dst = int(v)
		return nil
	}
}

func number(dst *float64, low, high float64, unit string) setter {
	return func(value any) error {
		v, ok := value.(float64)
		if i, whole := value.(int64); whole {
			v, ok = float64(i), true
		}
		if !ok || !(v >= low && v <= high) { // so that nan is refused
			return refuse(value, fmt.Sprintf("a number%s from %g to %g", unit, low, high))
		}
		*dst = v
		return nil
	}
}

func duration(dst *time.Duration, low, high time.Duration) setter {
	return func(value any) error {
		s, _ := value.(string)
		v, err := time.ParseDuration(s)
		if err != nil || v < low || v > high {
			return refuse(value, fmt.Sprintf(`a time with its unit, as "100ms", from %v to %v`, low, high))
		}
		*dst = v
		return nil
	}
}

// Limits of a latency, as in the command add.
const (
	minLatency = time.Millisecond
	maxLatency = time.Second
)

// maxPriority is that of the command add.
const maxPriority = 9

// latency takes a time, or "auto", which is 0.
func latency(dst *time.Duration) setter {
	set := duration(dst, minLatency, maxLatency)
	return func(value any) error {
		if value == "auto" {
			*dst = 0
			return nil
		}
		if set(value) != nil {
			return refuse(value, fmt.Sprintf(`"auto" or a time with its unit, as "12ms", from %v to %v`, minLatency, maxLatency))
		}
		return nil
	}
}

// steps takes the states that an encoder may have from detent to detent.
func steps(dst *int) setter {
	return func(value any) error {
		v, _ := value.(int64)
		if v != 1 && v != 2 && v != 4 {
			return refuse(value, "4, 2 or 1")
		}
		*dst = int(v)
		return nil
	}
}

// oneOf calls set with the word that was found.
func oneOf(set func(word string), words ...string) setter {
	return func(value any) error {
		for _, word := range words {
			if value == word {
				set(word)
				return nil
			}
		}
		return refuse(value, `one of "`+strings.Join(words, `", "`)+`"`)
	}
}

// text takes any string that is not empty and stands on one line; what names it in the message.
func text(dst *string, what string) setter {
	return func(value any) error {
		v, ok := value.(string)
		if !ok || v == "" || strings.ContainsFunc(v, func(r rune) bool { return r < ' ' || r == 0x7f }) {
			return refuse(value, what)
		}
		*dst = v
		return nil
	}
}

// maxSocketPath is what a socket's address holds (sun_path of unix(7)), less the zero at its end and the ".new" of the name
// under which the control socket is made.
const maxSocketPath = 108 - 1 - len(".new")

func socketPath(dst *string) setter {
	set := text(dst, "the path of a socket")
	return func(value any) error {
		if v, ok := value.(string); ok && len(v) > maxSocketPath {
			return refuse(value, fmt.Sprintf("a path of %d bytes at most", maxSocketPath))
		}
		return set(value)
	}
}

var nameForm = regexp.MustCompile(`^[a-z0-9_-]{1,32}$`)

func name(dst *string) setter {
	return func(value any) error {
		v, _ := value.(string)
		if v == "all" || v == "out" {
			return fmt.Errorf("%q is a reserved name: commands use it for every stream and for the output; choose another", v)
		}
		if !nameForm.MatchString(v) {
			return refuse(value, "a name: 1 to 32 of a-z, 0-9, - and _, in quotes")
		}
		*dst = v
		return nil
	}
}

func command(dst *string, check func(line string) error) setter {
	return func(value any) error {
		var line string
		if err := text(&line, `a command, as "toggle mic", or several with ; between them`)(value); err != nil {
			return err
		}
		if err := check(line); err != nil {
			return fmt.Errorf("%s is not a command: %w", show(line), err)
		}
		*dst = line
		return nil
	}
}

// device takes the devices that accept does not give a reason against.
func device(dst *Device, accept func(Device) error) setter {
	return func(value any) error {
		s, ok := value.(string)
		if !ok {
			return refuse(value, "a device in quotes: "+deviceForms)
		}
		v, err := ParseDevice(s)
		if err == nil {
			err = accept(v)
		}
		if err != nil {
			return err
		}
		*dst = v
		return nil
	}
}

// maxChannels of a device or of the mix, as in package mixer and in the command add.
const maxChannels = 64

func channelList(dst *[]int) setter {
	return func(value any) error {
		items, ok := value.([]any)
		list := make([]int, len(items))
		for i, item := range items {
			ok = ok && integer(&list[i], 1, maxChannels, "")(item) == nil
		}
		if !ok || len(list) == 0 {
			return refuse(value, fmt.Sprintf("a list of the device's channels, numbers from 1 to %d, as [2, 1]", maxChannels))
		}
		*dst = list
		return nil
	}
}

func line(dst *string) setter {
	return func(value any) error {
		const want = `a gpio line: its name, as "GPIO17", or its number, as 17`
		if _, ok := value.(int64); !ok {
			return text(dst, want)(value)
		}
		var offset int
		if integer(&offset, 0, math.MaxUint16, "")(value) != nil {
			return refuse(value, want)
		}
		*dst = strconv.Itoa(offset)
		return nil
	}
}

// show writes a value as the file could have it, short enough for a message.
func show(value any) string {
	const limit = 60
	switch v := value.(type) {
	case string:
		if len(v) > limit {
			return strconv.Quote(v[:limit]) + "..."
		}
		return strconv.Quote(v)
	case []any:
		items := make([]string, len(v))
		for i, item := range v {
			items[i] = show(item)
		}
		s := "[" + strings.Join(items, ", ") + "]"
		if len(s) > limit {
			return s[:limit] + "..."
		}
		return s
	case map[string]any, []map[string]any:
		return "a table"
	case time.Time:
		return "a date or time"
	}
	return fmt.Sprint(value)
}

// CheckLimits refuses a latency, a priority and channels that the configuration cannot have.
func (c Capture) CheckLimits() error {
	switch {
	case c.Latency != 0 && (c.Latency < minLatency || c.Latency > maxLatency):
		return fmt.Errorf("%s: latency %v: from %v to %v", c.Name, c.Latency, minLatency, maxLatency)
	case c.Priority < 0 || c.Priority > maxPriority:
		return fmt.Errorf("%s: priority %d: from 0 to %d", c.Name, c.Priority, maxPriority)
	case len(c.Channels) > maxChannels:
		return fmt.Errorf("%s: %d channels: %d at most", c.Name, len(c.Channels), maxChannels)
	}
	for _, n := range c.Channels {
		if n < 1 || n > maxChannels {
			return fmt.Errorf("%s: channel %d: from 1 to %d", c.Name, n, maxChannels)
		}
	}
	return nil
}
