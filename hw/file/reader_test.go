package file

import (
	"encoding/binary"
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// chunk returns a chunk whose header gives the length size.
func chunk(name string, size uint32, data string) string {
	return name + string(binary.LittleEndian.AppendUint32(nil, size)) + data
}

// form returns a file; length is what its header says.
func form(length uint32, chunks ...string) string {
	return chunk("RIFF", length, "WAVE"+strings.Join(chunks, ""))
}

// format returns a format chunk, with the bytes that extend it.
func format(tag uint16, channels, rate, bits int, extension string) string {
	le := binary.LittleEndian
	frame := channels * bits / 8
	b := le.AppendUint16(nil, tag)
	b = le.AppendUint16(b, uint16(channels))
	b = le.AppendUint32(b, uint32(rate))
	b = le.AppendUint32(b, uint32(rate*frame))
	b = le.AppendUint16(b, uint16(frame))
	b = le.AppendUint16(b, uint16(bits))
	b = append(b, extension...)
	return chunk("fmt ", uint32(len(b)), string(b))
}

const (
	guid      = "\x00\x00\x00\x00\x10\x00\x80\x00\x00\xaa\x00\x38\x9b\x71"
	extension = "\x16\x00\x18\x00\x03\x00\x00\x00" // 22 bytes follow, 24 valid bits, left and right
	four      = "\x00\x40\x00\xc0\x00\x20\x00\xe0" // four samples of 16 bits
)

var fourWant = []float32{0.5, -0.5, 0.25, -0.25}

type wav struct {
	file     string
	channels int
	frames   int64
	want     []float32
}

var good = map[string]wav{
	"plain":          {form(44, format(1, 2, 48000, 16, ""), chunk("data", 8, four)), 2, 2, fourWant},
	"odd chunks":     {form(0, chunk("LIST", 3, "abc\x00"), format(1, 1, 8000, 16, ""), chunk("odd ", 1, "x\x00"), chunk("data", 8, four), chunk("LIST", 4, "tail")), 1, 4, fourWant},
	"cut off":        {form(1000, format(1, 2, 48000, 16, ""), chunk("data", 900, four+"\x00\x10\x00")), 2, 2, fourWant},
	"streamed":       {form(unknownSize, format(1, 2, 48000, 16, ""), chunk("data", unknownSize, four+"\x00")), 2, 2, fourWant},
	"streamed, 0":    {form(0, format(1, 2, 48000, 16, ""), chunk("data", 0, four)), 2, 2, fourWant},
	"empty":          {form(48, format(1, 2, 48000, 16, ""), chunk("data", 0, ""), chunk("LIST", 4, "tail")), 2, 0, nil},
	"24 bits":        {form(0, format(1, 1, 48000, 24, ""), chunk("data", 6, "\x00\x00\x40\x00\x00\xc0")), 1, 2, fourWant[:2]},
	"24 in 32, ext.": {form(0, format(tagExtensible, 2, 48000, 32, extension+"\x01\x00"+guid), chunk("data", 8, "\x00\x00\x00\x40\x00\x00\x00\xc0")), 2, 1, fourWant[:2]},
	"float":          {form(0, format(3, 1, 48000, 32, "\x00\x00"), chunk("data", 8, "\x00\x00\x00\x3f\x00\x00\x00\xbf")), 1, 2, fourWant[:2]},
	"float, ext.":    {form(0, format(tagExtensible, 1, 48000, 32, extension+"\x03\x00"+guid), chunk("data", 8, "\x00\x00\x00\x3f\x00\x00\x00\xbf")), 1, 2, fourWant[:2]},
}

func TestReader(t *testing.T) {
	for name, c := range good {
		path := filepath.Join(t.TempDir(), "x.wav")
		if err := os.WriteFile(path, []byte(c.file), 0o600); err != nil {
			t.Fatal(err)
		}
		r, err := OpenReader(path)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		got, err := readAll(r)
		if err != nil || r.Channels() != c.channels || r.Frames() != c.frames || !slices.Equal(got, c.want) {
			t.Errorf("%s: %v, %d frames: %v, %v", name, r, r.Frames(), got, err)
		}
		if n, err := r.Read(make([]float32, 8)); n != 0 || err != io.EOF {
			t.Errorf("%s: at the end: %d, %v", name, n, err)
		}
		r.Close()
	}
}

func TestReaderOfAPipe(t *testing.T) {
	c := good["streamed"]
	r, err := newReader("pipe", io.NopCloser(strings.NewReader(c.file)), -1)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := readAll(r); err != nil || r.Frames() != -1 || !slices.Equal(got, c.want) {
		t.Errorf("%d frames: %v, %v", r.Frames(), got, err)
	}
}

func TestNotToBePlayed(t *testing.T) {
	plain := format(1, 2, 48000, 16, "")
	data := chunk("data", 8, four)
	for name, c := range map[string]struct{ file, says string }{
		"nothing":         {"", "ends after 0 bytes"},
		"text":            {"#!/bin/sh\necho hello\n", `begins with "#!/bin/sh`},
		"RF64":            {chunk("RF64", unknownSize, "WAVE") + plain + data, `begins with "RF64`},
		"no data":         {form(0, plain), "ends after 36 bytes"},
		"data first":      {form(0, data, plain), "data comes before the format"},
		"short format":    {form(0, chunk("fmt ", 4, "\x01\x00\x02\x00"), data), "format chunk of 4 bytes"},
		"great format":    {form(0, chunk("fmt ", 1<<31, "\x01\x00\x02\x00"), data), "format chunk of 2147483648 bytes"},
		"8 bits":          {form(0, format(1, 2, 48000, 8, ""), data), "tag 0x0001 with 8 bits"},
		"mp3":             {form(0, format(0x55, 2, 48000, 16, ""), data), "tag 0x0055"},
		"double":          {form(0, format(3, 2, 48000, 64, ""), data), "tag 0x0003 with 64 bits"},
		"unknown GUID":    {form(0, format(tagExtensible, 2, 48000, 32, extension+"\x01\x00fourteen bytes"), data), "tag 0xfffe"},
		"no channels":     {form(0, format(1, 0, 48000, 16, ""), data), "0 channels"},
		"no rate":         {form(0, format(1, 2, 0, 16, ""), data), "at 0 Hz"},
		"frame too small": {form(0, strings.Replace(plain, "\x04\x00\x10\x00", "\x02\x00\x10\x00", 1), data), "frames of 2 bytes"},
	} {
		path := filepath.Join(t.TempDir(), "x.wav")
		if err := os.WriteFile(path, []byte(c.file), 0o600); err != nil {
			t.Fatal(err)
		}
		_, err := OpenReader(path)
		if !errors.Is(err, ErrFormat) || !strings.Contains(err.Error(), path) || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: %v; want an error that says %q", name, err, c.says)
		}
	}
	if _, err := OpenReader(filepath.Join(t.TempDir(), "none.wav")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("no file: %v", err)
	}
}
