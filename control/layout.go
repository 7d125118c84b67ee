package control

import (
	"fmt"
	"slices"
	"strings"
)

// layout lays a reply out for a person: lines of at most width columns, where
// that can be.
func layout(r Reply, width int) (lines []string) {
	if r.Err != nil {
		return wrap("", oneLine(r.Err.Text), width)
	}
	if len(r.Data) == 0 {
		return []string{"ok"}
	}
	for rest := r.Data; len(rest) > 0; {
		kind, _, _ := strings.Cut(rest[0], " ")
		isPair := strings.HasSuffix(kind, ":")
		n := slices.IndexFunc(rest, func(line string) bool {
			other, _, _ := strings.Cut(line, " ")
			return strings.HasSuffix(other, ":") != isPair || !isPair && other != kind
		})
		if n < 0 {
			n = len(rest)
		}
		switch {
		case isPair:
			lines = append(lines, layoutPairs(rest[:n], width)...)
		case kind == "log":
			lines = append(lines, layoutLog(rest[:n], width)...)
		default:
			lines = append(lines, layoutThings(kind, rest[:n], width)...)
		}
		rest = rest[n:]
	}
	return lines
}

// layoutPairs has the keys in one column and what they say in another.
func layoutPairs(data []string, width int) (lines []string) {
	longest := 0
	for _, line := range data {
		longest = max(longest, strings.Index(line, ":"))
	}
	for _, line := range data {
		key, value, _ := strings.Cut(line, ": ")
		values := []string{unquoted(value)}
		if key == "examples" {
			values = strings.Split(value, "; ")
		}
		for _, v := range values {
			lines = append(lines, wrap(fmt.Sprintf("%-*s  ", longest, key), v, width)...)
			key = ""
		}
	}
	return lines
}

// layoutLog has the time of day, or since the start of the machine, what happened, and what belongs to it.
func layoutLog(data []string, width int) (lines []string) {
	for _, line := range data {
		_, rest, _ := strings.Cut(line, " ")
		_, fields, err := parseFields(rest)
		if err != nil {
			lines = append(lines, line)
			continue
		}
		var at, text string
		for _, f := range fields {
			switch v := unquoted(f.value); {
			case f.key == "time" && len(v) > len("2006-01-02T15:04:05"):
				at = v[len("2006-01-02T"):len("2006-01-02T15:04:05")]
			case f.key == "boot" && at == "": // what there is while the time of day is not known
				at = "+" + v + "s"
			case f.key == "boot", f.key == "event", f.key == "level" && v == "info":
			case f.key == "level":
				text += strings.ToUpper(v) + " "
			case f.key == "text":
				text += v
			default:
				text += " " + f.key + "=" + f.value
			}
		}
		lines = append(lines, wrap(at+" ", text, width)...)
	}
	return lines
}

// columnsOf returns the keys that are shown of a kind of things, the most
// important first; what it does not know is shown as it comes.
func columnsOf(kind string) []string {
	switch kind {
	case "stream":
		return []string{"state", "gain", "mute", "peak", "latency", "drift", "lock", "xruns", "short", "stalls", "clips", "unplugs"}
	case "device":
		return []string{"direction", "busy", "usb", "channels", "rates", "card", "formats", "user", "note"}
	}
	return nil
}

// layoutThings is a table of the columns that there is room for; below a row
// stand its reason and, but for streams, of which meters show as much, what had
// no room in it.
func layoutThings(kind string, data []string, width int) (lines []string) {
	things := make([][]field, len(data))
	keys := columnsOf(kind)
	known := len(keys) > 0
	for i, line := range data {
		_, rest, _ := strings.Cut(line, " ")
		name, fields, err := parseFields(rest)
		if err != nil {
			return data
		}
		things[i] = append([]field{{kind, name}}, fields...)
		for _, f := range fields {
			if !known && !slices.Contains(keys, f.key) && f.key != "reason" {
				keys = append(keys, f.key)
			}
		}
	}
	rows, below := make([]string, len(data)+1), []string{"reason"}
	for i, key := range append([]string{kind}, keys...) {
		column := tableColumn(key, things)
		if rows[0] != "" && len(rows[0])+2+len(column[0]) > width {
			if kind != "stream" {
				below = append(slices.Clone(keys[i-1:]), below...)
			}
			break
		}
		for i, cell := range column {
			if rows[i] != "" {
				cell = "  " + cell
			}
			rows[i] += cell
		}
	}
	lines = append(lines, strings.TrimRight(rows[0], " "))
	for i, row := range rows[1:] {
		lines = append(lines, strings.TrimRight(row, " "))
		if more := inWords(things[i], below); more != "" {
			lines = append(lines, wrap("    ", more, width)...)
		}
	}
	return lines
}

// inWords is what a thing has of the keys; reasons and notes speak for themselves.
func inWords(thing []field, keys []string) string {
	var all []string
	for _, key := range keys {
		switch v := valueOf(thing, key); {
		case v == "":
		case key == "reason" || key == "note":
			all = append(all, v)
		default:
			all = append(all, key+" "+v)
		}
	}
	return strings.Join(all, "; ")
}

// tableColumn is the heading and the cells of one key, all of the same width;
// numbers stand to the right.
func tableColumn(key string, things [][]field) []string {
	column := []string{strings.ToUpper(key)}
	widest, numbers := len(key), true
	for _, thing := range things {
		v := valueOf(thing, key)
		_, isNumber := scalar(v).(float64)
		numbers = numbers && (isNumber || v == "-inf")
		widest = max(widest, len(v))
		column = append(column, v)
	}
	for i, cell := range column {
		if numbers {
			column[i] = fmt.Sprintf("%*s", widest, cell)
		} else {
			column[i] = fmt.Sprintf("%-*s", widest, cell)
		}
	}
	return column
}

func valueOf(thing []field, key string) string {
	for _, f := range thing {
		if f.key == key {
			return unquoted(f.value)
		}
	}
	return ""
}

// wrap breaks text between words; first stands in front of the first line, and
// as many blanks in front of the others.
func wrap(first, text string, width int) (lines []string) {
	line, indent := first, len(first)
	for _, word := range strings.Fields(text) {
		switch {
		case len(line) == indent:
			line += word
		case len(line)+1+len(word) <= width:
			line += " " + word
		default:
			lines = append(lines, line)
			line = strings.Repeat(" ", indent) + word
		}
	}
	return append(lines, strings.TrimRight(line, " "))
}

// inColumns sets words side by side, those of a column below one another.
func inColumns(words []string, width int) (rows []string) {
	widest := 0
	for _, w := range words {
		widest = max(widest, len(w))
	}
	across := max(1, (width+1)/(widest+2))
	down := (len(words) + across - 1) / across
	rows = make([]string, down)
	for i, w := range words {
		rows[i%down] += fmt.Sprintf("%-*s", widest+2, w)
	}
	for i := range rows {
		rows[i] = strings.TrimRight(rows[i], " ")
	}
	return rows
}
