package screen

import (
	"fmt"
	"io"
	"strings"
)

// gap is how many cells that have not changed are sent again rather than
// jumped over: the way over them is a sequence of about this length.
const gap = 5

// Painter keeps a picture on a terminal up to date. It needs what every
// terminal since the VT100 has: cursor movement and erasing, no colour.
type Painter struct {
	W io.Writer

	begun         bool
	width, height int
	shown         []string
	row, col      int // of the cursor, from 0; row -1: not known
	out           []byte
}

// Paint shows lines, which must fit into width and height, and returns how many
// bytes that took. The first picture, and one of another size, clears the screen.
func (p *Painter) Paint(lines []string, width, height int) (int, error) {
	p.out = p.out[:0]
	if !p.begun || width != p.width || height != p.height {
		p.out = append(p.out, "\x1b[?25l\x1b[H\x1b[2J"...)
		p.begun, p.width, p.height, p.shown = true, width, height, nil
		p.row, p.col = 0, 0
	}
	for row := range max(len(lines), len(p.shown)) {
		p.line(row, at(p.shown, row), at(lines, row))
	}
	p.shown = append(p.shown[:0], lines...)
	if len(p.out) == 0 {
		return 0, nil
	}
	return p.W.Write(p.out)
}

// End leaves the picture where it is, with the cursor on the line below.
func (p *Painter) End() error {
	if !p.begun {
		return nil
	}
	_, err := fmt.Fprintf(p.W, "\x1b[%d;1H\x1b[?25h\r\n", max(1, len(p.shown)))
	*p = Painter{W: p.W}
	return err
}

func at(lines []string, i int) string {
	if i < len(lines) {
		return lines[i]
	}
	return ""
}

// line sends what differs between two contents of a row.
func (p *Painter) line(row int, was, is string) {
	is = strings.TrimRight(is, " ")
	if len(is) < len(was) {
		defer func() {
			p.move(row, len(is))
			p.out = append(p.out, "\x1b[K"...)
		}()
	}
	for i := 0; i < len(is); i++ {
		if same(was, is, i) {
			continue
		}
		end, equal := i+1, 0
		for j := i + 1; j < len(is) && equal <= gap; j++ {
			if equal++; !same(was, is, j) {
				end, equal = j+1, 0
			}
		}
		p.move(row, i)
		p.out = append(p.out, is[i:end]...)
		p.col, i = end, end-1
	}
}

func same(was, is string, i int) bool {
	if i < len(was) {
		return was[i] == is[i]
	}
	return is[i] == ' '
}

// move moves the cursor the shortest way. In the last column, where terminals
// differ about where the cursor is, only an absolute one will do.
func (p *Painter) move(row, col int) {
	absolute := fmt.Sprintf("\x1b[%d;%dH", row+1, col+1)
	if col == 0 {
		absolute = fmt.Sprintf("\x1b[%dH", row+1)
	}
	switch {
	case p.col >= p.width || row < p.row || row > p.row+1:
		p.out = append(p.out, absolute...)
	case row == p.row+1 && col == 0:
		p.out = append(p.out, "\r\n"...)
	case row == p.row && col > p.col:
		p.out = fmt.Appendf(p.out, "\x1b[%dC", col-p.col)
	case row == p.row && col == p.col:
	default:
		p.out = append(p.out, absolute...)
	}
	p.row, p.col = row, col
}
