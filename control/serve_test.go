package control_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"math/rand/v2"
	"regexp"
	"strings"
	"testing"
	"testing/iotest"
	"testing/synctest"

	"submix/control"
	"submix/control/controltest"
)

// pipe is an input that is there already and an output that is kept.
type pipe struct {
	io.Reader
	bytes.Buffer
}

func (p *pipe) Read(b []byte) (int, error) { return p.Reader.Read(b) }

// serve returns what a session answers to an input without a pause. In
// simulated time there is none, whatever else the machine has to do.
func serve(t *testing.T, d *control.Dispatcher, in io.Reader) (out string) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		p := &pipe{Reader: in}
		if err := d.Serve(context.Background(), p, "serial"); err != nil {
			t.Fatal(err)
		}
		out = p.String()
	})
	return out
}

func TestServeLines(t *testing.T) {
	full := "mute mic" + strings.Repeat(" ", 256-len("mute mic"))
	for _, c := range []struct{ name, in, want string }{
		{"LF", "mute mic\nunmute mic\n", "OK\nOK\n"},
		{"CR is a terminal", "mute mic\rtoggle mic\r", "OK\r\nmute: no\r\nOK\r\n"},
		{"CRLF is one end", "mute mic\r\nmute mic\r\n", "OK\r\nOK\r\n"},
		{"LF behind CRLF", "mute mic\r\n\nmute mic\n", "OK\r\nOK\n"},
		{"blank lines", "\n\r\r\n\n  \t \n", ""},
		{"no end", "mute mic\nmute tape", "OK\n"},
		{"256 bytes", full + "\n", "OK\n"},
		{"257 bytes", full + " \nmute mic\n", "ERR 2 line of more than 256 bytes\nOK\n"},
		{"64 KiB", strings.Repeat("mute mic ", 1<<13) + "\nmute mic\n", "ERR 2 line of more than 256 bytes\nOK\n"},
		{"control bytes", "mu\x00te mic\n\x1b[A\nmute mic\n", strings.Repeat("ERR 1 line holds bytes that are not printable ASCII\n", 2) + "OK\n"},
		{"not ASCII", "mute m\xc3\xb8\n\xff\xfe\n", strings.Repeat("ERR 1 line holds bytes that are not printable ASCII\n", 2)},
		{"only the first fault", "\x00" + full + full + "\n", "ERR 1 line holds bytes that are not printable ASCII\n"},
	} {
		t.Run(c.name, func(t *testing.T) {
			d := controltest.New().Dispatcher
			for _, in := range []io.Reader{strings.NewReader(c.in), iotest.OneByteReader(strings.NewReader(c.in)),
				iotest.DataErrReader(iotest.HalfReader(strings.NewReader(c.in)))} {
				if got := serve(t, d, in); got != c.want {
					t.Errorf("got %q, want %q", got, c.want)
				}
			}
		})
	}
}

func TestServeEnds(t *testing.T) {
	d := controltest.New().Dispatcher
	broken := errors.New("the line is cut")
	p := &pipe{Reader: io.MultiReader(strings.NewReader("mute mic\n"), iotest.ErrReader(broken))}
	if err := d.Serve(context.Background(), p, "serial"); !errors.Is(err, broken) || p.String() != "OK\n" {
		t.Errorf("got %v after %q", err, p.String())
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if err := d.Serve(ctx, &pipe{Reader: strings.NewReader("status\n")}, "serial"); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v when ctx is done", err)
	}
	mute := struct {
		io.Reader
		io.Writer
	}{strings.NewReader("status\nstatus\n"), failingWriter{broken}}
	if err := d.Serve(context.Background(), mute, "serial"); !errors.Is(err, broken) {
		t.Errorf("got %v from a writer that fails", err)
	}
}

type failingWriter struct{ err error }

func (w failingWriter) Write([]byte) (int, error) { return 0, w.err }

