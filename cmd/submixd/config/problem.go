package config

import (
	"fmt"
	"slices"
	"strings"
)

// Problem is one mistake in a configuration file.
type Problem struct {
	File string // as given to Load or Parse
	Line int    // from 1
	Key  string // where: "[mixer] rate", "[[capture]] mic gain"; empty for a mistake in the TOML itself
	Text string // what was found and what is allowed
}

// String returns the problem as editors and compilers write one: file:line: key: text.
func (p Problem) String() string {
	if p.Key == "" {
		return fmt.Sprintf("%s:%d: %s", p.File, p.Line, p.Text)
	}
	return fmt.Sprintf("%s:%d: %s: %s", p.File, p.Line, p.Key, p.Text)
}

// Problems is every mistake of one file, in order of lines.
type Problems []Problem

// Error returns one line for each problem.
func (p Problems) Error() string {
	lines := make([]string, len(p))
	for i, problem := range p {
		lines[i] = problem.String()
	}
	return strings.Join(lines, "\n")
}

// sort orders by line and keeps the order in which problems of one line were found.
func (p Problems) sort() {
	slices.SortStableFunc(p, func(a, b Problem) int { return a.Line - b.Line })
}
