package control

import (
	"fmt"
	"slices"
	"strings"
)

// complete is the editor's callback: at a Tab it completes the word in front of
// the cursor as far as it is certain and, if that is no further, lists what it
// can be.
func (c *Console) complete(line string, pos int, key rune) (string, int, bool) {
	if key != '\t' {
		return "", 0, false
	}
	before, after := line[:pos], line[pos:]
	start := strings.LastIndexByte(before, ' ') + 1
	part := before[start:]
	words := c.candidates(strings.Fields(before[:start]))
	words = slices.DeleteFunc(words, func(w string) bool { return !strings.HasPrefix(w, part) })
	more := common(words)
	if len(words) == 1 && !strings.HasSuffix(more, "=") {
		more += " "
		after = strings.TrimPrefix(after, " ")
	}
	if len(more) > len(part) {
		before = before[:start] + more
		return before + after, len(before), true
	}
	width, _ := c.size()
	for _, row := range inColumns(words, width) {
		fmt.Fprintln(c.term, row)
	}
	return line, pos, true
}

// common is the longest beginning that all words have.
func common(words []string) string {
	if len(words) == 0 {
		return ""
	}
	first, last := slices.Min(words), slices.Max(words)
	n := 0
	for n < len(first) && n < len(last) && first[n] == last[n] {
		n++
	}
	return first[:n]
}

// candidates returns the words that can follow those of a line.
func (c *Console) candidates(words []string) []string {
	all := table()
	if len(words) == 0 {
		return append(names(all), "exit")
	}
	cmd, ok := lookup(all, words[0])
	if !ok {
		return nil
	}
	var can []string
	place := len(words) - 1 // of the word among the arguments
	for i, pattern := range strings.Fields(cmd.args) {
		key, _, isOption := strings.Cut(strings.Trim(pattern, "[]"), "=")
		given := func(w string) bool { return strings.HasPrefix(w, key+"=") }
		if isOption && place >= cmd.min && !slices.ContainsFunc(words, given) || !isOption && i == place && place < cmd.max {
			can = append(can, c.expand(cmd, strings.Trim(pattern, "[]"))...)
		}
	}
	slices.Sort(can)
	return slices.Compact(can)
}

// expand returns the words that a part of a usage line stands for; numbers and
// the like are for the person to think of.
func (c *Console) expand(cmd *command, pattern string) (words []string) {
	key, values, isOption := strings.Cut(pattern, "=")
	if !isOption {
		key, values = "", pattern
	} else {
		key += "="
	}
	for _, value := range strings.Split(values, "|") {
		switch {
		case value == strings.ToLower(value):
			words = append(words, key+value)
		case isOption:
			words = append(words, key)
		case value == "COMMAND":
			words = append(words, names(table())...)
		case value == "DEVICE":
			words = append(words, c.ask("devices", "direction", "capture")...)
		case value == "NAME" && cmd.name == "add":
			words = append(words, c.ask("captures", "in", "no")...)
		case value == "NAME":
			words = append(words, c.ask("streams", "", "")...)
		}
	}
	return words
}

// ask returns the names of the things that a command lists whose key has the
// value; of all without a key.
func (c *Console) ask(line, key, value string) (found []string) {
	reply, err := c.Do(line)
	if err != nil {
		return nil
	}
	for _, data := range reply.Data {
		_, rest, _ := strings.Cut(data, " ")
		name, fields, err := parseFields(rest)
		if err == nil && (key == "" || slices.Contains(fields, field{key, value})) {
			found = append(found, name)
		}
	}
	return found
}
