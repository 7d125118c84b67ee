package control_test

import (
	"context"
	"flag"
	"net"
	"os"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"submix/control/controltest"
	"submix/control/controltest/vt"
)

var update = flag.Bool("update", false, "write the golden screens anew")

// golden compares a screen with the file of that name in testdata.
func golden(t *testing.T, name, got string) {
	t.Helper()
	path := "testdata/" + name
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil || got != string(want) {
		t.Errorf("%s, %v: the screen is\n%swant\n%s", path, err, got, want)
	}
}

// seat is a person at a terminal that is connected with a box.
type seat struct {
	t     *testing.T
	box   *controltest.Box
	line  net.Conn
	term  *vt.Screen
	plain strings.Builder // all that came
}

// atTerminal runs f in simulated time at a terminal of a size, on a session of
// a fresh box.
func atTerminal(t *testing.T, width, height int, f func(p *seat)) {
	synctest.Test(t, func(t *testing.T) {
		near, far := net.Pipe()
		p := &seat{t: t, box: controltest.New(), line: far, term: vt.New(width, height)}
		served := make(chan error, 1)
		go func() { served <- p.box.Dispatcher.Serve(context.Background(), near, "serial") }()
		read := make(chan struct{})
		go func() { defer close(read); p.read() }()
		f(p)
		far.Close()
		if err := <-served; err != nil {
			t.Errorf("the session ended with %v", err)
		}
		<-read
		if u := p.term.Unknown(); len(u) > 0 {
			t.Errorf("sequences that not every terminal knows: %q", u)
		}
	})
}

// read shows what comes, and has the terminal answer.
func (p *seat) read() {
	buffer := make([]byte, 4096)
	for {
		n, err := p.line.Read(buffer)
		if err != nil {
			return
		}
		p.term.Write(buffer[:n])
		p.plain.Write(buffer[:n])
		if answer := p.term.Answers(); len(answer) > 0 {
			go p.line.Write(answer) // as a terminal does, while it goes on reading
		}
	}
}

// types has the person press keys, one every 80 ms, and look at the screen after a second.
func (p *seat) types(keys ...string) {
	for _, key := range keys {
		for i, c := range []byte(key) {
			p.line.Write([]byte{c})
			if i == len(key)-1 || key[0] != 0x1b {
				time.Sleep(80 * time.Millisecond)
			}
		}
	}
	p.settles()
}

func (p *seat) settles() {
	time.Sleep(time.Second)
	synctest.Wait()
}

// sends has a program send bytes at once.
func (p *seat) sends(bytes string) {
	p.line.Write([]byte(bytes))
	p.settles()
}

const (
	up, down, left, right = "\x1b[A", "\x1b[B", "\x1b[D", "\x1b[C"
	enter, tab, back      = "\r", "\t", "\x7f"
)

func TestConsoleCompletes(t *testing.T) {
	atTerminal(t, 80, 24, func(p *seat) {
		p.types("mu"+tab, "mi"+tab, enter)      // a console from the Tab on, with what was typed
		p.types("st"+tab, enter)                // several: start, status, streams
		p.types("\x03", "un"+tab+"t"+tab+enter) // Ctrl-C
		p.types("add "+tab, "hw:"+tab, "M"+tab, "g"+tab+"-6 s"+tab+"a"+tab+enter)
		golden(t, "completion", p.term.Text())
	})
}

func TestConsoleEdits(t *testing.T) {
	atTerminal(t, 80, 60, func(p *seat) {
		p.types(enter, "gain mic =-9", enter, "gain out 1", enter)
		p.types(up, up, back+"6", enter)                              // from the history
		p.types("xmute mi", "\x01", "\x1b[3~", "\x1bOF", "c", enter)  // Home, Delete, End
		p.types("unmute mic", left, left, left, "\x17toggle ", enter) // a word back: Ctrl-W
		p.types("mute tapee", back, enter, "junk", "\x15", "version") // Ctrl-U
		p.types(up, up, down, enter)                                  // and what was begun is there again below
		p.types("\x04", "status\x04", enter)                          // Ctrl-D on a line with text deletes; it is at the end
		golden(t, "editing", p.term.Text())
	})
}

