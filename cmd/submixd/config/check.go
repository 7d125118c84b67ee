package config

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// checker builds one Config from one file, collecting problems as it goes.
type checker struct {
	file         string
	checkCommand func(line string) error
	config       Config
	problems     Problems
	torn         bool // the syntax is broken somewhere: a key that seems missing may stand there

	mixer, playback *table // nil if the file has none
	// In step with the slices of config.
	captures, buttons, encoders, leds []*table
}

// field is a key that a table may have.
type field struct {
	key      string
	required bool
	set      setter
}

// maxSize of a file: far more than any box needs, so that a wrong path is noticed at once.
const maxSize = 64 << 10

func (c *checker) check(text string) {
	if len(text) > maxSize {
		c.report(1, "", "the file has %d bytes, more than the %d that a configuration may have", len(text), maxSize)
		return
	}
	if i := strings.IndexByte(text, 0); i >= 0 {
		c.report(1+strings.Count(text[:i], "\n"), "", "a zero byte; the file must be UTF-8 text")
		return
	}
	// An editor of Windows may put a mark in front. The library puts an error in a text with CRLF a line too early.
	text = strings.ReplaceAll(strings.TrimPrefix(text, "\ufeff"), "\r\n", "\n")
	lines := strings.SplitAfter(text, "\n")
	statements, torn := split(lines)
	if len(torn) < maxTorn {
		torn = append(torn, settle(lines, statements)...)
	}
	for _, p := range torn {
		c.report(p.Line, "", "%s", p.Text)
	}
	if len(torn) >= maxTorn {
		return // this is no TOML
	}
	c.torn = len(torn) > 0
	hasPlayback := false
	for _, t := range tables(statements) {
		c.table(t)
		hasPlayback = hasPlayback || t.section == "playback"
	}
	if !hasPlayback && !c.torn {
		c.report(1, "[playback]", `missing; the mix needs a device to be played on, as device = "hw:Out,0"`)
	}
	c.checkTogether()
}

func (c *checker) report(line int, key, format string, args ...any) {
	c.problems = append(c.problems, Problem{c.file, line, key, fmt.Sprintf(format, args...)})
}

var sections = []string{"[mixer]", "[playback]", "[[capture]]", "[[button]]", "[[encoder]]", "[[led]]", "[serial]", "[control]"}

// table checks one table by itself.
func (c *checker) table(t *table) {
	var fields []field
	array := false
	switch t.section {
	case "mixer":
		c.mixer = t
		fields = mixerFields(&c.config.Mixer)
	case "playback":
		c.playback = t
		fields = playbackFields(&c.config.Playback)
	case "serial":
		fields = serialFields(&c.config.Serial)
	case "control":
		fields = controlFields(&c.config.Control)
	case "capture":
		array = true
		c.captures = append(c.captures, t)
		c.config.Captures = append(c.config.Captures, Capture{Add: true})
		fields = captureFields(&c.config.Captures[len(c.config.Captures)-1])
	case "button":
		array = true
		c.buttons = append(c.buttons, t)
		c.config.Buttons = append(c.config.Buttons, Button{ActiveLow: true, HoldTime: 800 * time.Millisecond,
			DoubleTime: 300 * time.Millisecond, RepeatRate: 5})
		fields = c.buttonFields(&c.config.Buttons[len(c.config.Buttons)-1])
	case "encoder":
		array = true
		c.encoders = append(c.encoders, t)
		c.config.Encoders = append(c.config.Encoders, Encoder{ActiveLow: true, StepDB: 1, Accelerate: true, MinDB: -120, MaxDB: 24, Steps: 4})
		fields = encoderFields(&c.config.Encoders[len(c.config.Encoders)-1])
	case "led":
		array = true
		c.leds = append(c.leds, t)
		c.config.LEDs = append(c.config.LEDs, LED{As: "on"})
		fields = ledFields(&c.config.LEDs[len(c.config.LEDs)-1])
	case "":
		for _, e := range t.entries {
			c.report(e.line, quote(e.key), "stands in no section; the sections are %s", strings.Join(sections, ", "))
		}
		return
	default:
		if !strings.HasPrefix(t.section, broken) {
			c.report(t.line, header(t), "unknown section; the sections are %s", strings.Join(sections, ", "))
		}
		return
	}
	if array != t.array {
		right := table{section: t.section, array: array}
		c.report(t.line, header(t), "is written %s", header(&right))
	}
	c.fields(t, fields)
}

// fields sets those that the table has, and reports unknown and missing ones.
func (c *checker) fields(t *table, fields []field) {
	keys := make([]string, len(fields))
	for i, f := range fields {
		keys[i] = f.key
	}
	for _, e := range t.entries {
		i := slices.Index(keys, e.key)
		if i < 0 {
			c.report(e.line, label(t, e.key), "unknown key; %s takes %s", header(t), strings.Join(keys, ", "))
		} else if err := fields[i].set(e.value); err != nil {
			c.report(e.line, label(t, e.key), "%v", err)
		}
	}
	for _, f := range fields {
		if f.required && !t.has(f.key) && !c.torn {
			c.report(t.line, label(t, f.key), "missing; %s needs it", header(t))
		}
	}
}

