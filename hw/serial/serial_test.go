package serial

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/creack/pty"
	"golang.org/x/sys/unix"
)

// rig runs a Port on a path that leads to a pseudo terminal, and another after that one was hung up.
type rig struct {
	t        *testing.T
	path     string
	master   *os.File
	slave    string // the path that path leads to
	changed  chan error
	paused   chan struct{} // Run has come to its pause,
	resume   chan struct{} // which the test ends
	ended    chan struct{}
	cancel   func()
	sessions chan error // what each session ended with
}

func start(t *testing.T, session func(io.ReadWriter) error) *rig {
	r := &rig{t: t, path: filepath.Join(t.TempDir(), "port"), changed: make(chan error, 8), paused: make(chan struct{}),
		resume: make(chan struct{}), ended: make(chan struct{}), sessions: make(chan error, 8)}
	r.plug()
	ctx, cancel := context.WithCancel(t.Context())
	r.cancel = cancel
	p := &Port{Path: r.path, Baud: 115200, Changed: func(err error) { r.changed <- err }}
	p.pause = func(ctx context.Context, d time.Duration) {
		if d != retry {
			t.Errorf("pause of %v, want %v", d, retry)
		}
		select {
		case r.paused <- struct{}{}:
			<-r.resume
		case <-ctx.Done():
		}
	}
	go func() {
		defer close(r.ended)
		if err := p.Run(ctx, func(rw io.ReadWriter) error {
			err := session(rw)
			r.sessions <- err
			return err
		}); err != nil {
			t.Errorf("Run: %v", err)
		}
	}()
	t.Cleanup(func() { cancel(); <-r.ended; r.unplug() })
	return r
}

func (r *rig) plug() {
	master, slave, err := pty.Open()
	if err != nil {
		r.t.Fatal(err)
	}
	defer slave.Close()
	if err := os.Symlink(slave.Name(), r.path); err != nil {
		r.t.Fatal(err)
	}
	r.master, r.slave = master, slave.Name()
}

func (r *rig) unplug() {
	os.Remove(r.path)
	r.master.Close()
}

func (r *rig) opened() {
	r.t.Helper()
	if err := <-r.changed; err != nil {
		r.t.Fatalf("port not opened: %v", err)
	}
}

func echoLines(rw io.ReadWriter) error {
	in := bufio.NewReader(rw)
	for {
		line, err := in.ReadString('\n')
		if err != nil {
			return err
		}
		if _, err := io.WriteString(rw, "re: "+line); err != nil {
			return err
		}
	}
}

func (r *rig) says(line, want string) {
	r.t.Helper()
	if _, err := io.WriteString(r.master, line); err != nil {
		r.t.Fatal(err)
	}
	got, err := bufio.NewReader(r.master).ReadString('\n')
	if got != want {
		r.t.Fatalf("%q: got %q (%v), want %q", line, got, err, want)
	}
}

func TestAdapterReturns(t *testing.T) {
	t.Parallel()
	r := start(t, echoLines)
	r.opened()
	r.says("one\n", "re: one\n")

	r.unplug()
	if err := <-r.sessions; !errors.Is(err, ErrGone) {
		t.Fatalf("session ended with %v, want ErrGone", err)
	}
	if err := <-r.changed; !errors.Is(err, ErrGone) || !strings.Contains(err.Error(), r.path) {
		t.Fatalf("reported %v, want ErrGone with the path", err)
	}
	for i := range 5 { // it is told once that the path is missing
		<-r.paused
		r.resume <- struct{}{}
		if i == 0 {
			if err := <-r.changed; !errors.Is(err, unix.ENOENT) {
				t.Fatalf("reported %v, want ENOENT", err)
			}
		}
	}
	<-r.paused
	if n := len(r.changed); n != 0 {
		t.Fatalf("the missing path was reported %d times more", n)
	}
	r.plug()
	r.resume <- struct{}{}
	r.opened()
	r.says("two\n", "re: two\n")
}

func TestBytesPassUnchanged(t *testing.T) {
	t.Parallel()
	r := start(t, func(rw io.ReadWriter) error { _, err := io.Copy(rw, struct{ io.Reader }{rw}); return err })
	r.opened()
	garbage := make([]byte, 1024)
	for i := range garbage {
		garbage[i] = byte(i)
	}
	got := make([]byte, len(garbage))
	if _, err := r.master.Write(garbage); err != nil {
		t.Fatal(err)
	}
	if _, err := io.ReadFull(r.master, got); err != nil || !bytes.Equal(got, garbage) {
		t.Errorf("the line changed bytes: %v\n%x", err, got)
	}
}

func TestRunEndsASilentSession(t *testing.T) {
	t.Parallel()
	r := start(t, echoLines)
	r.opened()
	r.cancel()
	if err := <-r.sessions; !errors.Is(err, ErrClosed) {
		t.Errorf("session ended with %v, want ErrClosed", err)
	}
	<-r.ended
	if len(r.changed) != 0 {
		t.Errorf("an ordinary end was reported: %v", <-r.changed)
	}
}

// held is how often this process has the terminal open.
func (r *rig) held() (n int) {
	links, err := filepath.Glob("/proc/self/fd/*")
	if err != nil {
		r.t.Fatal(err)
	}
	for _, link := range links {
		if to, err := os.Readlink(link); err == nil && to == r.slave {
			n++
		}
	}
	return n
}

// Nobody reads the other side, so that the kernel has no room: Run ends all the same, and leaves nothing behind.
func TestBlockedTerminalEnds(t *testing.T) {
	t.Parallel()
	flooded := make(chan struct{})
	r := start(t, func(rw io.ReadWriter) error {
		for range 1 << 16 {
			if _, err := io.WriteString(rw, "a line that nobody takes\n"); err != nil {
				return err
			}
		}
		close(flooded)
		_, err := rw.Read(make([]byte, 1))
		return err
	})
	r.opened()
	<-flooded
	start := time.Now()
	r.cancel()
	<-r.ended
	t.Logf("ended after %v", time.Since(start))
	if n := r.held(); n != 0 {
		t.Errorf("the terminal is open %d times after the end", n)
	}
}

func TestNoTerminal(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "plain")
	if err := os.WriteFile(path, []byte("text"), 0o600); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	var told []error
	p := &Port{Path: path, Changed: func(err error) { told = append(told, err) }}
	p.pause = func(context.Context, time.Duration) { cancel() }
	if err := p.Run(ctx, echoLines); err != nil {
		t.Fatal(err)
	}
	if len(told) != 1 || told[0] == nil || !strings.Contains(told[0].Error(), path+": open at 115200 baud: Invalid serial port") {
		t.Errorf("told %v", told)
	}
}
