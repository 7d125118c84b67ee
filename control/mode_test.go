package control_test

import (
	"context"
	"io"
	"math/rand/v2"
	"net"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"submix/control"
	"submix/control/controltest"
)

// exchange has the pieces sent to a fresh box, with a pause behind each, and
// returns all that comes back.
func exchange(t *testing.T, pause time.Duration, pieces ...string) (got string) {
	synctest.Test(t, func(t *testing.T) {
		near, far := net.Pipe()
		served := make(chan error, 1)
		go func() { served <- controltest.New().Dispatcher.Serve(context.Background(), near, "serial") }()
		read := make(chan []byte)
		go func() { all, _ := io.ReadAll(far); read <- all }()
		for _, piece := range pieces {
			if io.WriteString(far, piece); piece != "" {
				time.Sleep(pause)
			}
		}
		synctest.Wait()
		near.Close()
		<-served
		got = string(<-read)
	})
	return got
}

// However a program's bytes are split, and with pauses as a serial line and a
// busy machine make them, it sees what the protocol says and nothing else.
func TestProgramStaysPlain(t *testing.T) {
	const pause = 40 * time.Millisecond
	ascii := "ERR 1 line holds bytes that are not printable ASCII\n"
	for _, c := range []struct{ in, want string }{
		{"mute mic\nunmute mic\n", "OK\nOK\n"},
		{"\r\n\r\nmute mic\r\n\r\n", "OK\r\n"},
		{"\r\r\n\n", ""},
		{"gain\tmic\t=-3\n\t\n", "gain: -3.0\nOK\n"},
		{"mute mxc\x7f\x7fic\n\x1b[A\n\x03\x04\n", ascii + ascii + ascii},
		{"mute mic\rversion\r", "OK\r\nversion: 0.1.0\r\nprotocol: 1\r\nOK\r\n"},
		{"\xff\x00\nmute mic\n", ascii + "OK\n"},
		{"console off\n\r", "OK\n"},
	} {
		for i := range len(c.in) {
			for j := i; j <= len(c.in); j++ {
				if got := exchange(t, pause, c.in[:i], c.in[i:j], c.in[j:], "\n"); got != c.want {
					t.Fatalf("%q, %q, %q: got %q, want %q", c.in[:i], c.in[i:j], c.in[j:], got, c.want)
				}
			}
		}
	}
}

// A program that sends no key of a person's may take any time.
func TestSlowProgramStaysPlain(t *testing.T) {
	in := "mute mic\nversion\r\n"
	for i := range len(in) {
		if got, want := exchange(t, time.Hour, in[:i], in[i:]), "OK\nversion: 0.1.0\r\nprotocol: 1\r\nOK\r\n"; got != want {
			t.Errorf("%q, %q: got %q, want %q", in[:i], in[i:], got, want)
		}
	}
}

// What a person types is noticed, however it is split, once nothing follows.
func TestPersonIsNoticed(t *testing.T) {
	for _, c := range []struct {
		in     string
		person bool
		line   string // what is in the line of the console
	}{
		{"\r", true, ""}, {"\n", false, ""}, {"\r\n", false, ""}, {"\n\r", true, ""}, {"mute mic\n\r", true, ""}, {"mute mic\r", false, ""},
		{"mu\t", true, "mute "}, {"mux\x7f", true, "mu"}, {"mux\b", true, "mu"}, {"mute\x03", true, ""}, {"mute\x15", true, ""},
		{"muet\x1b[D\x1b[D", true, "muet"}, {"mute\x1bOD", true, "mute"}, {"mute\x1b", false, ""}, {"mute[", false, ""},
		{"\x00\xff\xfe", false, ""}, {strings.Repeat("x", 300) + "\t", false, ""}, {"\r\r", true, ""}, {"  \r", false, ""},
	} {
		for i := range len(c.in) {
			var got string
			synctest.Test(t, func(t *testing.T) {
				near, far := net.Pipe()
				served := make(chan error, 1)
				go func() { served <- controltest.New().Dispatcher.Serve(context.Background(), near, "serial") }()
				read := make(chan []byte)
				go func() { all, _ := io.ReadAll(far); read <- all }()
				io.WriteString(far, c.in[:i])
				synctest.Wait()
				io.WriteString(far, c.in[i:])
				time.Sleep(time.Second)
				near.Close()
				<-served
				got = string(<-read)
			})
			if person := strings.Contains(got, "submix> "); person != c.person || person && !strings.Contains(got, c.line) {
				t.Fatalf("%q, %q: got %q", c.in[:i], c.in[i:], got)
			}
		}
	}
}

// What follows the end of a console in one go is answered behind it.
func TestNothingIsLostWhereAConsoleEnds(t *testing.T) {
	for _, end := range []string{"\x04", "exit\r", "console off\r\n", "mute mic\n"} {
		got := exchange(t, time.Second, "\r", end+"version\nmute mic\n")
		if want := "version: 0.1.0\nprotocol: 1\nOK\nOK\n"; !strings.HasSuffix(got, want) {
			t.Errorf("%q: got %q", end, got)
		}
	}
}

// What comes from a bad line does not get a console stuck.
func TestConsoleOutlivesNoise(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	noise := make([]byte, 20_000)
	for i := range noise {
		if noise[i] = byte(r.Uint32()); noise[i] == 4 || noise[i] == '\n' { // these leave it
			noise[i] = 0xff
		}
	}
	for _, c := range []struct{ name, in string }{
		{"random bytes", string(noise)},
		{"only 0xFF", strings.Repeat("\xff", 5000)},
		{"breaks", strings.Repeat("\x00", 5000)},
		{"a sequence without an end", "\x1b[" + strings.Repeat("1;", 5000)},
		{"half a sequence", "\x1b["},
		{"half a character", "\xc3"},
		{"ESC", strings.Repeat("\x1b", 5000)},
		{"answers that were not asked for", strings.Repeat("\x1b[1;1R\x1b[99999999999;5R\x1b[;R", 500)},
		{"a paste", "\x1b[200~mute mic\x1b[201~"},
		{"a line without an end", strings.Repeat("mute mic ", 5000)},
		{"lines by the thousand", strings.Repeat("mute mic\r", 2000)},
		{"tabs", strings.Repeat("\t", 500)},
	} {
		t.Run(c.name, func(t *testing.T) {
			atTerminal(t, 80, 24, func(p *seat) {
				p.types(enter)
				p.sends(c.in)
				p.types("\x03", "gain mic =-17", enter)
				if !strings.HasSuffix(p.term.Text(), "submix> gain mic =-17\ngain  -17.0\nsubmix> \u2588\n") {
					t.Errorf("afterwards the screen is\n%s", p.term.Text())
				}
			})
		})
	}
}

func TestConsoleRefusesLongLines(t *testing.T) {
	atTerminal(t, 80, 24, func(p *seat) {
		p.types(enter)
		p.sends("mute mic" + strings.Repeat(" ", control.MaxLine) + "x\r")
		p.sends(up)
		if got := p.term.Text(); !strings.HasSuffix(got, "\nline of more than 256 bytes\nsubmix> \u2588\n") {
			t.Errorf("the screen is\n%s", got)
		}
	})
}