func TestConsoleExplains(t *testing.T) {
	atTerminal(t, 80, 40, func(p *seat) {
		p.types(enter, "mtue mic", enter, "mute mci", enter, "help gian", enter, "add raido", enter, "remove zebra", enter)
		p.types("exti", enter, "gain mic 99", enter, "help gain", enter, "m\xffte mic", enter, "mute mic", enter)
		golden(t, "errors", p.term.Text())
	})
}

func TestConsoleOfAnEmptyBox(t *testing.T) {
	atTerminal(t, 80, 24, func(p *seat) {
		for _, s := range p.box.Mixer().Streams() {
			p.box.Mixer().Remove(s.Name)
		}
		p.types(enter, "streams", enter)
		if screen := p.term.Text(); !strings.HasSuffix(screen, "> streams\nnone\nsubmix> \u2588\n") {
			t.Errorf("the screen is\n%s", screen)
		}
	})
}

func TestConsoleLaysOut(t *testing.T) {
	for _, c := range []struct {
		name          string
		width, height int
	}{{"lists-80x24", 80, 24}, {"lists-40x30", 40, 30}, {"lists-132x43", 132, 43}} {
		atTerminal(t, c.width, c.height, func(p *seat) {
			p.types(enter, "\x0c", "mute mic", enter, "streams", enter, "devices", enter, "captures", enter, "log 2", enter)
			golden(t, c.name, p.term.Text())
		})
	}
	atTerminal(t, 80, 24, func(p *seat) {
		p.types(enter, "\x0c", "help", enter)
		golden(t, "help", p.term.Text())
	})
}

func TestConsoleMeters(t *testing.T) {
	atTerminal(t, 80, 24, func(p *seat) {
		p.types(enter, "meters", enter)
		golden(t, "meters", p.term.Text())
		p.box.Dispatcher.Do(context.Background(), "socket", "mute mic")
		p.box.Dispatcher.Do(context.Background(), "socket", "remove tape")
		p.settles()
		p.types("q")
		golden(t, "meters-end", p.term.Text())
		n := p.term.Bytes()
		time.Sleep(time.Hour)
		if p.term.Bytes() != n {
			t.Error("an idle console sends something")
		}
		p.types("version", enter)
		if !strings.Contains(p.term.Text(), "submix> version\nversion   0.1.0\nprotocol  1\nsubmix> \u2588") {
			t.Errorf("afterwards the screen is\n%s", p.term.Text())
		}
	})
}

// A person comes back to the line protocol, and a program ends a console.
func TestConsoleIsLeft(t *testing.T) {
	for _, c := range []struct{ name, leave string }{
		{"Ctrl-D", "\x04"}, {"exit", "exit\r"}, {"console off", "console off\r"}, {"a program's line", "version\n"},
	} {
		t.Run(c.name, func(t *testing.T) {
			atTerminal(t, 80, 24, func(p *seat) {
				p.types(enter)
				if !strings.HasSuffix(p.term.Text(), "\nsubmix> \u2588\n") {
					t.Fatalf("no console:\n%s", p.term.Text())
				}
				p.sends(c.leave)
				p.plain.Reset()
				p.sends("gain mic =-1\n")
				if got := p.plain.String(); got != "gain: -1.0\nOK\n" {
					t.Errorf("a plain line is answered with %q", got)
				}
				p.plain.Reset()
				p.types(enter)
				if again := strings.Contains(p.plain.String(), "submix> "); again != (c.name != "console off") {
					t.Errorf("after Enter came %q", p.plain.String())
				}
			})
		})
	}
}

func TestConsoleIsForced(t *testing.T) {
	atTerminal(t, 80, 24, func(p *seat) {
		p.sends("console off\n")
		p.types(enter, "mu"+tab, "\x15\n")
		if got, want := p.plain.String(), "OK\nERR 1 line holds bytes that are not printable ASCII\n"; got != want {
			t.Errorf("got %q, want %q", got, want)
		}
		p.sends("console on\n")
		p.sends("version\nversion\n") // LF is Enter there
		if n := strings.Count(p.term.Text(), "submix> version\nversion   0.1.0\n"); n != 2 {
			t.Errorf("the screen is\n%s", p.term.Text())
		}
	})
}
