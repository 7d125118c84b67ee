package file

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"submix/hw/pcm"
)

// readAll reads a file in pieces of an odd number of frames.
func readAll(r *Reader) (samples []float32, err error) {
	dst := make([]float32, 509*r.Channels())
	for {
		n, err := r.Read(dst)
		if err == io.EOF {
			return samples, nil
		}
		if err != nil {
			return samples, err
		}
		samples = append(samples, dst[:n*r.Channels()]...)
	}
}

// some returns samples that each format can hold exactly.
func some(n int) []float32 {
	s := make([]float32, n)
	for i := range s {
		s[i] = float32(int16(i*7919)) / 32768
	}
	return s
}

func TestWrittenIsRead(t *testing.T) {
	for _, format := range []pcm.Format{pcm.S16LE, pcm.S24_3LE, pcm.S32LE, pcm.FloatLE} {
		for _, channels := range []int{1, 2, 5} {
			path := filepath.Join(t.TempDir(), "x.wav")
			w, err := Create(path, 44100, channels, format)
			if err != nil {
				t.Fatal(err)
			}
			want := some(channels * 30001)
			for piece := range slices.Chunk(want, channels*241) {
				if err := w.WriteFrames(piece); err != nil {
					t.Fatal(err)
				}
			}
			if err := w.Close(); err != nil {
				t.Fatal(err)
			}
			r, err := OpenReader(path)
			if err != nil {
				t.Fatal(err)
			}
			if r.Rate() != 44100 || r.Channels() != channels || r.Frames() != 30001 {
				t.Errorf("%v: %d frames", r, r.Frames())
			}
			if got, err := readAll(r); err != nil || !slices.Equal(got, want) {
				t.Errorf("%v: %d samples, %v; want %d, or they differ", r, len(got), err, len(want))
			}
			r.Close()
			if _, err := r.Read(want); !errors.Is(err, ErrClosed) {
				t.Errorf("%v: read after Close: %v", r, err)
			}
			raw, err := os.ReadFile(path)
			if err != nil || len(raw)%2 != 0 || int(binary.LittleEndian.Uint32(raw[4:])) != len(raw)-8 {
				t.Errorf("%v: the form's length does not fit the file of %d bytes", r, len(raw))
			}
		}
	}
}

func TestHeaderBytes(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x.wav")
	w, err := Create(path, 48000, 2, pcm.S16LE)
	if err != nil {
		t.Fatal(err)
	}
	w.WriteFrames([]float32{0.5, -1, 2, 0})
	if err := errors.Join(w.Close(), w.Close()); err != nil {
		t.Fatal(err)
	}
	want := "RIFF\x2c\x00\x00\x00WAVEfmt \x10\x00\x00\x00\x01\x00\x02\x00\x80\xbb\x00\x00\x00\xee\x02\x00\x04\x00\x10\x00data\x08\x00\x00\x00" +
		"\x00\x40\x00\x80\xff\x7f\x00\x00"
	if got, err := os.ReadFile(path); err != nil || string(got) != want {
		t.Errorf("%v\n got %q\nwant %q", err, got, want)
	}
}

// A recording that is never closed can be played up to what is in the file.
func TestCrashLeavesAFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x.wav")
	w, err := Create(path, 48000, 2, pcm.FloatLE)
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	want := some(96000)
	if err := w.WriteFrames(want); err != nil {
		t.Fatal(err)
	}
	r, err := OpenReader(path)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	got, err := readAll(r)
	if err != nil || len(got)*4 < len(want)*4-bufferBytes || !slices.Equal(got, want[:len(got)]) {
		t.Errorf("%d of %d samples, %v", len(got), len(want), err)
	}
}

// disk is a file in memory that can be as full as a test wants.
type disk struct {
	bytes.Buffer
	err error
}

func (d *disk) Write(p []byte) (int, error) {
	if d.err != nil {
		return 0, d.err
	}
	return d.Buffer.Write(p)
}

func (d *disk) WriteAt(p []byte, at int64) (int, error) { return copy(d.Bytes()[at:], p), nil }
func (d *disk) Close() error                            { return nil }

func TestWriterErrors(t *testing.T) {
	newDisk := func() (*disk, *Writer) {
		d := &disk{}
		w, err := newWriter("x.wav", d, samples{pcm.S16LE, 48000, 2})
		if err != nil {
			t.Fatal(err)
		}
		return d, w
	}
	d, w := newDisk()
	w.data = 1<<32 - 1000
	if err := w.WriteFrames(make([]float32, 400)); err != nil {
		t.Errorf("up to the limit: %v", err)
	}
	for range 2 {
		if err := w.WriteFrames(make([]float32, 80)); !errors.Is(err, ErrFull) || !strings.Contains(err.Error(), "x.wav") {
			t.Errorf("beyond the limit: %v", err)
		}
	}
	if err := w.Close(); err != nil || binary.LittleEndian.Uint32(d.Bytes()[40:]) != 1<<32-200 {
		t.Errorf("the full file: %v, %q", err, d.Bytes()[:44])
	}
	if err := w.WriteFrames(nil); !errors.Is(err, ErrClosed) {
		t.Errorf("after Close: %v", err)
	}

	d, w = newDisk()
	d.err = io.ErrShortWrite
	for range 2 {
		if err := w.WriteFrames(make([]float32, 96000)); !errors.Is(err, io.ErrShortWrite) {
			t.Errorf("disk error: %v", err)
		}
	}
	if _, w = newDisk(); w.WriteFrames(make([]float32, 3)) == nil {
		t.Error("one and a half frames were written")
	}
	for _, bad := range []struct {
		rate, channels int
		format         pcm.Format
	}{{0, 2, pcm.S16LE}, {48000, 0, pcm.S16LE}, {48000, 2, 0}, {48000, 2, pcm.S24LE}} {
		if _, err := Create(filepath.Join(t.TempDir(), "x.wav"), bad.rate, bad.channels, bad.format); !errors.Is(err, ErrFormat) {
			t.Errorf("%+v: %v", bad, err)
		}
	}
	if _, err := Create(filepath.Join(t.TempDir(), "no", "x.wav"), 48000, 2, pcm.S16LE); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("no directory: %v", err)
	}
}

func TestWriteAllocatesNothing(t *testing.T) {
	w, err := Create(filepath.Join(t.TempDir(), "x.wav"), 48000, 2, pcm.S16LE)
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	block := make([]float32, 480)
	if n := testing.AllocsPerRun(500, func() { w.WriteFrames(block) }); n != 0 {
		t.Errorf("%g allocations a block", n)
	}
}
