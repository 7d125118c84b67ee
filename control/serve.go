package control

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
)

// Serve runs the line protocol over rw until reading or writing fails or, at
// the next line, ctx is done; it returns nil at the end of the input. It starts
// no goroutine and needs a fixed amount of memory whatever arrives. A peer that
// does not read its replies holds up this session only. The owner of rw ends a
// blocked Read or Write by closing rw.
func (d *Dispatcher) Serve(ctx context.Context, rw io.ReadWriter, origin string) error {
	var (
		lines  lineReader
		chunk  [512]byte
		answer []byte
	)
	for ctx.Err() == nil {
		n, err := rw.Read(chunk[:])
		for _, c := range chunk[:n] {
			if !lines.push(c) {
				continue
			}
			answer = d.answer(ctx, origin, &lines, answer[:0])
			if len(answer) == 0 {
				continue
			}
			if _, err := rw.Write(answer); err != nil {
				return fmt.Errorf("%s: reply not written: %w", origin, err)
			}
			if ctx.Err() != nil {
				return ctx.Err()
			}
		}
		switch {
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return fmt.Errorf("%s: %w", origin, err)
		}
	}
	return ctx.Err()
}

// answer appends the reply to a complete line, with the line end of its kind:
// a terminal, which sends CR, needs CRLF. A blank line has no reply.
func (d *Dispatcher) answer(ctx context.Context, origin string, in *lineReader, b []byte) []byte {
	line, err := in.line()
	if err == nil && strings.Trim(line, " \t") == "" {
		return b
	}
	r := Reply{Err: err}
	if err == nil {
		r = d.Do(ctx, origin, line)
	}
	if in.end == '\r' {
		return r.append(b, "\r\n")
	}
	return r.append(b, "\n")
}

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
