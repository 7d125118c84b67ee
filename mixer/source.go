package mixer

import (
	"errors"
	"time"
)

// A Source is what a stream reads: a capture device, a file, a simulated card.
type Source interface {
	// Read copies the frames that are there now into dst, interleaved in the
	// source's own channels, at most len(dst)/channels of them, and returns their
	// number. It never waits: nothing there yet is 0, nil. io.EOF, which may come
	// with the last frames, ends the stream when they have been played; [ErrGap]
	// says that frames were lost before those still to be read; any other error
	// ends the stream, or makes it gone if it is persistent, with the error as
	// reason. dst is the caller's. Only the mixing goroutine calls Read.
	Read(dst []float32) (frames int, err error)
}

// A Clocked source knows when its device captured what. A stream that follows
// its source's clock needs one.
type Clocked interface {
	Source
	// Ahead returns how many frames the device had captured at the time at beyond
	// those that Read has returned; negative if Read has returned some that were
	// captured later. at has a monotonic reading, best that of the device's last
	// interrupt; it is the zero time while nothing is known. Only the mixing
	// goroutine calls it, just before Read.
	Ahead() (frames int, at time.Time)
}

// A Sink is what the mix is written to, and its clock.
type Sink interface {
	// Wait blocks until the sink has room for a block and returns the number of
	// frames that were queued at the time at, which is that of the device's last
	// move and may be a little earlier than now. With [ErrGap] the sink had stopped
	// and plays again, faded in, and both hold; any other error ends [Mixer.Play].
	Wait() (queuedFrames int, at time.Time, err error)
	// Write takes one block, interleaved; it must not keep it.
	Write(block []float32) error
}

// Format is the shape of what a source delivers.
type Format struct {
	Rate     int // frames a second
	Channels int
}

// Errors of the mixer; each message goes on to say what was found.
var (
	// ErrEnded: input has ended, nothing can be added any more.
	ErrEnded = errors.New("input has ended")
	// ErrClosed: the mixer, or the feed, is closed.
	ErrClosed = errors.New("closed")
	// ErrExists: a stream of that name is in the mix.
	ErrExists = errors.New("a stream of that name is in the mix")
	// ErrShape: rate, channels or number of samples do not fit; ask for others.
	ErrShape = errors.New("wrong shape")
	// ErrGap is returned by a Source that has lost frames and works on from now, and
	// by a Sink that has stopped and plays again.
	ErrGap = errors.New("frames were lost")
)

// What a channel map may hold beside channel numbers of the source.
const (
	// ChannelNone is silence.
	ChannelNone = -1
	// ChannelAll is the mean of all channels of the source.
	ChannelAll = -2
)

// defaultMap is the map used when none is given: mono to every channel, more
// channels than the mix has: the first ones (their mean, if the mix is mono),
// fewer: silence in those that are missing.
func defaultMap(mix, source int) []int {
	m := make([]int, mix)
	for c := range m {
		switch {
		case source == 1:
			m[c] = 0
		case mix == 1:
			m[c] = ChannelAll
		case c < source:
			m[c] = c
		default:
			m[c] = ChannelNone
		}
	}
	return m
}

// identity reports that the map changes nothing.
func identity(m []int, source int) bool {
	for c, s := range m {
		if s != c {
			return false
		}
	}
	return len(m) == source
}

// mapChannels writes the frames of src, of the given number of channels, to
// dst, of len(m) channels.
func mapChannels(dst, src []float32, m []int, channels int) {
	for ; len(src) >= channels; src, dst = src[channels:], dst[len(m):] {
		for c, s := range m {
			switch s {
			case ChannelNone:
				dst[c] = 0
			case ChannelAll:
				sum := float32(0)
				for _, v := range src[:channels] {
					sum += v
				}
				dst[c] = sum / float32(channels)
			default:
				dst[c] = src[s]
			}
		}
	}
}
