package control

import (
	"context"
	"fmt"
	"io"
	"strings"
	"time"
)

// Serve runs a session over rw until reading or writing fails or, at the next
// line, ctx is done; it returns nil at the end of the input. It needs a fixed
// amount of memory whatever arrives, and one goroutine, which reads, and has
// ended when Serve returns: the owner of rw ends a blocked Read or Write by
// closing rw. Serve itself closes rw, if it can be closed, when it has to end
// and a Read may block. A peer that does not read its replies holds up this
// session only.
//
// A session is plain, which is the line protocol, until a person is noticed
// (see [hand]) or asks for a console, and then is a [Console] until it is left.
func (d *Dispatcher) Serve(ctx context.Context, rw io.ReadWriter, origin string) error {
	s := &talk{d: d, ctx: ctx, rw: rw, origin: origin, in: readAhead(rw)}
	defer s.in.end(rw)
	s.quiet = time.NewTimer(0)
	defer s.quiet.Stop()
	s.quiet.Stop()
	defer s.stopMeters()
	return s.run()
}

// A talk is one session.
type talk struct {
	d      *Dispatcher
	ctx    context.Context
	rw     io.ReadWriter
	origin string
	in     *input

	rest   []byte // has come, is not looked at
	lines  lineReader
	hand   hand
	off    bool        // no console unless it is asked for
	quiet  *time.Timer // nothing has come for handPause after what a hand would type
	waited bool        // that was the first time
	answer []byte

	events teller

	meters string       // the line that asked for them
	tick   *time.Ticker // nil without
	due    <-chan time.Time
	end    string // line end of the meters
}

func (s *talk) run() error {
	for s.ctx.Err() == nil {
		for len(s.rest) > 0 {
			c := s.rest[0]
			s.rest = s.rest[1:]
			s.hand.push(c, s.lines.n == 0 && s.lines.bad == nil)
			if !s.lines.push(c) {
				continue
			}
			line, bad := s.lines.line()
			end := "\n"
			if s.lines.end == '\r' { // a terminal needs both
				end = "\r\n"
			}
			if err := s.take(line, bad, end); err != nil {
				return err
			}
			if s.ctx.Err() != nil {
				return s.ctx.Err()
			}
		}
		s.quiet.Stop()
		if s.hand.seen && !s.off {
			s.quiet.Reset(handPause)
		}
		select {
		case chunk, open := <-s.in.chunks:
			if !open {
				return s.in.why(s.origin)
			}
			s.rest, s.waited = chunk, false
		case <-s.quiet.C:
			if s.waited = !s.waited; s.waited {
				continue
			}
			typed := string(s.hand.raw[:s.hand.n])
			s.hand, s.lines = hand{}, lineReader{}
			if err := s.console([]byte(typed), false); err != nil {
				return err
			}
		case <-s.due:
			if err := s.meter(); err != nil {
				return err
			}
		case <-s.events.due():
			if err := s.tell(); err != nil {
				return err
			}
		}
	}
	return s.ctx.Err()
}

// take answers a complete line, bad if it is no good.
func (s *talk) take(line string, bad *Error, end string) error {
	s.answer = s.answer[:0]
	if s.tick != nil {
		s.answer = Reply{}.append(s.answer, s.end)
		s.stopMeters()
	}
	on, console := wish(line, "console")
	told, events := wish(line, "events")
	hz, meters := meterRate(line)
	switch {
	case bad == nil && strings.Trim(line, " \t") == "":
	case bad != nil:
		s.answer = Reply{Err: bad}.append(s.answer, end)
	case console:
		s.answer, s.off = Reply{}.append(s.answer, end), !on
	case events:
		s.answer = Reply{}.append(s.answer, end)
		s.events.turn(told, s.d.box.Log, end)
	case meters:
		s.meters, s.end = line, end
		s.tick = time.NewTicker(time.Second / time.Duration(hz))
		s.due = s.tick.C
		if err := s.flush(); err != nil {
			return err
		}
		return s.meter()
	default:
		s.answer = s.d.Do(s.ctx, s.origin, line).append(s.answer, end)
	}
	if err := s.flush(); err != nil || !on {
		return err
	}
	typed := s.rest
	s.hand = hand{}
	return s.console(typed, true)
}

// flush sends the answer.
func (s *talk) flush() error {
	if len(s.answer) == 0 {
		return nil
	}
	if _, err := s.rw.Write(s.answer); err != nil {
		return fmt.Errorf("%s: reply not written: %w", s.origin, err)
	}
	return nil
}

// bytesPerSecond is what the line carries; 0: not known, as much as it likes.
func (s *talk) bytesPerSecond() int {
	if line, ok := s.rw.(interface{ BytesPerSecond() int }); ok {
		return line.BytesPerSecond()
	}
	return 0
}

// meter sends one set of meters.
func (s *talk) meter() error {
	s.answer = s.answer[:0]
	for _, line := range s.d.Do(s.ctx, s.origin, s.meters).Data {
		s.answer = append(append(s.answer, line...), s.end...)
	}
	return s.flush()
}

func (s *talk) stopMeters() {
	if s.tick != nil {
		s.tick.Stop()
	}
	s.tick, s.due = nil, nil
}

// console is the session for a person, until it is left; typed has come already.
// Forced, a line may end with LF as well.
func (s *talk) console(typed []byte, forced bool) error {
	s.events.turn(false, nil, "")
	c := &Console{Do: func(line string) (Reply, error) {
		return s.d.Do(s.ctx, s.origin, line), s.ctx.Err()
	}}
	c.BytesPerSecond = s.bytesPerSecond()
	k := &keys{in: s.in, pending: typed, last: time.Now(), lineFeed: forced}
	left, err := c.run(k, s.rw)
	s.rest = k.pending
	switch {
	case err == io.ErrUnexpectedEOF:
		return s.in.why(s.origin)
	case err != nil:
		return fmt.Errorf("%s: console: %w", s.origin, err)
	}
	s.off = left.leaving == leftOff
	if left.leaving == leftLine {
		return s.take(left.line, nil, "\n")
	}
	return nil
}
