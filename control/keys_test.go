package control

import (
	"bytes"
	"io"
	"strings"
	"testing"
	"testing/iotest"
)

// What the editor gets of what a terminal sends, however that is split.
func TestKeys(t *testing.T) {
	for _, c := range []struct{ name, in, want string }{
		{"text", "mute mic\r", "mute mic\r"},
		{"one Enter", "a\r\nb\n", "a\rb\r"},
		{"arrows", "\x1b[A\x1b[B\x1b[C\x1b[D\x1bOA", "\x10\x0e\x06\x02\x10"},
		{"by words", "\x1b[1;5C\x1b[1;3D\x1bb\x1bf", "\x1b[1;3C\x1b[1;3D\x1b[1;3D\x1b[1;3C"},
		{"Home and End", "\x1b[H\x1b[F\x1b[1~\x1b[4~\x1b[7~\x1b[8~\x1bOH", "\x01\x05\x01\x05\x01\x05\x01"},
		{"Delete", "\x1b[3~", "\x1b[3~"},
		{"unknown keys", "\x1b[24~\x1b[5~\x1bOP\x1bx\x1b[I", ""},
		{"a paste", "\x1b[200~mute\x1b[201~", "mute"},
		{"ESC, then a key", "\x1b\rm", "\rm"},
		{"a sequence that a key cuts off", "\x1b[1;\tm", "\tm"},
		{"Ctrl-C", "x\x03", "x\x05\x15"},
		{"no text", "\x00\xff\xc3\xa4", "???"},
		{"both keys of Backspace", "\b\x7f", "\x7f\x7f"},
		{"a size nobody asked for", "\x1b[1;1R", ""},
		{"no end", "\x1b[" + strings.Repeat("1;", 9) + "x", "1;1;x"},
	} {
		for _, in := range []io.Reader{strings.NewReader(c.in), iotest.OneByteReader(strings.NewReader(c.in))} {
			k := &keys{in: readAhead(in), lineFeed: true, resized: func(int, int) { t.Errorf("%s: a size", c.name) }}
			got, err := io.ReadAll(k)
			if string(got) != c.want || err != io.ErrUnexpectedEOF {
				t.Errorf("%s: %q, %v, want %q", c.name, got, err, c.want)
			}
		}
	}
}

// Nothing that comes grows in memory.
func TestKeysAreBounded(t *testing.T) {
	for _, in := range []string{"\x1b[" + strings.Repeat("1;", 1<<16), strings.Repeat("x", 1<<17), strings.Repeat("\xff", 1<<17)} {
		k := &keys{in: readAhead(strings.NewReader(in))}
		var got bytes.Buffer
		io.Copy(&got, k)
		if got.Len() > MaxLine+1 || cap(k.sequence) > 2*maxSequence {
			t.Errorf("%q...: %d bytes for the editor, %d for a sequence", in[:4], got.Len(), cap(k.sequence))
		}
	}
}

// The terminal's answer is taken once it was asked for, if it can be true.
func TestSizeOfTheTerminal(t *testing.T) {
	for _, c := range []struct {
		answer string
		want   bool
	}{
		{"\x1b[24;80R", true}, {"\x1b[4;20R", true}, {"\x1b[1;2R", false}, {"\x1b[0;0R", false}, {"\x1b[R", false},
		{"\x1b[24;1000R", false}, {"\x1b[99999999999;80R", false}, {"\x1b[-24;80R", false},
	} {
		told := 0
		k := &keys{in: readAhead(strings.NewReader(c.answer + c.answer)), asked: true, resized: func(width, height int) { told++ }}
		io.ReadAll(k)
		if told == 1 != c.want || told > 1 {
			t.Errorf("%q: told %d times", c.answer, told)
		}
	}
}