// nonBlank counts the lines of in that are to be answered.
func nonBlank(in []byte) (n int) {
	ends := bytes.FieldsFunc(in, func(r rune) bool { return r == '\n' || r == '\r' })
	if len(in) > 0 && in[len(in)-1] != '\n' && in[len(in)-1] != '\r' {
		ends = ends[:len(ends)-1]
	}
	for _, line := range ends {
		if len(line) > control.MaxLine || len(bytes.Trim(line, " \t")) > 0 {
			n++
		}
	}
	return n
}

var replyLine = regexp.MustCompile(`^(OK|ERR [0-9]{1,2} [ -~]+|[a-z_]+: [ -~]*|[a-z]+ [!-~]+( [A-Za-z0-9_.-]+=("([^"\\]|\\.)*"|[!-~]+))*)$`)

func completions(t testing.TB, out string) (n int) {
	for line := range strings.Lines(out) {
		line = strings.TrimRight(line, "\r\n")
		if !replyLine.MatchString(line) || len(line) > 4096 {
			t.Fatalf("not a line of a reply: %q", line)
		}
		if line == "OK" || strings.HasPrefix(line, "ERR ") {
			n++
		}
	}
	return n
}

// inChunks reads so many bytes at a time.
type inChunks struct {
	io.Reader
	size int
}

func (c inChunks) Read(b []byte) (int, error) { return c.Reader.Read(b[:min(len(b), c.size)]) }

// However the bytes come, every line that is to be answered has one reply.
func FuzzServe(f *testing.F) {
	for _, s := range []string{"status\r\nstreams\n", "gain mic +1\n\x00\nlog\n", "end\nstart\nend now\nstart\n",
		"add x hw:A,0 gain=-3 channels=1,2\nremove x\n", strings.Repeat("x", 300) + "\rhelp\r"} {
		f.Add([]byte(s), byte(1))
	}
	f.Fuzz(func(t *testing.T, in []byte, chunk byte) {
		out := serve(t, controltest.New().Dispatcher, inChunks{bytes.NewReader(in), 1 + int(chunk)})
		if got, want := completions(t, out), nonBlank(in); got != want {
			t.Fatalf("%q: %d replies to %d lines:\n%s", in, got, want, out)
		}
	})
}

func TestTenThousandMalformedLines(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	words := []string{"mute", "gain", "add", "log", "end", "mic", "all", "out", "-3", "=", "now", "\x00", "\xff", "x=y", "\t", "256"}
	var in bytes.Buffer
	for range 10_000 {
		if r.IntN(2) == 0 {
			for range r.IntN(400) {
				in.WriteByte(byte(r.Uint32()))
			}
		} else {
			for range r.IntN(9) {
				in.WriteString(words[r.IntN(len(words))])
				in.WriteByte(" \t "[r.IntN(3)])
			}
		}
		in.WriteByte("\n\r"[r.IntN(2)])
	}
	d := controltest.New().Dispatcher
	want := nonBlank(in.Bytes())
	if got := completions(t, serve(t, d, &in)); got != want {
		t.Errorf("%d replies to %d lines", got, want)
	}
	if out := serve(t, d, strings.NewReader("status\n")); !strings.HasPrefix(out, "state: ") || !strings.HasSuffix(out, "\nOK\n") {
		t.Errorf("status afterwards: %s", out)
	}
}

// A line without an end needs no memory, nor do lines by the thousand.
func TestServeMemory(t *testing.T) {
	d := controltest.New().Dispatcher
	run := func(lines int) float64 {
		return testing.AllocsPerRun(1, func() {
			serve(t, d, io.LimitReader(endless{}, int64(lines)))
		})
	}
	if few, many := run(1<<10), run(1<<20); many > few+8 {
		t.Errorf("%v allocations for 1 KiB of an unended line, %v for 1 MiB", few, many)
	}
}

type endless struct{}

func (endless) Read(b []byte) (int, error) {
	for i := range b {
		b[i] = 'x'
	}
	return len(b), nil
}
