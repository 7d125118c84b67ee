// Package file reads and writes WAV files: sources that end, and recordings of the mix.
//
// The format is that of Microsoft's "Multiple Channel Audio Data and WAVE Files" and the older RIFF specification: a
// form of chunks, each a name of four letters, a 32-bit length, little endian, and data padded to an even length.
package file

import (
	"errors"

	"submix/hw/pcm"
)

var (
	// ErrFormat: not a WAV file, or one whose samples are not linear. The message says what was found.
	ErrFormat = errors.New("no WAV file that can be played")
	// ErrFull: a WAV file cannot be longer than 4 GiB. What was written before is in the file.
	ErrFull = errors.New("WAV file is full")
	// ErrClosed: Close was called.
	ErrClosed = errors.New("WAV file is closed")
)

const (
	tagPCM        = 0x0001
	tagFloat      = 0x0003
	tagExtensible = 0xfffe

	maxChannels = 256
	maxRate     = 1 << 20
	unknownSize = 1<<32 - 1 // what programs write that cannot go back to the header
)

// samples is the shape of a file's data.
type samples struct {
	format   pcm.Format
	rate     int // frames a second
	channels int
}

func (s samples) frameBytes() int { return s.channels * s.format.Bytes() }
