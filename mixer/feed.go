package mixer

import (
	"context"
	"fmt"
	"io"
	"sync"
	"sync/atomic"
)

// A Feed is a [Source] that another goroutine, the producer, writes to: a file
// being read, a test. It is bounded: a producer that is ahead waits.
type Feed struct {
	q    *ring
	wake atomic.Pointer[chan struct{}] // of the mixer that reads it

	waiting  atomic.Bool   // the producer waits for room
	room     chan struct{} // cap 1
	ended    atomic.Bool   // nothing is written after this; end is set
	end      error
	released chan struct{} // closed when the reader is gone
	once     sync.Once
}

// NewFeed makes a feed that holds at least frames frames.
func NewFeed(channels, frames int) *Feed {
	return &Feed{
		q:        newRing(frames, channels),
		room:     make(chan struct{}, 1),
		released: make(chan struct{}),
	}
}

// Write queues the frames of src, interleaved, waiting while the feed is full.
// It returns ErrShape, and ends the stream with it, if src is not a whole
// number of frames; ErrClosed when the stream has been removed, has failed or
// the mixer has been closed; or the error of ctx. Only the producer calls it.
func (f *Feed) Write(ctx context.Context, src []float32) error {
	if len(src)%f.q.channels != 0 {
		err := fmt.Errorf("%w: %d samples are not a whole number of frames of %d channels",
			ErrShape, len(src), f.q.channels)
		f.CloseWrite(err)
		return err
	}
	for {
		f.waiting.Store(true) // before looking for room, so that no room goes unnoticed
		if n := f.q.write(src); n > 0 {
			src = src[n*f.q.channels:]
			f.signal()
		}
		if len(src) == 0 {
			f.waiting.Store(false)
			return nil
		}
		select {
		case <-f.room:
		case <-f.released:
			return fmt.Errorf("feed: %w", ErrClosed)
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// CloseWrite ends the feed: what was written is still played, then the stream
// ends, with err as reason unless it is nil. Only the producer calls it.
func (f *Feed) CloseWrite(err error) {
	if f.ended.Load() {
		return
	}
	if f.end = err; err == nil {
		f.end = io.EOF
	}
	f.ended.Store(true)
	f.signal()
}

// Read implements [Source].
func (f *Feed) Read(dst []float32) (int, error) {
	ended := f.ended.Load() // before reading: what is written later is not lost
	n := f.q.read(dst)
	if n > 0 && f.waiting.Load() {
		notify(f.room)
	}
	if ended && f.q.len() == 0 {
		return n, f.end
	}
	return n, nil
}

// bind makes the feed wake the mixing goroutine that waits on wake.
func (f *Feed) bind(wake chan struct{}) { f.wake.Store(&wake) }

// release lets a waiting producer go: nobody will read any more.
func (f *Feed) release() { f.once.Do(func() { close(f.released) }) }

func (f *Feed) signal() {
	if wake := f.wake.Load(); wake != nil {
		notify(*wake)
	}
}

// notify sends on a channel of capacity 1 unless a send is pending already.
func notify(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}
