package control

import (
	"fmt"
	"strings"
)

// hint returns what to tell about a word that is none of the words there are:
// the nearest of them or, if none is near, otherwise.
func hint(word string, words []string, otherwise string) string {
	if n := nearest(word, words); n != "" {
		return fmt.Sprintf("did you mean %s?", n)
	}
	return otherwise
}

// suggest adds the nearest name to an error about a stream that is not there.
func (d *Dispatcher) suggest(cmd *command, line string, e *Error) *Error {
	words := strings.Fields(line)
	if e.Code != CodeNoStream || len(words) < 2 {
		return e
	}
	var there []string
	if cmd.name == "add" {
		for _, c := range d.box.Captures() {
			there = append(there, c.Name)
		}
	} else {
		for _, s := range d.box.Mixer().Streams() {
			there = append(there, s.Name)
		}
		for _, other := range []string{nameAll, nameOut} {
			if strings.Contains(cmd.args, other) {
				there = append(there, other)
			}
		}
	}
	if n := nearest(words[1], there); n != "" {
		return &Error{e.Code, e.Text + "; did you mean " + n + "?"}
	}
	return e
}

// nearest returns the word that is like w but for one slip of the fingers, and
// one more for every five letters of w, or the only one that w begins; ""
// if there is none.
func nearest(w string, words []string) string {
	best, least := "", len(w)/5+2
	begun := 0
	for _, word := range words {
		distance := slips(w, word)
		if strings.HasPrefix(word, w) && len(w) > 1 {
			begun++
			distance = 0
		}
		if distance < least {
			best, least = word, distance
		}
	}
	if begun > 1 {
		return ""
	}
	return best
}

// slips counts the letters that are missing, too many, wrong, or exchanged with
// their neighbour: the distance of optimal string alignment (Damerau 1964).
func slips(a, b string) int {
	last, row := make([]int, len(b)+1), make([]int, len(b)+1)
	var before []int // the row before last
	for j := range last {
		last[j] = j
	}
	for i := 1; i <= len(a); i++ {
		row[0] = i
		for j := 1; j <= len(b); j++ {
			wrong := 1
			if a[i-1] == b[j-1] {
				wrong = 0
			}
			row[j] = min(last[j]+1, row[j-1]+1, last[j-1]+wrong)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				row[j] = min(row[j], before[j-2]+1)
			}
		}
		before, last, row = last, row, make([]int, len(b)+1)
	}
	return last[len(b)]
}
