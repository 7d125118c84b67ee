//go:build vm

package vm

import (
	"flag"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/creack/pty"

	"submix/control/controltest/vt"
)

var update = flag.Bool("update", false, "write the golden screens anew")

// A person sits at a terminal of 80 x 24, a pty to which the machine's serial port is connected.
type person struct {
	*testing.T
	line *os.File
	term *vt.Screen
	news chan struct{}
}

// look shows what comes, and has the terminal answer, until the line is closed.
func (p *person) look() {
	buffer := make([]byte, 4096)
	for {
		n, err := p.line.Read(buffer)
		if err != nil {
			return
		}
		p.term.Write(buffer[:n])
		p.line.Write(p.term.Answers())
		select {
		case p.news <- struct{}{}:
		default:
		}
	}
}

// types presses keys, one after the other.
func (p *person) types(keys ...string) {
	for _, key := range keys {
		together := 1
		if key[0] == 0x1b { // what one key sends comes at once
			together = len(key)
		}
		for bytes := range slices.Chunk([]byte(key), together) {
			p.line.Write(bytes)
			time.Sleep(80 * time.Millisecond)
		}
	}
}

// until waits until the screen is right, and says whether it ever was.
func (p *person) until(limit time.Duration, right func(screen string) bool) bool {
	late := time.After(limit)
	for !right(p.term.Steady()) {
		select {
		case <-p.news:
		case <-late:
			return false
		}
	}
	return true
}

// sees compares the screen with the file of that name, without what differs from run to run.
func (p *person) sees(name string) {
	path := "testdata/" + name
	if *update {
		time.Sleep(5 * time.Second)
		if err := os.WriteFile(path, []byte(p.term.Steady()), 0o644); err != nil {
			p.Error(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil || !p.until(time.Minute, func(screen string) bool { return screen == string(want) }) {
		p.Errorf("%s, %v: the screen is\n%swant\n%s", path, err, p.term.Steady(), want)
		return
	}
	p.Logf("%s:\n%s", name, want)
}

// wipes clears the screen, which then has nothing but a prompt.
func (p *person) wipes() {
	blank := func(screen string) bool { return screen == "submix> \u2588\n" }
	if p.types("\x15\x0c"); !p.until(time.Minute, blank) {
		p.Errorf("Ctrl-L leaves\n%s", p.term.Steady())
	}
}

const (
	up, left, del    = "\x1b[A", "\x1b[D", "\x1b[3~"
	enter, tab, back = "\r", "\t", "\x7f"
)

// works is what the person does, from the first Enter to the end of the mix.
func (p *person) works() {
	defer p.types("\x03", "end", enter) // whatever became of it, so that the machine ends
	prompt := func(screen string) bool { return strings.HasSuffix(screen, "submix> \u2588\n") }
	for tries := 0; ; tries++ { // nobody is told when the box is there
		if p.types(enter); p.until(2*time.Second, prompt) {
			break
		}
		if tries == 60 {
			p.Error("no prompt")
			return
		}
	}
	p.wipes()
	p.types("mu"+tab, "m"+tab+enter, "st"+tab, "r"+tab, "\x15", "gain t"+tab+"-3"+enter, "help g"+tab+enter)
	p.sees("completion")
	p.wipes()
	p.types(up, up, enter)                                                     // gain tape -3, again
	p.types("unmute mci", left, back, "\x05", back, "ic", enter)               // End
	p.types("mtue tape", enter, up, "\x01", del, del, del, del, "mute", enter) // Home
	p.sees("editing")
	p.wipes()
	p.types("meters", enter)
	p.sees("meters")
	p.types("q")
	p.sees("meters-end")
}

// TestPersonAtTerminal is a session over the machine's serial port.
func TestPersonAtTerminal(t *testing.T) {
	t.Parallel()
	master, slave, err := pty.Open()
	if err != nil {
		t.Fatal(err)
	}
	defer master.Close()
	defer slave.Close()
	p := &person{t, master, vt.New(80, 24), make(chan struct{}, 1)}
	go p.look()
	if _, err := images(); err != nil {
		t.Fatal(err)
	}
	processors <- struct{}{} // before there is a machine to work: other tests may have all for minutes
	defer func() { <-processors }()
	done := make(chan struct{})
	go func() { defer close(done); p.works() }()
	r, err := run(Machine{Terminal: slave.Name(), Limit: 6 * time.Minute}, "^TestPerson")
	if err != nil {
		t.Fatal(err)
	}
	<-done
	report(t, r)
	if u := p.term.Unknown(); len(u) > 0 {
		t.Errorf("sequences that not every terminal knows: %q", u)
	}
}
