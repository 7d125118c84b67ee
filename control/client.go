package control

import (
	"bufio"
	"fmt"
	"net"
	"strconv"
	"strings"
	"time"
)

// DefaultSocket is where the daemon listens unless it is configured otherwise.
const DefaultSocket = "/run/submix/control.sock"

// replyTimeout bounds the wait for a reply: opening a device may take a while.
const replyTimeout = 30 * time.Second

// Client is one session with the daemon over its control socket. One goroutine
// at a time may use it.
type Client struct {
	conn net.Conn
	in   *bufio.Reader
}

// Dial connects to the control socket at path.
func Dial(path string) (*Client, error) {
	conn, err := net.Dial("unix", path)
	if err != nil {
		return nil, fmt.Errorf("the daemon cannot be reached: %w", err)
	}
	return &Client{conn: conn, in: bufio.NewReader(conn)}, nil
}

// Close ends the session.
func (c *Client) Close() error { return c.conn.Close() }

// Do sends a line, which must hold a word and no line break, and returns the
// reply to it. The error says that there was none.
func (c *Client) Do(line string) (Reply, error) {
	if on, ok := wish(line, "events"); ok && on { // there would be nobody to read them
		return Reply{Err: &Error{CodeNotNow, "events: \"submixctl events on\" shows them as they come"}}, nil
	}
	var data []string
	// The blank line, which has no reply, ends meters after the first set.
	r, err := c.exchange(line, "\n\n", func(line string) error {
		data = append(data, line)
		return nil
	})
	if err == nil && r.Err == nil {
		r.Data = data
	}
	return r, err
}

// Follow is Do for meters and for events on: it calls each for every data line as
// it comes, until each returns an error, which Follow returns, or the reply to
// meters is complete. Events end with the session only.
func (c *Client) Follow(line string, each func(data string) error) (Reply, error) {
	r, err := c.exchange(line, "\n", each)
	if on, ok := wish(line, "events"); !ok || !on || r.Err != nil {
		return r, err
	}
	for err == nil {
		var event string
		if err = c.conn.SetDeadline(time.Time{}); err != nil { // nothing may happen for days
			break
		}
		if event, err = c.in.ReadString('\n'); err == nil {
			err = each(strings.TrimRight(event, "\r\n"))
		}
	}
	return r, fmt.Errorf("daemon: %w", err)
}

func (c *Client) exchange(line, end string, each func(data string) error) (r Reply, err error) {
	if strings.TrimSpace(line) == "" || strings.ContainsAny(line, "\r\n") {
		return Reply{Err: &Error{CodeNotText, "a command is one line that is not empty"}}, nil
	}
	if on, ok := wish(line, "console"); ok && on { // it would not be answered in lines any more
		return Reply{Err: &Error{CodeNotNow, "submixctl without a command is a console"}}, nil
	}
	if err := c.conn.SetDeadline(time.Now().Add(replyTimeout)); err != nil {
		return Reply{}, fmt.Errorf("daemon: %w", err)
	}
	if _, err := c.conn.Write([]byte(line + end)); err != nil {
		return Reply{}, fmt.Errorf("daemon: %w", err)
	}
	for {
		if err := c.conn.SetReadDeadline(time.Now().Add(replyTimeout)); err != nil {
			return Reply{}, fmt.Errorf("daemon: %w", err)
		}
		s, err := c.in.ReadString('\n')
		if err != nil {
			return Reply{}, fmt.Errorf("daemon: reply ends early: %w", err)
		}
		s = strings.TrimRight(s, "\r\n")
		if s == "OK" {
			return r, nil
		}
		if rest, ok := strings.CutPrefix(s, "ERR "); ok {
			number, text, _ := strings.Cut(rest, " ")
			code, err := strconv.Atoi(number)
			if err != nil {
				return Reply{}, fmt.Errorf("daemon: reply line %q: no code", s)
			}
			r.Err = &Error{Code(code), text}
			return r, nil
		}
		if err := each(s); err != nil {
			return r, err
		}
	}
}
