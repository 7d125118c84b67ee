// Package vt is the screen of a terminal for tests: what a person would see of
// what a program sends. It knows what every terminal since the VT100 does with
// the sequences that Submix sends, and keeps those it does not know, so that a
// test can see that there are none.
package vt

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
)

// Screen is a terminal of a fixed size. Its methods may be called from any
// goroutine.
type Screen struct {
	mu             sync.Mutex
	width, height  int
	cells          [][]byte
	row, col       int
	wrap           bool // the last column is written: the next character goes to the next row
	hidden         bool
	savedR, savedC int
	sequence       []byte // begun, not complete
	reply          []byte
	unknown        []string
	bytes          int
}

// New returns a blank screen.
func New(width, height int) *Screen {
	s := &Screen{width: width, height: height}
	for range height {
		s.cells = append(s.cells, s.blank())
	}
	return s
}

func (s *Screen) blank() []byte { return slices.Repeat([]byte(" "), s.width) }

// Write shows what a program has sent.
func (s *Screen) Write(b []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.bytes += len(b)
	for _, c := range b {
		s.put(c)
	}
	return len(b), nil
}

// Text returns the rows without the blanks at their ends and without the empty
// rows at the bottom. Where the cursor is, there is a block: a person sees it.
func (s *Screen) Text() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	var b strings.Builder
	for i, cells := range s.cells {
		row := strings.TrimRight(string(cells), " ")
		if i == s.row && !s.hidden {
			row = string(cells[:s.col]) + "\u2588" + strings.TrimRight(string(cells[min(s.col+1, s.width):]), " ")
		}
		b.WriteString(row + "\n")
	}
	return strings.TrimRight(b.String(), "\n") + "\n"
}

// varying is what differs from run to run of a box on real drivers: the uptime
// of a picture, and latencies in a table and in a picture.
var varying = regexp.MustCompile(`up \d+:\d\d:\d\d|\b\d+\.\d\d\b|\d+\.\d +0  `)

// Steady is Text with # for the digits of what differs from run to run.
func (s *Screen) Steady() string {
	return varying.ReplaceAllStringFunc(s.Text(), func(figure string) string {
		return strings.Map(func(r rune) rune {
			if r >= '0' && r <= '9' {
				return '#'
			}
			return r
		}, figure)
	})
}

// Answers returns what the terminal has answered to questions since the last
// call; a test has to send it to the program.
func (s *Screen) Answers() []byte {
	s.mu.Lock()
	defer s.mu.Unlock()
	r := s.reply
	s.reply = nil
	return r
}

// Unknown returns the sequences and control characters that it does not know.
func (s *Screen) Unknown() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.unknown)
}

// Bytes returns how many bytes have been shown.
func (s *Screen) Bytes() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.bytes
}

func (s *Screen) put(c byte) {
	switch {
	case len(s.sequence) > 0:
		s.sequence = append(s.sequence, c)
		if s.complete() {
			s.run(string(s.sequence[1:]))
			s.sequence = s.sequence[:0]
		}
	case c == 0x1b:
		s.sequence = append(s.sequence, c)
	case c == '\r':
		s.col, s.wrap = 0, false
	case c == '\n':
		s.down()
	case c == '\b':
		s.col, s.wrap = max(0, s.col-1), false
	case c == '\a':
	case c < ' ' || c > '~':
		s.unknown = append(s.unknown, fmt.Sprintf("%q", c))
	default:
		if s.wrap {
			s.col, s.wrap = 0, false
			s.down()
		}
		s.cells[s.row][s.col] = c
		if s.col == s.width-1 {
			s.wrap = true
		} else {
			s.col++
		}
	}
}

func (s *Screen) down() {
	s.wrap = false
	if s.row < s.height-1 {
		s.row++
		return
	}
	s.cells = append(s.cells[1:], s.blank())
}

func (s *Screen) complete() bool {
	last := s.sequence[len(s.sequence)-1]
	return len(s.sequence) == 2 && last != '[' || len(s.sequence) > 2 && last >= '@' && last <= '~'
}

// run carries out a sequence, which is given without ESC.
func (s *Screen) run(sequence string) {
	final := sequence[len(sequence)-1]
	params := strings.TrimSuffix(strings.TrimPrefix(sequence, "["), string(final))
	first, second, _ := strings.Cut(params, ";")
	n := func(p string) int { v, _ := strconv.Atoi(p); return max(1, v) }
	s.wrap = s.wrap && strings.ContainsRune("KJhln", rune(final))
	switch {
	case sequence == "7":
		s.savedR, s.savedC = s.row, s.col
	case sequence == "8":
		s.row, s.col = s.savedR, s.savedC
	case sequence == "[?25l" || sequence == "[?25h":
		s.hidden = final == 'l'
	case sequence == "[6n":
		s.reply = fmt.Appendf(s.reply, "\x1b[%d;%dR", s.row+1, s.col+1)
	case sequence == "[K":
		copy(s.cells[s.row][s.col:], s.blank())
	case sequence == "[J" || sequence == "[2J":
		if final == 'J' && params == "" {
			copy(s.cells[s.row][s.col:], s.blank())
		}
		for i := range s.cells {
			if params == "2" || i > s.row {
				s.cells[i] = s.blank()
			}
		}
	case final == 'A':
		s.row = max(0, s.row-n(first))
	case final == 'B':
		s.row = min(s.height-1, s.row+n(first))
	case final == 'C':
		s.col = min(s.width-1, s.col+n(first))
	case final == 'D':
		s.col = max(0, s.col-n(first))
	case final == 'H':
		s.row, s.col = min(s.height, n(first))-1, min(s.width, n(second))-1
	default:
		s.unknown = append(s.unknown, fmt.Sprintf("%q", sequence))
	}
}
