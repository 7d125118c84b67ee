package main

import (
	"bytes"
	"fmt"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/creack/pty"
	"golang.org/x/sys/unix"

	"submix/control/controltest/vt"
)

// seat is a person at a real terminal of 80 x 24, on which submixctl runs.
type seat struct {
	t      *testing.T
	master *os.File
	slave  *os.File
	term   *vt.Screen
	status chan int
	stderr bytes.Buffer
}

func sit(t *testing.T, args ...string) *seat {
	if os.Getenv("TERM") == "dumb" { // of who runs the test
		t.Setenv("TERM", "vt100")
	}
	return sitAt(t, 80, 24, args...)
}

// sitAt is sit, whatever TERM says, at a terminal that tells a size, which may be 0: not known.
func sitAt(t *testing.T, width, height int, args ...string) *seat {
	master, slave, err := pty.Open()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { master.Close(); slave.Close() })
	p := &seat{t: t, master: master, slave: slave, term: vt.New(80, 24), status: make(chan int, 1)}
	p.resize(width, height)
	before, _ := p.mode()
	go func() {
		status := run(args, slave, slave, &p.stderr)
		if after, err := p.mode(); err == nil && after != before { // a window that was closed has none
			t.Errorf("the terminal was %+v and is %+v", before, after)
		}
		p.status <- status
	}()
	return p
}

func (p *seat) mode() (unix.Termios, error) {
	mode, err := unix.IoctlGetTermios(int(p.slave.Fd()), unix.TCGETS)
	if err != nil {
		return unix.Termios{}, err
	}
	return *mode, nil
}

func (p *seat) resize(width, height int) {
	if err := pty.Setsize(p.master, &pty.Winsize{Cols: uint16(width), Rows: uint16(height)}); err != nil {
		p.t.Fatal(err)
	}
}

// types sends keys.
func (p *seat) types(keys string) {
	if _, err := p.master.WriteString(keys); err != nil {
		p.t.Fatal(err)
	}
}

// sees waits until the screen has a text.
func (p *seat) sees(text string) {
	p.t.Helper()
	// A read of a terminal cannot be given up.
	defer time.AfterFunc(time.Minute, func() { panic(fmt.Sprintf("no %q on the screen:\n%s", text, p.term.Text())) }).Stop()
	buffer := make([]byte, 4096)
	for !strings.Contains(p.term.Text(), text) {
		n, err := p.master.Read(buffer)
		if err != nil {
			p.t.Fatalf("%v, and the screen has no %q:\n%s", err, text, p.term.Text())
		}
		p.term.Write(buffer[:n])
	}
}

func (p *seat) ends(status int) {
	p.t.Helper()
	if got := <-p.status; got != status {
		p.t.Errorf("status %d, want %d: %s", got, status, p.stderr.String())
	}
}

func TestConsoleOnTerminal(t *testing.T) {
	_, path := daemon(t)
	p := sit(t, "-socket", path)
	p.sees("\nsubmix> \u2588")
	p.types("mu\t")
	p.sees("submix> mute \u2588")
	p.types("m\t\r")
	p.sees("\nsubmix> mute mic\nok\nsubmix> \u2588")
	p.types("add \t\r")
	p.sees("\nsubmix> add radio\nok\nsubmix> \u2588")
	p.types("mute nobdy\r")
	p.sees("\nno such stream: nobdy\n")
	p.types("\x1b[A\x1b[A\x1b[A\x01un\r")
	p.sees("\nsubmix> unmute mic\nok\nsubmix> \u2588")
	p.types("console off\r") // there is nothing plain behind it
	p.ends(0)
}

func TestConsoleFollowsTheTerminal(t *testing.T) {
	_, path := daemon(t)
	p := sit(t, "-socket", path)
	p.sees("submix> \u2588")
	p.types("help\r")
	p.sees("exit      leave the console, as Ctrl-D does\nsubmix> \u2588")
	p.resize(40, 24)
	p.term = vt.New(40, 24)
	syscall.Kill(os.Getpid(), syscall.SIGWINCH)
	p.sees("submix> \u2588") // painted again: the new size is known
	p.types("\x0cmeters\r")
	p.sees("any key ends")
	p.types("q")
	p.sees("any key ends\nsubmix> \u2588")
	p.types("\x04")
	p.ends(0)
}

// At the other end of a serial line is a terminal whose size nobody here knows.
func TestConsoleAsksForTheSize(t *testing.T) {
	_, path := daemon(t)
	p := sitAt(t, 0, 0, "-socket", path)
	p.sees("submix> \u2588")
	if answer := string(p.term.Answers()); answer != "\x1b[24;80R" {
		t.Errorf("the terminal was to be asked, and has answered %q", answer)
	}
	p.types("\x04")
	p.ends(0)
}

// A terminal that can move no cursor has lines, without prompt and editing.
func TestDumbTerminal(t *testing.T) {
	_, path := daemon(t)
	t.Setenv("TERM", "dumb")
	p := sitAt(t, 80, 24, "-socket", path)
	p.types("version\n")
	p.sees("version\nversion: 0.1.0\nprotocol: 1\n")
	p.types("\x04")
	p.ends(0)
	if screen := p.term.Text(); strings.Contains(screen, "submix>") {
		t.Errorf("a prompt:\n%s", screen)
	}
}

func TestTopOnTerminal(t *testing.T) {
	box, path := daemon(t)
	p := sit(t, "-socket", path, "top", "-hz", "20")
	p.sees("mic        live    ##########################|..  -6.0  -6.0  25.0     0   +0.0\n")
	p.sees("any key ends\n")
	box.Pull(20)
	p.resize(60, 10)
	p.term = vt.New(60, 10)
	syscall.Kill(os.Getpid(), syscall.SIGWINCH)
	p.sees("submix running, 3 streams                        up 0:00:")
	p.types("q")
	p.ends(0)
}

func TestTopOnce(t *testing.T) {
	_, path := daemon(t)
	for columns, want := range map[string]string{
		"": "NAME       STATE   -60    -40  -30  -20  -10    0  PEAK  GAIN    MS XRUNS    PPM\n" +
			"mic        live    ##########################|...  -6.0  -6.0  25.0     0   +0.0\n" +
			"tape       muted   #######################|...... -12.0   0.0  25.0     0   +0.0\n" +
			"usb1       gone    ..............................  -inf   0.0   0.0     0   +0.0\n" +
			"out                #######################|...... -12.0   0.0           0\n",
		"40": "NAME       STATE   -60 -40 -30    -10  0\n" +
			"mic        live    ##################|..\n" +
			"tape       muted   ################|....\n" +
			"usb1       gone    .....................\n" +
			"out                ################|....\n",
	} {
		t.Setenv("COLUMNS", columns)
		var stdout, stderr bytes.Buffer
		status := run([]string{"-socket", path, "top", "-once"}, nil, &stdout, &stderr)
		title, rest, _ := strings.Cut(stdout.String(), "\n")
		if status != 0 || !strings.HasPrefix(title, "submix running, 3 streams") || rest != want {
			t.Errorf("status %d, %s: printed\n%s", status, stderr.String(), stdout.String())
		}
	}
}

// The terminal is given back when a signal ends the program, and when the
// daemon goes.
func TestTerminalIsGivenBack(t *testing.T) {
	_, path := daemon(t)
	p := sit(t, "-socket", path)
	p.sees("submix> \u2588")
	syscall.Kill(os.Getpid(), syscall.SIGTERM)
	p.ends(128 + int(syscall.SIGTERM))

	p = sit(t, "-socket", path)
	p.sees("submix> \u2588")
	p.master.Close() // the window is closed
	p.ends(0)
}
