package screen

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"
)

// The scale of a bar, in dBFS.
const (
	lowDB  = -60
	highDB = 0
)

// Widths, in columns.
const (
	nameWidth = 10
	leastBar  = 16
)

// Picture returns the picture of m as at most height lines of at most width
// columns of ASCII. A narrow one has fewer columns, a low one fewer streams:
// those that clip, then those with trouble, then those that are heard.
func Picture(m Mix, width, height int) []string {
	f := newForm(width)
	lines := []string{f.title(m), f.header()}
	shown, more := m.Streams, 0
	if rows := max(0, height-3); len(shown) > rows {
		shown = slices.Clone(shown)
		slices.SortStableFunc(shown, func(a, b Strip) int { return rank(a) - rank(b) })
		rows = max(0, rows-1)
		more, shown = len(shown)-rows, shown[:rows]
	}
	for _, s := range shown {
		lines = append(lines, f.row(s))
	}
	if more > 0 {
		lines = append(lines, fmt.Sprintf("and %d more", more))
	}
	out := m.Out
	out.Name = "out"
	lines = append(lines, f.row(out))
	for i, line := range lines {
		lines[i] = strings.TrimRight(line[:min(len(line), width)], " ")
	}
	return lines[:min(len(lines), height)]
}

// rank is the lower the more important a stream is to see.
func rank(s Strip) int {
	switch {
	case s.Clip:
		return 0
	case s.State == "stalled" || s.State == "shed" || s.State == "gone" || s.State == "failed":
		return 1
	case s.State == "live" && !s.Mute:
		return 2
	case s.State == "filling":
		return 3
	}
	return 4
}

// A form is how a row is divided into columns.
type form struct {
	width, bar int
	columns    []column
}

type column struct {
	name  string
	width int // and a blank in front
	value func(s Strip) string
}

// newForm takes in the columns, the most important first, that leave room for
// the bar; the rest of the width is the bar's.
func newForm(width int) form {
	f := form{width: width}
	isOut := func(s Strip) bool { return s.State == "" }
	all := []column{
		{"STATE", 7, func(s Strip) string {
			if s.Mute && (isOut(s) || s.State == "live") {
				return "muted"
			}
			return s.State
		}},
		{"PEAK", 5, func(s Strip) string { return number(s.HoldDB, "", 5) }},
		{"GAIN", 5, func(s Strip) string { return number(s.GainDB, "", 5) }},
		{"MS", 5, func(s Strip) string {
			if isOut(s) {
				return ""
			}
			return number(s.LatencyMS, "", 5)
		}},
		{"XRUNS", 5, func(s Strip) string { return strconv.FormatFloat(min(s.Xruns, 99999), 'f', 0, 64) }},
		{"PPM", 6, func(s Strip) string {
			if isOut(s) {
				return ""
			}
			return number(s.DriftPPM, "+", 6)
		}},
	}
	left := width - nameWidth - 1 - leastBar
	for _, c := range all {
		if left -= c.width + 1; left < 0 {
			break
		}
		f.columns = append(f.columns, c)
	}
	f.bar = width - nameWidth - 1
	for _, c := range f.columns {
		f.bar -= c.width + 1
	}
	return f
}

// number formats x in at most width characters, with one decimal if there is
// room for it.
func number(x float64, sign string, width int) string {
	if math.IsInf(x, -1) {
		return "-inf"
	}
	if s := fmt.Sprintf("%"+sign+".1f", x); len(s) <= width {
		return s
	}
	return fmt.Sprintf("%"+sign+".0f", x)
}

func (f form) title(m Mix) string {
	up := m.Uptime / time.Second
	left := fmt.Sprintf("submix %s, %d streams", m.State, len(m.Streams))
	right := fmt.Sprintf("up %d:%02d:%02d", up/3600, up/60%60, up%60)
	return fmt.Sprintf("%s %*s", left, f.width-len(left)-1, right)
}

// header names the columns and has the marks of the scale over the bar.
func (f form) header() string {
	scale := []byte(strings.Repeat(" ", max(0, f.bar)))
	for dB := lowDB; dB <= highDB; dB += 10 {
		mark := strconv.Itoa(dB)
		at := max(0, f.cells(float64(dB))-len(mark))
		if clear := max(0, at-1); at+len(mark) <= len(scale) && strings.TrimLeft(string(scale[clear:at+len(mark)]), " ") == "" {
			copy(scale[at:], mark)
		}
	}
	return f.join("NAME", string(scale), func(c column) string { return c.name })
}

func (f form) row(s Strip) string {
	return f.join(s.Name, f.level(s), func(c column) string { return c.value(s) })
}

// join puts a row together: name and state to the left, then the bar, then
// numbers to the right of their columns.
func (f form) join(name, bar string, value func(c column) string) string {
	var b strings.Builder
	if len(name) > nameWidth {
		name = name[:nameWidth-1] + "~"
	}
	fmt.Fprintf(&b, "%-*s ", nameWidth, name)
	for i, c := range f.columns {
		if i == 0 {
			fmt.Fprintf(&b, "%-*s ", c.width, value(c))
			b.WriteString(bar)
			continue
		}
		fmt.Fprintf(&b, " %*s", c.width, value(c))
	}
	if len(f.columns) == 0 {
		b.WriteString(bar)
	}
	return b.String()
}

// level draws the bar of a strip: # up to the peak, | where it was highest of
// late, CLIP at the end when it has clipped.
func (f form) level(s Strip) string {
	if f.bar <= 0 {
		return ""
	}
	bar := []byte(strings.Repeat("#", f.cells(s.PeakDB)) + strings.Repeat(".", f.bar-f.cells(s.PeakDB)))
	if at := f.cells(s.HoldDB); at > 0 {
		bar[at-1] = '|'
	}
	if s.Clip {
		copy(bar[max(0, len(bar)-len("CLIP")):], "CLIP")
	}
	return string(bar)
}

// cells is how many cells of the bar a level fills.
func (f form) cells(dB float64) int {
	if math.IsInf(dB, -1) {
		return 0
	}
	part := (dB - lowDB) / (highDB - lowDB)
	return min(max(int(math.Ceil(part*float64(f.bar))), 0), max(0, f.bar))
}
