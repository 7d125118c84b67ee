package mixer

import (
	"math/bits"
	"sync/atomic"
)

// A ring is a queue of frames between one writing and one reading goroutine,
// which may be the same. Positions are counted in frames since it was made and
// never wrap in practice (2^64 frames at 192 kHz are three million years).
type ring struct {
	buf      []float32 // size frames, interleaved
	channels int
	size     int // frames, a power of two
	r, w     atomic.Uint64
}

// newRing makes a ring that holds at least frames frames.
func newRing(frames, channels int) *ring {
	size := 1 << bits.Len(uint(max(frames, 1)-1))
	return &ring{buf: make([]float32, size*channels), channels: channels, size: size}
}

// len is the number of frames that can be read.
func (q *ring) len() int { return int(q.w.Load() - q.r.Load()) }

// free is the number of frames that can be written.
func (q *ring) free() int { return q.size - q.len() }

// write copies as many whole frames of src as there is room for and returns
// their number.
func (q *ring) write(src []float32) int {
	n := min(len(src)/q.channels, q.free())
	w := q.w.Load()
	at := int(w) & (q.size - 1)
	k := copy(q.buf[at*q.channels:], src[:n*q.channels])
	copy(q.buf, src[k:n*q.channels])
	q.w.Store(w + uint64(n))
	return n
}

// read moves the oldest frames into dst, as many as there are and fit, and
// returns their number.
func (q *ring) read(dst []float32) int {
	n := q.peek(dst, 0)
	q.drop(n)
	return n
}

// peek copies frames into dst without taking them, from skip frames behind the
// oldest on, or with a negative skip from those on that were read last, and returns
// their number.
func (q *ring) peek(dst []float32, skip int) int {
	n := max(0, min(len(dst)/q.channels, q.len()-skip))
	at := (int(q.r.Load()) + skip) & (q.size - 1)
	k := copy(dst[:n*q.channels], q.buf[at*q.channels:])
	copy(dst[k:n*q.channels], q.buf)
	return n
}

// newest copies the newest frames into dst, as many as fit; they may have been read.
func (q *ring) newest(dst []float32) {
	at := (int(q.w.Load()) - len(dst)/q.channels) & (q.size - 1)
	k := copy(dst, q.buf[at*q.channels:])
	copy(dst[k:], q.buf)
}

// kept is how many frames that were read are still there.
func (q *ring) kept() int { return int(min(q.r.Load(), uint64(q.free()))) }

// fadeOut applies the beginning of a fade to silence of so many frames to the newest
// ones, or as much of it as there are frames. Only where reader and writer are the
// same goroutine.
func (q *ring) fadeOut(frames int) {
	fade := ramp{from: 1, len: frames}
	frames = min(frames, q.len())
	for i := range frames {
		at := (int(q.w.Load()) - frames + i) & (q.size - 1)
		fade.apply(q.buf[at*q.channels:][:q.channels], q.channels)
	}
}

// drop discards the oldest n frames, n at most len; with a negative n, those that
// were read last are there to be read again, at most kept.
func (q *ring) drop(n int) { q.r.Add(uint64(n)) }
