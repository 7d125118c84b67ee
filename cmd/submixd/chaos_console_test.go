package main

import (
	"bytes"
	"context"
	"errors"
	"io"
	"math/rand/v2"
	"net"
	"os"
	"regexp"
	"strings"
	"time"

	"submix/control"
)

// serve serves a console as the box does.
func (c *chaos) serve(ctx context.Context, rw io.ReadWriter, origin string) {
	err := c.d.Serve(ctx, rw, origin)
	if err != nil && !errors.Is(err, context.Canceled) && !errors.Is(err, os.ErrDeadlineExceeded) &&
		!errors.Is(err, io.ErrClosedPipe) && !errors.Is(err, io.EOF) {
		c.fail("%s: %v", origin, err)
	}
}

// A serialConsole takes what is sent and loses replies, as a serial line does on
// which nobody listens; whole replies are looked at.
type serialConsole struct {
	c    *chaos
	in   chan []byte
	rest []byte
}

func newSerialConsole(c *chaos) *serialConsole {
	return &serialConsole{c: c, in: make(chan []byte, 64)}
}

// send has bytes arrive, unless too many wait already.
func (s *serialConsole) send(b []byte) {
	select {
	case s.in <- b:
	default:
	}
}

func (s *serialConsole) Read(p []byte) (int, error) {
	if len(s.rest) == 0 {
		var more bool
		if s.rest, more = <-s.in; !more {
			return 0, io.EOF
		}
	}
	n := copy(p, s.rest)
	s.rest = s.rest[n:]
	return n, nil
}

func (s *serialConsole) Write(p []byte) (int, error) {
	s.c.wellFormed(strings.ReplaceAll(string(p), "\r\n", "\n"))
	return len(p), nil
}

var completion = regexp.MustCompile(`^(OK|ERR [0-9]{1,2} [ -~]*)$`)

// wellFormed checks one reply.
func (c *chaos) wellFormed(reply string) {
	c.commands.Add(1)
	lines := strings.Split(reply, "\n")
	n := len(lines) - 1
	if n < 1 || lines[n] != "" || !completion.MatchString(lines[n-1]) {
		c.fail("a reply ends without a completion:\n%q", reply)
		return
	}
	if strings.HasPrefix(lines[n-1], "ERR") && (n > 1 || strings.HasPrefix(lines[n-1], "ERR 90")) {
		c.fail("an error that was not to be:\n%s", reply)
	}
	for _, line := range lines[:n] {
		if len(line) > 4096 {
			c.fail("a reply line of %d bytes", len(line))
		}
	}
	if _, err := control.ParseData(lines[:n-1]); err != nil {
		c.fail("%v", err)
	}
}

// order runs a command at once, as a button does.
func (c *chaos) order(line string) control.Reply {
	reply := c.do(line)
	c.wellFormed(reply.String())
	return reply
}

// A patient connection is one with the time limit of the control socket.
type patient struct{ net.Conn }

func (p patient) Write(b []byte) (int, error) {
	if err := p.SetWriteDeadline(time.Now().Add(5 * time.Second)); err != nil {
		return 0, err
	}
	return p.Conn.Write(b)
}

// connect opens a session as on the control socket and returns the client's end,
// which the client closes.
func (c *chaos) connect() net.Conn {
	client, server := net.Pipe()
	c.clients.Go(func() {
		defer server.Close()
		c.serve(context.Background(), patient{server}, "socket")
	})
	return client
}

// storm sends so many lines through a session of its own and wants a reply to
// each.
func (c *chaos) storm(lines []byte) {
	conn := c.connect()
	c.clients.Go(func() {
		conn.Write(lines)
	})
	c.clients.Go(func() {
		defer conn.Close()
		conn.SetReadDeadline(time.Now().Add(10 * time.Minute))
		var reply strings.Builder
		var chunk [4096]byte
		for left := replies(lines); left > 0; {
			n, err := conn.Read(chunk[:])
			if err != nil {
				c.fail("%d replies are missing of %d to\n%q: %v", left, replies(lines), lines, err)
				return
			}
			for line := range strings.Lines(string(chunk[:n])) {
				reply.WriteString(line)
				last := reply.String()[strings.LastIndexByte(strings.TrimSuffix(reply.String(), "\n"), '\n')+1:]
				if strings.HasSuffix(last, "\n") && completion.MatchString(strings.TrimRight(last, "\r\n")) {
					c.wellFormed(strings.ReplaceAll(reply.String(), "\r\n", "\n"))
					reply.Reset()
					left--
				}
			}
		}
	})
}

// replies is how many replies bytes are owed: one for each line that is not blank.
func replies(sent []byte) int {
	n := 0
	for _, line := range bytes.FieldsFunc(sent, func(r rune) bool { return r == '\n' || r == '\r' }) {
		if len(bytes.Trim(line, " \t")) > 0 {
			n++
		}
	}
	if last := sent[bytes.LastIndexAny(sent, "\r\n")+1:]; len(bytes.Trim(last, " \t")) > 0 {
		n-- // it has no end
	}
	return n
}

// deaf is a client that sends and never reads; the session gives it up.
func (c *chaos) deaf(lines []byte) {
	conn := c.connect()
	c.clients.Go(func() {
		defer conn.Close()
		conn.Write(lines)
		time.Sleep(7 * time.Second)
	})
}

// hangUp is a client that goes in the middle of a line, or of a reply.
func (c *chaos) hangUp(lines []byte, rng *rand.Rand) {
	conn := c.connect()
	cut, taken := rng.IntN(len(lines)+1), make([]byte, 1+rng.IntN(200))
	c.clients.Go(func() {
		conn.Write(lines[:cut])
	})
	c.clients.Go(func() {
		defer conn.Close()
		conn.SetReadDeadline(time.Now().Add(time.Second))
		conn.Read(taken)
	})
}
