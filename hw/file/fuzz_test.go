package file

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"slices"
	"testing"
)

// FuzzReader: whatever is in a file, it is refused, or what is played are the whole frames of its data chunk and no
// byte of another; no more memory is taken than the file has.
func FuzzReader(f *testing.F) {
	for _, c := range good {
		f.Add([]byte(c.file))
	}
	f.Fuzz(func(t *testing.T, file []byte) {
		for _, size := range []int64{int64(len(file)), -1} {
			r, err := newReader("fuzz", io.NopCloser(bytes.NewReader(file)), size)
			if err != nil {
				if !errors.Is(err, ErrFormat) {
					t.Fatal(err)
				}
				continue
			}
			got, err := readAll(r)
			if err != nil {
				t.Fatal(err)
			}
			data := dataOf(t, file)
			data = data[:len(data)-len(data)%r.frameBytes()]
			want := make([]float32, len(data)/r.format.Bytes())
			r.format.Decode(want, data)
			if !slices.Equal(got, want) || size >= 0 && r.Frames() != int64(len(want)/r.Channels()) {
				t.Fatalf("%v: %d samples, want %d of %d frames", r, len(got), len(want), r.Frames())
			}
			if size >= 0 && len(r.raw) > len(file) {
				t.Fatalf("%v: %d bytes of memory for a file of %d", r, len(r.raw), len(file))
			}
		}
	})
}

// dataOf is what the data chunk of a file holds that is a good one: as much of it as there is, all that follows if it
// has no length.
func dataOf(t *testing.T, file []byte) []byte {
	riff := binary.LittleEndian.Uint32(file[4:])
	for rest := file[12:]; len(rest) >= 8; {
		size := binary.LittleEndian.Uint32(rest[4:])
		name := string(rest[:4])
		rest = rest[8:]
		if name == "data" {
			if size == unknownSize || size == 0 && (riff == unknownSize || riff < 36) {
				return rest
			}
			return rest[:min(int64(len(rest)), int64(size))]
		}
		rest = rest[min(int64(len(rest)), int64(size)+int64(size%2)):]
	}
	t.Fatalf("%q is read, and has no data", file)
	return nil
}
