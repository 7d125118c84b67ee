package config

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/BurntSushi/toml"
)

// The TOML library tells roughly the line of a syntax error, and not at all the line of a key. A
// statement of TOML (a header, or a key and its value) begins on a line of its own, and no proper
// beginning of it is a statement too. So the library itself finds where each one ends: lines are
// added until they parse.

// statement is one of a file, or a line without one. Its lines are those from index first to before
// index end.
type statement struct {
	first, end int
	header     bool           // [section] or [[section]]
	tree       map[string]any // by itself: what came before is not in it
}

// entry is a key of a table and its value as the library decodes it.
type entry struct {
	key   string
	value any
	line  int
}

// table is one table of the file, and has its keys in their order.
type table struct {
	section string // "mixer", "capture"; empty for the keys before the first header
	array   bool   // written [[section]]
	line    int    // of the header
	entries []entry
}

// maxTorn bounds how many statements with broken syntax are reported.
const maxTorn = 20

// maxLines bounds a statement, and with it the work of finding its end.
const maxLines = 200

// broken begins the name of the section that stands for one whose header is wrong.
const broken = "\x00"

// split finds the statements. One that breaks the syntax is reported and blanked in lines, so that
// the rest can be checked as well.
func split(lines []string) (statements []statement, problems Problems) {
	for first := 0; first < len(lines) && len(problems) < maxTorn; {
		s, err := next(lines, first)
		if err != nil {
			text := err.Message
			if s.end > first+1 {
				text += fmt.Sprintf(" (noticed on line %d)", s.end)
			}
			problems = append(problems, Problem{Line: first + 1, Text: text})
			s.blank(lines)
		}
		statements = append(statements, s)
		first = s.end
	}
	return statements, problems
}

// next reads the statement that begins at index first. If it is broken, it ends where the library
// noticed.
func next(lines []string, first int) (s statement, bad *toml.ParseError) {
	s = statement{first: first, header: strings.HasPrefix(strings.TrimSpace(lines[first]), "[")}
	limit := min(first+maxLines, len(lines))
	for s.end = first + 1; ; s.end++ {
		s.tree, bad = decode(lines[first:s.end])
		if bad == nil {
			return s, nil
		}
		// A mistake before the last line stays one whatever follows.
		noticed := first + max(bad.Position.Line, 1)
		if s.end > noticed || s.end == limit {
			s.end = min(noticed, s.end)
			return s, bad
		}
	}
}

// settle reports and blanks the statements that do not go together: a key or a section that stands
// there twice.
func settle(lines []string, statements []statement) (problems Problems) {
	for len(problems) < maxTorn {
		_, bad := decode(lines)
		if bad == nil {
			break
		}
		i := slices.IndexFunc(statements, func(s statement) bool { return bad.Position.Line <= s.end })
		problems = append(problems, Problem{Line: statements[i].first + 1, Text: bad.Message})
		statements[i].blank(lines)
	}
	return problems
}

// blank takes a statement out. A header is replaced by one of a section named broken, so that the
// keys below it do not fall to the section above.
func (s *statement) blank(lines []string) {
	for i := s.first; i < s.end; i++ {
		lines[i] = "\n"
	}
	s.tree = nil
	if s.header {
		lines[s.first] = fmt.Sprintf("[\"\\u0000%d\"]\n", s.first)
		s.tree, _ = decode(lines[s.first : s.first+1])
	}
}

func decode(lines []string) (map[string]any, *toml.ParseError) {
	var tree map[string]any
	_, err := toml.Decode(strings.Join(lines, ""), &tree)
	var bad toml.ParseError
	if errors.As(err, &bad) {
		return nil, &bad
	}
	return tree, nil
}

// tables puts statements that go together into their tables.
func tables(statements []statement) []*table {
	root := &table{line: 1}
	d := document{tables: []*table{root}}
	current := root
	for _, s := range statements {
		line := s.first + 1
		for _, key := range slices.Sorted(maps.Keys(s.tree)) {
			value := s.tree[key]
			switch {
			case s.header:
				current = d.add(key, value, line)
				if tree, ok := value.(map[string]any); ok && len(tree) > 0 {
					current = &table{} // [capture.x]: x is reported, what stands in it is not
				}
			case current == root:
				d.add(key, value, line)
			default:
				current.entries = append(current.entries, entry{key, value, line})
			}
		}
	}
	return d.tables
}

// document collects tables, however they are written: [a], [[a]], a.b = 1, a = {b = 1} or
// a = [{b = 1}].
type document struct{ tables []*table }

// add puts a value that stands at the top of the tree into its table, and returns the table.
func (d *document) add(section string, value any, line int) *table {
	if tree, ok := value.(map[string]any); ok {
		t := d.last(section, line)
		t.addTree(tree, line)
		return t
	}
	t := d.tables[0]
	elements := trees(value)
	if len(elements) == 0 {
		t.entries = append(t.entries, entry{section, value, line})
	}
	for _, tree := range elements {
		t = d.begin(section, true, line)
		t.addTree(tree, line)
	}
	return t
}

// trees returns the elements of a list of nothing but tables, else nil.
func trees(value any) []map[string]any {
	if list, ok := value.([]map[string]any); ok {
		return list
	}
	list, _ := value.([]any)
	var trees []map[string]any
	for _, element := range list {
		tree, ok := element.(map[string]any)
		if !ok {
			return nil
		}
		trees = append(trees, tree)
	}
	return trees
}

func (d *document) begin(section string, array bool, line int) *table {
	t := &table{section: section, array: array, line: line}
	d.tables = append(d.tables, t)
	return t
}

// last returns the section's newest table, a new one if it has none.
func (d *document) last(section string, line int) *table {
	for _, t := range slices.Backward(d.tables) {
		if t.section == section && t != d.tables[0] {
			return t
		}
	}
	return d.begin(section, false, line)
}

func (t *table) addTree(tree map[string]any, line int) {
	for _, key := range slices.Sorted(maps.Keys(tree)) {
		t.entries = append(t.entries, entry{key, tree[key], line})
	}
}
