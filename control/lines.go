package control

import "time"

// A lineReader gathers bytes to lines that end with LF, CR or CRLF. Of a line
// that is no good it keeps only what is wrong with it.
type lineReader struct {
	buf [MaxLine]byte
	n   int
	bad *Error
	end byte // of the line that push completed last
}

// push takes one byte and reports that it completed a line, which is to be
// fetched with line before the next push.
func (l *lineReader) push(c byte) bool {
	afterCR := l.end == '\r'
	l.end = 0
	switch {
	case c == '\n' && afterCR: // the second half of CRLF
	case c == '\n' || c == '\r':
		l.end = c
	case l.bad != nil:
	case !isText(c):
		l.bad = notText()
	case l.n == MaxLine:
		l.bad = tooLong()
	default:
		l.buf[l.n] = c
		l.n++
	}
	return l.end != 0
}

// line returns the complete line, or what is wrong with it, and begins another.
func (l *lineReader) line() (string, *Error) {
	line, bad := string(l.buf[:l.n]), l.bad
	l.n, l.bad = 0, nil
	return line, bad
}

// handPause, twice, is how long nothing comes after what a hand types until the
// session becomes a console: twice, so that a busy machine has read what has
// come. A program sends the rest of its line within it, or it is taken for a
// person. The fastest fingers take 80 ms from key to key.
const handPause = 25 * time.Millisecond

// A hand notices a person at the other end: Enter on an empty line, which is a
// lone CR, or, in a line that has not ended, a key that no program sends: Tab,
// Backspace, Ctrl-C, Ctrl-D, Ctrl-U, an arrow. What it has seen counts only if
// nothing follows for two of handPause.
type hand struct {
	seen bool
	raw  [MaxLine]byte // the line so far, as it came
	n    int
}

// push takes one byte; begin says that it is the first of a line.
func (h *hand) push(c byte, begin bool) {
	switch {
	case c == '\n' || c == '\r':
		*h = hand{seen: c == '\r' && begin && h.n == 0}
		return
	case h.n == len(h.raw):
		h.seen = false
		return
	}
	h.raw[h.n] = c
	h.n++
	switch c {
	case '\t', '\b', 0x7f, 3, 4, 21:
		h.seen = true
	case '[', 'O':
		h.seen = h.seen || h.n > 1 && h.raw[h.n-2] == 0x1b
	}
}
