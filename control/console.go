package control

import (
	"errors"
	"io"
	"strings"
	"sync"
	"time"

	"golang.org/x/term"

	"submix/control/screen"
)

const (
	prompt       = "submix> "
	greeting     = "Submix. Tab completes, help explains, Ctrl-D leaves.\r\n"
	historyLines = 50
	// sizeQuestion has a terminal say where its last row and column are, and
	// puts the cursor back.
	sizeQuestion = "\x1b7\x1b[999;999H\x1b[6n\x1b8"
)

// Console is a command line for a person on a terminal: line editing, history,
// completion, replies in columns, live meters. Set the fields before Run. A
// console of a box and one that asks over the socket are the same.
type Console struct {
	Do func(line string) (Reply, error) // an error ends the console
	// BytesPerSecond is what the line to the terminal carries; 0: not known.
	BytesPerSecond int
	// Sized says that Resize tells the size; otherwise the terminal is asked.
	Sized bool

	mu            sync.Mutex
	width, height int
	term          *term.Terminal

	keys *keys
	out  *output
}

// Resize tells the size of the terminal. It may be called from any goroutine,
// before and during Run.
func (c *Console) Resize(width, height int) {
	c.mu.Lock()
	c.width, c.height = width, height
	editor := c.term
	c.mu.Unlock()
	if editor != nil {
		editor.SetSize(width, height)
	}
}

func (c *Console) size() (width, height int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.width, c.height
}

// Run is a console on a terminal that has been made raw, from Ctrl-D or exit
// back, which gives nil. Reads of rw go on until one fails.
func (c *Console) Run(rw io.ReadWriter) error {
	_, err := c.run(&keys{in: readAhead(rw), lineFeed: true}, rw)
	return err
}

// RunMeters is the live screen on a terminal that has been made raw, HZ
// pictures a second, until a key is pressed. Resize must have been called.
func (c *Console) RunMeters(rw io.ReadWriter, hz int) error {
	c.keys, c.out = &keys{in: readAhead(rw), lineFeed: true}, &output{w: rw}
	return c.meters(hz)
}

// How a console was left.
type leaving int

const (
	leftForGood leaving = iota // exit or Ctrl-D
	leftOff                    // by console off
	leftLine                   // with a line that a program has sent
)

// A parting is how a console was left, and the line that is still to be run.
type parting struct {
	leaving
	line string
}

func (c *Console) run(k *keys, w io.Writer) (parting, error) {
	c.keys, c.out = k, &output{w: w}
	k.resized = c.Resize
	editor := term.NewTerminal(struct {
		io.Reader
		io.Writer
	}{k, c.out}, prompt)
	editor.History = &history{}
	editor.AutoCompleteCallback = c.complete
	c.mu.Lock()
	if c.width == 0 {
		c.width, c.height = 80, 24
	}
	c.term = editor
	c.mu.Unlock()
	editor.SetSize(c.size())
	io.WriteString(c.out, greeting)
	c.askSize()
	for {
		line, err := editor.ReadLine()
		noise := k.noise && strings.Contains(line, "?")
		k.noise = false
		switch {
		case c.out.err != nil:
			return parting{}, c.out.err
		case errors.Is(err, io.EOF):
			io.WriteString(c.out, "\r\n")
			return parting{leaving: leftForGood}, c.out.err
		case err != nil:
			return parting{}, err
		case noise:
			line = "\xff" // what came for it is gone; the answer is the same
		}
		if k.program {
			return parting{leftLine, line}, nil
		}
		if left, err := c.command(line); left || err != nil {
			how := leftForGood
			if on, ok := wish(line, "console"); ok && !on {
				how = leftOff
			}
			return parting{leaving: how}, err
		}
	}
}

// askSize asks the terminal for its size if nobody else tells it.
func (c *Console) askSize() {
	if !c.Sized {
		c.keys.asked = true
		io.WriteString(c.out, sizeQuestion)
	}
}

// command runs a line and shows the reply; left says that it was the last one.
func (c *Console) command(line string) (left bool, err error) {
	if on, ok := wish(line, "console"); ok {
		c.keys.lineFeed = c.keys.lineFeed || on
		return !on, nil
	}
	if hz, ok := meterRate(line); ok {
		err := c.meters(hz)
		if refused := (*Error)(nil); errors.As(err, &refused) {
			return false, c.show(Reply{Err: refused})
		}
		return false, err
	}
	switch strings.TrimSpace(line) { // a line that is cut, being too long, is not trimmed for Do
	case "":
		return false, nil
	case "exit", "quit":
		return true, nil
	}
	reply, err := c.Do(line)
	if err != nil {
		return false, err
	}
	if reply.Err != nil && reply.Err.Code == CodeUnknown && nearest(strings.TrimSpace(line), []string{"exit"}) != "" {
		reply.Err = &Error{CodeUnknown, "did you mean exit?"}
	}
	switch strings.TrimSpace(line) {
	case "help":
		reply.Data = append(reply.Data, "exit: leave the console, as Ctrl-D does")
	case "captures", "devices", "streams":
		if len(reply.Data) == 0 && reply.Err == nil { // "ok" would be no answer to a person
			io.WriteString(c.out, "none\r\n")
			return false, c.out.err
		}
	}
	return false, c.show(reply)
}

func (c *Console) show(reply Reply) error {
	width, _ := c.size()
	for _, text := range layout(reply, width) {
		io.WriteString(c.out, text+"\r\n")
	}
	return c.out.err
}

// meters shows the live screen until a key is pressed.
func (c *Console) meters(hz int) error {
	c.askSize()
	live := Live{
		Do: c.Do, Size: c.size, Rate: hz, BytesPerSecond: c.BytesPerSecond, Hint: "any key ends",
		Painter: screen.Painter{W: c.out},
	}
	return live.Run(func(d time.Duration) (bool, error) { return c.keys.anyKey(d) })
}

// output keeps the first error of writing, which the editor does not tell, and
// leaves out empty writes, of which the editor has many.
type output struct {
	w   io.Writer
	err error
}

func (o *output) Write(p []byte) (int, error) {
	if len(p) == 0 || o.err != nil {
		return len(p), o.err
	}
	n, err := o.w.Write(p)
	o.err = err
	return n, err
}

// history is the last lines, the newest first, without blank ones and repeats.
type history struct{ lines []string }

// Add implements term.History.
func (h *history) Add(line string) {
	if strings.TrimSpace(line) == "" || len(line) > MaxLine || len(h.lines) > 0 && h.lines[0] == line {
		return
	}
	h.lines = append([]string{line}, h.lines[:min(len(h.lines), historyLines-1)]...)
}

// Len implements term.History.
func (h *history) Len() int { return len(h.lines) }

// At implements term.History.
func (h *history) At(i int) string { return h.lines[i] }
