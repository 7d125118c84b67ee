package control

import (
	"errors"
	"fmt"
	"io"
)

// chunkBytes is the most that is read at once.
const chunkBytes = 512

// An input reads ahead of a session, by one chunk, so that the session can wait
// for bytes and for a time. What comes from chunks is good until the next one
// is received.
type input struct {
	chunks chan []byte // closed when reading has ended; err says why
	quit   chan struct{}
	err    error // nil: at the end of the input
}

// readAhead begins to read r.
func readAhead(r io.Reader) *input {
	in := &input{chunks: make(chan []byte), quit: make(chan struct{})}
	go in.run(r)
	return in
}

func (in *input) run(r io.Reader) {
	defer close(in.chunks)
	var buffers [2][chunkBytes]byte // one is the session's while the other is filled
	for i := 0; ; {
		n, err := r.Read(buffers[i][:])
		if n > 0 {
			select {
			case in.chunks <- buffers[i][:n]:
				i = 1 - i
			case <-in.quit:
				return
			}
		}
		if err != nil {
			if !errors.Is(err, io.EOF) {
				in.err = err
			}
			return
		}
	}
}

// end waits until reading has ended, which it hurries by closing what is read
// if that can be closed.
func (in *input) end(r io.Reader) {
	close(in.quit)
	select {
	case _, open := <-in.chunks:
		if !open {
			return
		}
	default:
	}
	if c, ok := r.(io.Closer); ok {
		c.Close()
	}
	for range in.chunks {
	}
}

// why returns the error to end a session with when chunks is closed.
func (in *input) why(origin string) error {
	if in.err != nil {
		return fmt.Errorf("%s: %w", origin, in.err)
	}
	return nil
}
