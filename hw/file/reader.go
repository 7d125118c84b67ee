package file

import (
	"bufio"
	"fmt"
	"io"
	"os"
)

// Reader reads the frames of a WAV file. Not for concurrent use.
type Reader struct {
	samples
	name   string
	file   io.Closer
	in     *bufio.Reader
	left   int64 // bytes of data not read yet; without a known end: a number that is never reached
	frames int64
	raw    []byte
	err    error // what the next Read returns
}

// OpenReader opens a file of 16, 24 or 32-bit integers or 32-bit floats, any number of channels. Errors wrap those of
// package os, or ErrFormat; they name the file and say what was found in it.
func OpenReader(path string) (*Reader, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	info, err := f.Stat()
	if err != nil {
		f.Close()
		return nil, err
	}
	size := int64(-1)
	if info.Mode().IsRegular() {
		size = info.Size()
	}
	r, err := newReader(path, f, size)
	if err != nil {
		f.Close()
		return nil, err
	}
	return r, nil
}

// newReader reads up to the beginning of the data; size is that of the whole file, or -1 for a pipe.
func newReader(name string, f io.ReadCloser, size int64) (*Reader, error) {
	r := &Reader{name: name, file: f, in: bufio.NewReaderSize(f, 64<<10)}
	h := header{in: r.in}
	if err := h.read(); err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	r.samples = h.samples
	r.left = h.dataBytes
	if size >= 0 {
		r.left = max(0, min(r.left, size-h.offset)) // cut off, or no size in the header
	}
	r.left -= r.left % int64(r.frameBytes())
	r.frames = r.left / int64(r.frameBytes())
	if size < 0 && h.endless {
		r.frames = -1
	}
	return r, nil
}

// Rate returns the frames a second.
func (r *Reader) Rate() int { return r.rate }

// Channels returns the number of channels.
func (r *Reader) Channels() int { return r.channels }

// Frames returns the length of the file, -1 if it is not known (a pipe).
func (r *Reader) Frames() int64 { return r.frames }

// String names the file and its format.
func (r *Reader) String() string {
	return fmt.Sprintf("%s: %d Hz, %d channels, %v", r.name, r.rate, r.channels, r.format)
}

// Read reads frames into dst, interleaved, full scale 1.0, len(dst)/Channels() of them if the file has as many, and
// returns their number. It waits for the disk.
//
//	n > 0, nil      n frames
//	0, nil          dst is shorter than a frame
//	0, io.EOF       the end of the file
//	0, ErrClosed    Close was called
//	0, other        the disk's error
func (r *Reader) Read(dst []float32) (frames int, err error) {
	if r.err != nil {
		return 0, r.err
	}
	frame := r.frameBytes()
	want := min(int64(len(dst)/r.channels*frame), r.left)
	if want == 0 {
		if r.left == 0 {
			return 0, io.EOF
		}
		return 0, nil
	}
	if int64(len(r.raw)) < want {
		r.raw = make([]byte, want)
	}
	n, err := io.ReadFull(r.in, r.raw[:want])
	r.left -= int64(n)
	if err == io.ErrUnexpectedEOF { // shorter than the header says
		err, r.left = io.EOF, 0
	}
	r.err = err
	frames = n / frame
	r.format.Decode(dst[:frames*r.channels], r.raw)
	if frames > 0 {
		return frames, nil
	}
	return 0, err
}

// Close closes the file.
func (r *Reader) Close() error {
	r.err = ErrClosed
	return r.file.Close()
}
