package serial

import (
	"bytes"
	"context"
	"fmt"
	"sync"
)

const (
	queueBytes = 64 << 10 // what Write may be ahead of the port
	chunkBytes = 1 << 10  // the most given to the kernel at once
)

// conn is one session's side of an open port.
type conn struct {
	ctx  context.Context
	dev  device
	baud int

	mu       sync.Mutex
	more     sync.Cond // there is something for the writer: bytes, or the end
	queue    []byte    // written by the session, not yet given to the kernel
	line     int       // how many bytes at the end of queue belong to a line that is not finished
	torn     bool      // the beginning of the unfinished line has left the queue
	skipping bool      // the rest of the line being written is dropped
	ended    bool      // the session has returned
	dropped  bool      // and nothing is written any more
	err      error     // why the port cannot be written any more
}

func newConn(ctx context.Context, dev device, baud int) *conn {
	c := &conn{ctx: ctx, dev: dev, baud: baud, queue: make([]byte, 0, queueBytes)}
	c.more.L = &c.mu
	return c
}

// BytesPerSecond is what the line carries: of ten bits, eight are a byte.
func (c *conn) BytesPerSecond() int { return c.baud / 10 }

// Read implements io.Reader as Run says.
func (c *conn) Read(p []byte) (int, error) {
	if len(p) == 0 {
		return 0, nil
	}
	for {
		c.mu.Lock()
		err := c.over()
		c.mu.Unlock()
		if err != nil {
			return 0, err
		}
		n, err := c.dev.Read(p)
		if err != nil {
			return n, fmt.Errorf("%w: %w", ErrGone, err)
		}
		if n > 0 {
			return n, nil
		}
	}
}

// over returns why the session has to end, if it has; mu is held.
func (c *conn) over() error {
	if c.err != nil {
		return c.err
	}
	if c.ended || c.ctx.Err() != nil {
		return ErrClosed
	}
	return nil
}

// Write implements io.Writer as Run says: p is copied, and is as good as written even if lines of it are dropped.
func (c *conn) Write(p []byte) (int, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if err := c.over(); err != nil {
		return 0, err
	}
	for rest := p; len(rest) > 0; {
		n := bytes.IndexByte(rest, '\n') + 1
		finished := n > 0
		if !finished {
			n = len(rest)
		}
		c.put(rest[:n], finished)
		rest = rest[n:]
	}
	c.more.Signal()
	return len(p), nil
}

// put queues a piece of one line or drops the line it belongs to. One byte is kept free to end a line that is torn.
func (c *conn) put(piece []byte, finished bool) {
	switch {
	case c.skipping:
	case len(c.queue)+len(piece) < queueBytes:
		c.queue = append(c.queue, piece...)
		c.line += len(piece)
	default:
		c.queue = c.queue[:len(c.queue)-c.line]
		if c.torn { // part of it is out already: at least what follows is a line of its own
			c.queue = append(c.queue, '\n')
		}
		c.line, c.torn, c.skipping = 0, false, true
	}
	if finished {
		c.line, c.torn, c.skipping = 0, false, false
	}
}

// end lets the writer return once the queue is empty.
func (c *conn) end() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.ended = true
	c.more.Signal()
}

// discard has the writer return, whatever is in the queue.
func (c *conn) discard() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.dropped = true
}

func (c *conn) isDropped() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.dropped
}

// writeAll gives the queue to the port until the session has ended or the port fails. It is the only one that writes.
func (c *conn) writeAll() {
	chunk := make([]byte, 0, chunkBytes)
	for {
		chunk = c.next(chunk)
		if len(chunk) == 0 {
			return
		}
		for rest := chunk; len(rest) > 0 && !c.isDropped(); {
			n, err := c.dev.Write(rest)
			if err != nil {
				c.fail(err)
				return
			}
			rest = rest[n:]
		}
	}
}

// next waits for bytes and moves some of the queue into chunk; none are left when it returns none.
func (c *conn) next(chunk []byte) []byte {
	c.mu.Lock()
	defer c.mu.Unlock()
	for len(c.queue) == 0 && !c.ended {
		c.more.Wait()
	}
	if c.dropped {
		return nil
	}
	n := min(len(c.queue), chunkBytes)
	chunk = append(chunk[:0], c.queue[:n]...)
	c.queue = c.queue[:copy(c.queue, c.queue[n:])]
	if c.line > len(c.queue) {
		c.line, c.torn = len(c.queue), true
	}
	return chunk
}

func (c *conn) fail(err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.err = fmt.Errorf("%w: %w", ErrGone, err)
	c.queue = c.queue[:0]
}