func mixerFields(m *Mixer) []field {
	return []field{
		{"rate", false, integer(&m.Rate, 8000, 192000, " of frames per second")},
		{"channels", false, integer(&m.Channels, 1, maxChannels, "")},
		{"block", false, integer(&m.Block, 0, 192000, " of frames")},
		{"stream_timeout", false, duration(&m.StreamTimeout, time.Millisecond, time.Minute)},
		{"capacity", false, integer(&m.Capacity, 1, 1000, " of blocks")},
		{"limiter", false, boolean(&m.Limiter)},
	}
}

func playbackFields(p *Playback) []field {
	return []field{
		{"device", true, device(&p.Device, acceptPlayback)},
		{"periods", false, integer(&p.Periods, 2, 32, "")},
	}
}

func captureFields(s *Capture) []field {
	return []field{
		{"name", true, name(&s.Name)},
		{"device", true, device(&s.Device, acceptCapture)},
		{"gain", false, number(&s.GainDB, -120, 24, " of dB")},
		{"mute", false, boolean(&s.Mute)},
		{"channels", false, channelList(&s.Channels)},
		{"sync", false, oneOf(func(w string) { s.Locked = w == "locked" }, "adaptive", "locked")},
		{"latency", false, latency(&s.Latency)},
		{"priority", false, integer(&s.Priority, 0, maxPriority, "")},
		{"add", false, boolean(&s.Add)},
	}
}

func (c *checker) buttonFields(b *Button) []field {
	return []field{
		{"name", true, name(&b.Name)},
		{"chip", true, text(&b.Chip, `the label of a gpio chip, as "pinctrl-bcm2711"`)},
		{"line", true, line(&b.Line)},
		{"active", false, oneOf(func(w string) { b.ActiveLow = w == "low" }, "low", "high")},
		{"pull", false, oneOf(func(w string) { b.Pull = w }, "up", "down", "none")},
		{"press", false, command(&b.Press, c.checkCommand)},
		{"release", false, command(&b.Release, c.checkCommand)},
		{"hold", false, command(&b.Hold, c.checkCommand)},
		{"double", false, command(&b.Double, c.checkCommand)},
		{"repeat", false, command(&b.Repeat, c.checkCommand)},
		{"hold_time", false, duration(&b.HoldTime, 100*time.Millisecond, 10*time.Second)},
		{"double_time", false, duration(&b.DoubleTime, 50*time.Millisecond, 2*time.Second)},
		{"repeat_rate", false, number(&b.RepeatRate, 0.5, 20, " of times per second")},
	}
}

func encoderFields(e *Encoder) []field {
	return []field{
		{"name", true, name(&e.Name)},
		{"chip", true, text(&e.Chip, `the label of a gpio chip, as "pinctrl-bcm2711"`)},
		{"line_a", true, line(&e.LineA)},
		{"line_b", true, line(&e.LineB)},
		{"active", false, oneOf(func(w string) { e.ActiveLow = w == "low" }, "low", "high")},
		{"pull", false, oneOf(func(w string) { e.Pull = w }, "up", "down", "none")},
		{"turns", true, turns(&e.Turns)},
		{"step", false, number(&e.StepDB, 0.1, 12, " of dB")},
		{"accelerate", false, boolean(&e.Accelerate)},
		{"min", false, number(&e.MinDB, -120, 24, " of dB")},
		{"max", false, number(&e.MaxDB, -120, 24, " of dB")},
		{"steps", false, steps(&e.Steps)},
		{"reverse", false, boolean(&e.Reverse)},
	}
}

func ledFields(l *LED) []field {
	return []field{
		{"chip", true, text(&l.Chip, `the label of a gpio chip, as "pinctrl-bcm2711"`)},
		{"line", true, line(&l.Line)},
		{"active", false, oneOf(func(w string) { l.ActiveLow = w == "low" }, "low", "high")},
		{"shows", true, shows(&l.Shows)},
		{"as", false, oneOf(func(w string) { l.As = w }, "on", "blink", "fast")},
	}
}

func serialFields(s *Serial) []field {
	return []field{
		{"port", true, text(&s.Port, `the path of a serial port, as "/dev/ttyAMA1"`)},
		{"baud", false, integer(&s.Baud, 1200, 4_000_000, " of bits per second")},
	}
}

func controlFields(c *Control) []field {
	return []field{
		{"socket", false, socketPath(&c.Socket)},
		{"on_end", false, oneOf(func(w string) { c.OnEnd = w }, "wait", "exit")},
	}
}
