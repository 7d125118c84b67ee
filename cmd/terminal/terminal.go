// Package terminal is the terminal that a program was started on, for consoles:
// key by key, without echo, and as it was when the program ends.
package terminal

import (
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"sync"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
	"golang.org/x/term"
)

// A Terminal is in raw mode until it is closed.
type Terminal struct {
	in, out *os.File
	was     *term.State
	resized chan os.Signal
	close   sync.Once
	ended   sync.WaitGroup
}

// Open makes the terminal raw. It returns nil if in and out are not both a
// terminal, or if that is TERM=dumb, which can move no cursor.
func Open(in io.Reader, out io.Writer) (*Terminal, error) {
	i, ok1 := in.(*os.File)
	o, ok2 := out.(*os.File)
	if !ok1 || !ok2 || os.Getenv("TERM") == "dumb" || !term.IsTerminal(int(i.Fd())) || !term.IsTerminal(int(o.Fd())) {
		return nil, nil
	}
	was, err := term.MakeRaw(int(i.Fd()))
	if err != nil {
		return nil, fmt.Errorf("terminal: %w", err)
	}
	t := &Terminal{in: i, out: o, was: was, resized: make(chan os.Signal, 1)}
	// What the program says elsewhere, such as its log, has plain line ends.
	if mode, err := unix.IoctlGetTermios(int(o.Fd()), unix.TCGETS); err == nil {
		mode.Oflag |= unix.OPOST | unix.ONLCR
		unix.IoctlSetTermios(int(o.Fd()), unix.TCSETS, mode)
	}
	return t, nil
}

// Read implements io.Reader. A terminal that was hung up is at its end.
func (t *Terminal) Read(p []byte) (int, error) {
	n, err := t.in.Read(p)
	if errors.Is(err, unix.EIO) {
		err = io.EOF
	}
	return n, err
}

// Write implements io.Writer.
func (t *Terminal) Write(p []byte) (int, error) { return t.out.Write(p) }

// Follow calls f with the size, in columns and rows, now and, from a goroutine
// of its own, whenever it has changed, until Close. It is to be called once. It
// reports that the size is known, which that of a serial port is not.
func (t *Terminal) Follow(f func(width, height int)) (known bool) {
	tell := func() bool {
		width, height, err := term.GetSize(int(t.out.Fd()))
		known := err == nil && width > 0 && height > 0
		if known {
			f(width, height)
		}
		return known
	}
	signal.Notify(t.resized, syscall.SIGWINCH)
	known = tell()
	t.ended.Go(func() {
		for range t.resized {
			tell()
		}
	})
	return known
}

// drainTime is enough for what Linux keeps of a line, 4 kB, at 9600 baud.
const drainTime = 5 * time.Second

// Drain waits until all that was written has left a terminal, or for five seconds where its other end wants nothing.
// When the first process of a session ends, as one does that a service has on a serial port, Linux hangs its terminal
// up and throws away what is not sent. Any other process, and what is no terminal, it leaves alone: one in the
// background would be stopped for it.
func Drain(f *os.File) {
	if first, err := unix.Getsid(0); err != nil || first != os.Getpid() {
		return
	}
	fd, begin := int(f.Fd()), time.Now()
	for time.Since(begin) < drainTime {
		n, err := unix.IoctlGetInt(fd, unix.TIOCOUTQ)
		if err != nil {
			return
		}
		if n == 0 {
			unix.IoctlSetInt(fd, unix.TCSBRK, 1) // as tcdrain(3): what the port itself still has
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
}

// Close gives the terminal back as it was, with its cursor. It does not end a
// Read. A second call does nothing.
func (t *Terminal) Close() (err error) {
	t.close.Do(func() {
		signal.Stop(t.resized)
		close(t.resized)
		t.ended.Wait()
		io.WriteString(t.out, "\x1b[?25h")
		err = term.Restore(int(t.in.Fd()), t.was)
	})
	return err
}
