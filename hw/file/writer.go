package file

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"sync"

	"submix/hw/pcm"
)

const bufferBytes = 64 << 10

// output is what is used of a file.
type output interface {
	io.WriteCloser
	io.WriterAt
}

// Writer records frames in a WAV file. One goroutine may write while another closes.
type Writer struct {
	samples
	name string

	mu     sync.Mutex
	file   output
	head   []byte
	buf    []byte // encoded, not written yet
	data   int64  // bytes of data in the file
	failed error  // the first error, which all calls after it return
}

// Create makes the file, or empties the one that is there. format is S16LE, S24_3LE, S32LE or FloatLE; errors wrap those
// of package os, or ErrFormat. Call Close at the end.
func Create(path string, rate, channels int, format pcm.Format) (*Writer, error) {
	shape := samples{format, rate, channels}
	if rate < 1 || rate > maxRate || channels < 1 || channels > maxChannels || format.Bytes() == 0 || format == pcm.S24LE {
		return nil, fmt.Errorf("%s: %w: %d Hz, %d channels, %v (can be written: S16_LE, S24_3LE, S32_LE, FLOAT_LE)", path, ErrFormat, rate, channels, format)
	}
	f, err := os.Create(path)
	if err != nil {
		return nil, err
	}
	w, err := newWriter(path, f, shape)
	if err != nil {
		f.Close()
		return nil, err
	}
	return w, nil
}

func newWriter(name string, f output, shape samples) (*Writer, error) {
	w := &Writer{samples: shape, name: name, file: f, head: head(shape)}
	w.buf = make([]byte, 0, max(bufferBytes/w.frameBytes(), 1)*w.frameBytes())
	if _, err := f.Write(w.head); err != nil {
		return nil, err
	}
	return w, nil
}

// head returns the header of an empty file. The sizes in it are at 4, and in the last four bytes; that of frames, which
// formats other than PCM have, in the four bytes before the data chunk.
func head(s samples) []byte {
	tag, fact := uint16(tagPCM), false
	if s.format == pcm.FloatLE {
		tag, fact = tagFloat, true
	}
	b := []byte("RIFF\x00\x00\x00\x00WAVEfmt ")
	le := binary.LittleEndian
	length := uint32(16)
	if fact {
		length = 18
	}
	b = le.AppendUint32(b, length)
	b = le.AppendUint16(b, tag)
	b = le.AppendUint16(b, uint16(s.channels))
	b = le.AppendUint32(b, uint32(s.rate))
	b = le.AppendUint32(b, uint32(s.rate*s.frameBytes()))
	b = le.AppendUint16(b, uint16(s.frameBytes()))
	b = le.AppendUint16(b, uint16(s.format.Bytes()*8))
	if fact {
		b = append(b, "\x00\x00fact\x04\x00\x00\x00\x00\x00\x00\x00"...)
	}
	b = append(b, "data\x00\x00\x00\x00"...)
	le.PutUint32(b[4:], uint32(len(b)-8))
	return b
}

// WriteFrames appends frames, interleaved, full scale 1.0; what is beyond is clipped. It keeps nothing of frames, and
// writes to the disk once 64 KiB have come together. The header is brought up to date each time, so that a crash leaves
// a file that can be played. ErrFull: the frames would make the file longer than 4 GiB. After an error all calls fail
// with it.
func (w *Writer) WriteFrames(frames []float32) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.failed != nil {
		return w.failed
	}
	if len(frames)%w.channels != 0 {
		return fmt.Errorf("%s: %d samples are no whole frames of %d channels", w.name, len(frames), w.channels)
	}
	sample := w.format.Bytes()
	total := w.data + int64(len(w.buf)) + int64(len(frames)*sample)
	if total > unknownSize-1-int64(len(w.head)) {
		return w.fail(fmt.Errorf("%s: %w: 4 GiB", w.name, ErrFull))
	}
	for len(frames) > 0 {
		n := min(len(frames), (cap(w.buf)-len(w.buf))/sample)
		used := len(w.buf)
		w.buf = w.buf[:used+n*sample]
		w.format.Encode(w.buf[used:], frames[:n])
		frames = frames[n:]
		if len(w.buf) == cap(w.buf) {
			if err := w.flush(); err != nil {
				return w.fail(err)
			}
		}
	}
	return nil
}

// Close writes what is left and closes the file.
func (w *Writer) Close() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if errors.Is(w.failed, ErrClosed) {
		return nil
	}
	var err error
	if w.failed == nil || errors.Is(w.failed, ErrFull) {
		err = w.flush()
		if err == nil && w.data%2 == 1 { // chunks have an even length
			_, err = w.file.Write([]byte{0})
		}
	}
	err = errors.Join(err, w.file.Close())
	w.fail(fmt.Errorf("%s: %w", w.name, ErrClosed))
	return err
}

// flush writes the buffer, and then the sizes.
func (w *Writer) flush() error {
	n, err := w.file.Write(w.buf)
	w.data += int64(n)
	if err != nil {
		return err
	}
	w.buf = w.buf[:0]
	le := binary.LittleEndian
	le.PutUint32(w.head[4:], uint32(int64(len(w.head)-8)+w.data+w.data%2))
	le.PutUint32(w.head[len(w.head)-4:], uint32(w.data))
	if w.format == pcm.FloatLE {
		le.PutUint32(w.head[len(w.head)-12:], uint32(w.data/int64(w.frameBytes())))
	}
	_, err = w.file.WriteAt(w.head, 0)
	return err
}

func (w *Writer) fail(err error) error {
	w.failed = err
	return err
}
