package control

import (
	"io"
	"strconv"
	"strings"
	"time"
)

const (
	// keyPause is the most that passes within what one key sends: ESC [ A.
	keyPause = 200 * time.Millisecond
	// maxSequence is the longest escape sequence that is taken for one.
	maxSequence = 16
	// The least size, in columns and rows, that a terminal is believed to have.
	leastColumns, leastRows = 20, 4
)

// keys turns what a terminal sends into what the line editor understands, one
// line at a time: escape sequences that end, and text. What does not end, or is
// no text, cannot get the editor stuck.
type keys struct {
	in      *input
	pending []byte // has come, is not decoded
	err     error  // why there is no more

	lineFeed bool // LF ends a line as CR does; otherwise it says that a program is there
	program  bool // the line was ended by such a LF
	noise    bool // a byte of the line was no text
	typed    int  // characters of the line that were not taken back
	asked    bool // the terminal has been asked for its size
	resized  func(width, height int)

	afterCR  bool
	sequence []byte // begun: ESC and what followed
	last     time.Time
}

// Read implements io.Reader for the editor: it never goes beyond the end of a
// line, or of a console.
func (k *keys) Read(p []byte) (n int, err error) {
	for n == 0 {
		if len(k.pending) == 0 {
			if err := k.wait(); err != nil {
				return 0, err
			}
		}
		for len(k.pending) > 0 && len(p)-n >= maxSequence {
			key := k.next()
			n += copy(p[n:], key)
			if key == "\r" || key == "\x04" { // what follows may be no longer for the editor
				return n, nil
			}
		}
	}
	return n, nil
}

func (k *keys) wait() error {
	if k.err != nil {
		return k.err
	}
	chunk, open := <-k.in.chunks
	if !open {
		if k.err = k.in.err; k.err == nil {
			k.err = io.ErrUnexpectedEOF // io.EOF is the editor's Ctrl-D
		}
		return k.err
	}
	k.take(chunk)
	return nil
}

func (k *keys) take(chunk []byte) {
	now := time.Now()
	if now.Sub(k.last) > keyPause {
		k.sequence = k.sequence[:0]
	}
	k.pending, k.last = chunk, now
}

// next decodes one byte that is pending.
func (k *keys) next() (key string) {
	c := k.pending[0]
	k.pending = k.pending[1:]
	afterCR := k.afterCR
	k.afterCR = c == '\r'
	switch {
	case c == '\n' && afterCR:
		return ""
	case c == '\n' || c == '\r':
		k.sequence, k.typed = k.sequence[:0], 0
		k.program = c == '\n' && !k.lineFeed
		return "\r"
	case c == 0x1b:
		k.sequence = append(k.sequence[:0], c)
		return ""
	case len(k.sequence) > 0 && c > ' ' && c <= '~':
		return k.escape(c)
	}
	k.sequence = k.sequence[:0]
	switch {
	case c == 3: // Ctrl-C drops the line; to the editor it is the end
		k.typed = 0
		return "\x05\x15"
	case c == 0: // a break
		return ""
	case c == '\b' || c == 0x7f:
		k.typed = max(0, k.typed-1)
		return "\x7f"
	case c < ' ':
		if c == 21 { // Ctrl-U
			k.typed = 0
		}
		return string(rune(c))
	}
	if k.typed++; k.typed > MaxLine+1 { // enough to be refused as too long
		return ""
	}
	if c > '~' {
		k.noise = true
		return "?"
	}
	return string(rune(c))
}

// escape takes in one byte of an escape sequence.
func (k *keys) escape(c byte) string {
	k.sequence = append(k.sequence, c)
	if len(k.sequence) == 2 {
		if c == '[' || c == 'O' {
			return ""
		}
		k.sequence = k.sequence[:0]
		return map[byte]string{'b': "\x1b[1;3D", 'f': "\x1b[1;3C"}[c] // a word to the left, to the right
	}
	if c < '@' && len(k.sequence) < maxSequence {
		return ""
	}
	params, final := string(k.sequence[2:len(k.sequence)-1]), c
	k.sequence = k.sequence[:0]
	switch final {
	case 'A':
		return "\x10"
	case 'B':
		return "\x0e"
	case 'C':
		return wordOr(params, "\x1b[1;3C", "\x06")
	case 'D':
		return wordOr(params, "\x1b[1;3D", "\x02")
	case 'H':
		return "\x01"
	case 'F':
		return "\x05"
	case '~':
		return map[string]string{"1": "\x01", "7": "\x01", "3": "\x1b[3~", "4": "\x05", "8": "\x05"}[params]
	case 'R':
		k.size(params)
	}
	return ""
}

// wordOr tells an arrow with Alt or Ctrl, which goes by words, from one without.
func wordOr(params, word, letter string) string {
	if strings.HasSuffix(params, ";3") || strings.HasSuffix(params, ";5") {
		return word
	}
	return letter
}

// size is the terminal's answer to askSize, its last row and column.
func (k *keys) size(params string) {
	first, second, _ := strings.Cut(params, ";")
	height, err1 := strconv.Atoi(first)
	width, err2 := strconv.Atoi(second)
	if k.asked && err1 == nil && err2 == nil && width >= leastColumns && height >= leastRows && width < 1000 && height < 1000 {
		k.asked = false
		k.resized(width, height)
	}
}

// anyKey waits for d, or until a key is pressed, which it swallows.
func (k *keys) anyKey(d time.Duration) (pressed bool, err error) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	for {
		for len(k.pending) > 0 {
			if c := k.pending[0]; k.next() != "" && c < 0x80 {
				return true, nil
			}
		}
		if k.err != nil {
			return false, k.err
		}
		select {
		case <-timer.C:
			return false, nil
		case chunk, open := <-k.in.chunks:
			if open {
				k.take(chunk)
			} else if err := k.wait(); err != nil {
				return false, err
			}
		}
	}
}
