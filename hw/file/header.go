package file

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"fmt"
	"io"

	"submix/hw/pcm"
)

// header reads what comes before the samples.
type header struct {
	in     *bufio.Reader
	offset int64 // in the file
	riff   uint32

	samples
	dataBytes int64
	endless   bool // the data has no length of its own
}

// guidTail is how the GUID of a WAVE_FORMAT_EXTENSIBLE sub-format ends if it begins with an ordinary format tag
// (KSDATAFORMAT_SUBTYPE_WAVEFORMATEX).
var guidTail = []byte("\x00\x00\x00\x00\x10\x00\x80\x00\x00\xaa\x00\x38\x9b\x71")

// read goes through the chunks up to the data, which must come after the format.
func (h *header) read() error {
	var form [12]byte
	if err := h.fill(form[:]); err != nil {
		return err
	}
	if string(form[:4]) != "RIFF" || string(form[8:]) != "WAVE" {
		return fmt.Errorf("%w: it begins with %q and not with RIFF....WAVE", ErrFormat, form[:])
	}
	h.riff = binary.LittleEndian.Uint32(form[4:])
	for {
		var chunk [8]byte
		if err := h.fill(chunk[:]); err != nil {
			return err
		}
		name, size := string(chunk[:4]), binary.LittleEndian.Uint32(chunk[4:])
		switch {
		case name == "data" && h.channels == 0:
			return fmt.Errorf("%w: the data comes before the format", ErrFormat)
		case name == "data":
			h.setData(size)
			return nil
		case name == "fmt ":
			if err := h.readFormat(size); err != nil {
				return err
			}
		default:
			if err := h.skip(int64(size) + int64(size&1)); err != nil {
				return err
			}
		}
	}
}

// setData works out how long the data is. A program that writes to a pipe leaves 0 or 2^32-1 here and in the form's
// length; then the data goes on to the end of the file.
func (h *header) setData(size uint32) {
	const noForm = 36 // no form with a format and data is shorter
	h.dataBytes = int64(size)
	if size == unknownSize || size == 0 && (h.riff == unknownSize || h.riff < noForm) {
		h.dataBytes, h.endless = 1<<62, true
	}
}

func (h *header) readFormat(size uint32) error {
	if size < 16 || size > 1<<10 {
		return fmt.Errorf("%w: a format chunk of %d bytes", ErrFormat, size)
	}
	b := make([]byte, size+size&1)
	if err := h.fill(b); err != nil {
		return err
	}
	tag := binary.LittleEndian.Uint16(b)
	channels := int(binary.LittleEndian.Uint16(b[2:]))
	rate := binary.LittleEndian.Uint32(b[4:])
	frame := int(binary.LittleEndian.Uint16(b[12:]))
	bits := int(binary.LittleEndian.Uint16(b[14:]))
	if tag == tagExtensible && size >= 40 && bytes.Equal(b[26:40], guidTail) {
		tag = binary.LittleEndian.Uint16(b[24:])
	}
	if channels < 1 || channels > maxChannels || rate < 1 || rate > maxRate {
		return fmt.Errorf("%w: %d channels at %d Hz", ErrFormat, channels, rate)
	}
	format := formatOf(tag, bits)
	if format == 0 || frame != channels*format.Bytes() {
		return fmt.Errorf("%w: format tag %#04x with %d bits in frames of %d bytes (can be played: integers of 16, 24 and 32 bits, floats of 32)",
			ErrFormat, tag, bits, frame)
	}
	h.samples = samples{format, int(rate), channels}
	return nil
}

// formatOf returns 0 for what cannot be played. Samples of fewer valid bits lie at the upper end of their container, so
// the container is all that matters.
func formatOf(tag uint16, bits int) pcm.Format {
	switch {
	case tag == tagPCM && bits == 16:
		return pcm.S16LE
	case tag == tagPCM && bits == 24:
		return pcm.S24_3LE
	case tag == tagPCM && bits == 32:
		return pcm.S32LE
	case tag == tagFloat && bits == 32:
		return pcm.FloatLE
	}
	return 0
}

func (h *header) fill(b []byte) error {
	n, err := io.ReadFull(h.in, b)
	h.offset += int64(n)
	return h.cut(err)
}

func (h *header) skip(n int64) error {
	n, err := io.CopyN(io.Discard, h.in, n)
	h.offset += n
	return h.cut(err)
}

// cut makes an error of the end of the file, which must not come before the data.
func (h *header) cut(err error) error {
	if err == io.EOF || err == io.ErrUnexpectedEOF {
		return fmt.Errorf("%w: it ends after %d bytes, before any sound", ErrFormat, h.offset)
	}
	return err
}
