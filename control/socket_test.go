package control

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"submix/mixer"
)

func emptyBox(t *testing.T) *Dispatcher {
	m, err := mixer.New(mixer.Config{Rate: 48000, Channels: 2, Block: 480})
	if err != nil {
		t.Fatal(err)
	}
	return NewDispatcher(Box{Mixer: func() *mixer.Mixer { return m }, Changed: func() {}, Version: "0.1.0",
		Session: idleSession{}, Log: NewLog(slog.DiscardHandler)})
}

type idleSession struct{}

func (idleSession) Start() error           { return ErrRunning }
func (idleSession) End(bool) error         { return nil }
func (idleSession) State() (State, string) { return StateRunning, "" }

// serving runs a socket for the length of a test, which must end it by itself.
func serving(t *testing.T, change func(*Socket)) (s *Socket, d *Dispatcher) {
	s, err := ListenSocket(filepath.Join(t.TempDir(), "s"), -1)
	if err != nil {
		t.Fatal(err)
	}
	if change != nil {
		change(s)
	}
	d = emptyBox(t)
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- s.Run(ctx, d) }()
	t.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Errorf("Run: %v", err)
		}
		if _, err := os.Lstat(s.path); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("the socket file is still there: %v", err)
		}
	})
	return s, d
}

func dial(t *testing.T, s *Socket) (net.Conn, *bufio.Reader) {
	c, err := net.Dial("unix", s.path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return c, bufio.NewReader(c)
}

// ask sends a line and returns the first line of the reply.
func ask(t *testing.T, c net.Conn, in *bufio.Reader, line string) string {
	t.Helper()
	if _, err := fmt.Fprintln(c, line); err != nil {
		t.Fatal(err)
	}
	got, err := in.ReadString('\n')
	if err != nil {
		t.Fatalf("%s: %v", line, err)
	}
	return got
}

func TestSocketServes(t *testing.T) {
	s, d := serving(t, nil)
	if info, err := os.Lstat(s.path); err != nil || info.Mode() != fs.ModeSocket|0o660 {
		t.Errorf("mode %v, %v", info.Mode(), err)
	}
	_, idle := dial(t, s) // says nothing, for ever
	c, in := dial(t, s)
	for range 3 {
		if got := ask(t, c, in, "mute all"); got != "OK\n" {
			t.Errorf("got %q", got)
		}
	}
	if log := d.box.Log.Tail(1); len(log) != 1 || !strings.Contains(log[0], "origin=socket") {
		t.Errorf("log: %q", log)
	}
	if idle.Buffered() != 0 {
		t.Error("the idle session got something")
	}
}

func TestSocketLimit(t *testing.T) {
	s, _ := serving(t, func(s *Socket) { s.limit = 2 })
	first, in := dial(t, s)
	ask(t, first, in, "mute all")
	second, in2 := dial(t, s)
	ask(t, second, in2, "mute all")
	_, third := dial(t, s)
	if got, err := io.ReadAll(third); err != nil || string(got) != "ERR 33 2 sessions are open already\n" {
		t.Errorf("got %q, %v", got, err)
	}
	if got := ask(t, first, in, "mute all"); got != "OK\n" {
		t.Errorf("first session: %q", got)
	}
}

func TestSocketIdleSessionGivesWay(t *testing.T) {
	s, _ := serving(t, func(s *Socket) { s.limit, s.idle = 2, 0 })
	first, in := dial(t, s)
	ask(t, first, in, "mute all")
	second, in2 := dial(t, s)
	ask(t, second, in2, "mute all")
	ask(t, first, in, "mute all") // the second is now the one idle for longest
	third, in3 := dial(t, s)
	if got := ask(t, third, in3, "mute all"); got != "OK\n" {
		t.Errorf("third session: %q", got)
	}
	if _, err := in2.ReadByte(); err != io.EOF {
		t.Errorf("second session: %v", err)
	}
	if got := ask(t, first, in, "mute all"); got != "OK\n" {
		t.Errorf("first session: %q", got)
	}
}

func TestSocketDropsClientThatDoesNotRead(t *testing.T) {
	s, _ := serving(t, func(s *Socket) { s.writeTime = 20 * time.Millisecond })
	deaf, _ := dial(t, s)
	written := make(chan error)
	go func() { // until it is dropped; its replies are never read
		lines := []byte(strings.Repeat("help\n", 100))
		for {
			if _, err := deaf.Write(lines); err != nil {
				written <- err
				return
			}
		}
	}()
	c, in := dial(t, s)
	if got := ask(t, c, in, "mute all"); got != "OK\n" {
		t.Errorf("another session: %q", got)
	}
	<-written
}

func TestSocketTakesTheRightPlace(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "s")

	file := filepath.Join(dir, "file")
	if err := os.WriteFile(file, []byte("precious"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := ListenSocket(file, -1); err == nil {
		t.Error("a file was replaced")
	}
	if b, _ := os.ReadFile(file); string(b) != "precious" {
		t.Errorf("the file holds %q", b)
	}

	first, err := ListenSocket(path, -1)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := ListenSocket(path, -1); !errors.Is(err, ErrInUse) {
		t.Errorf("a socket that answers: %v", err)
	}
	first.listener.Close() // as if the daemon had been killed: the file stays
	second, err := ListenSocket(path, -1)
	if err != nil {
		t.Fatalf("a stale socket: %v", err)
	}
	if err := second.Close(); err != nil {
		t.Error(err)
	}
	if entries, _ := os.ReadDir(dir); len(entries) != 1 {
		t.Errorf("left over: %v", entries)
	}

	long := filepath.Join(dir, strings.Repeat("x", 120))
	if _, err := ListenSocket(long, -1); err == nil || !strings.Contains(err.Error(), "bytes") {
		t.Errorf("a path that is too long: %v", err)
	}
	if _, err := ListenSocket(filepath.Join(dir, "none", "s"), -1); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a directory that is not there: %v", err)
	}
}

func TestClient(t *testing.T) {
	s, _ := serving(t, nil)
	c, err := Dial(s.path)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if r, err := c.Do("version"); err != nil || r.String() != "version: 0.1.0\nprotocol: 1\nOK\n" {
		t.Errorf("got %v, %v", r, err)
	}
	if r, err := c.Do("mute nobody"); err != nil || r.String() != "ERR 20 no such stream: nobody\n" {
		t.Errorf("got %v, %v", r, err)
	}
	for _, line := range []string{"", " \t", "mute all\nend"} {
		if r, err := c.Do(line); err != nil || r.Err == nil {
			t.Errorf("%q: got %v, %v", line, r, err)
		}
	}
	if r, err := c.Do("mute all"); err != nil || r.Err != nil {
		t.Errorf("afterwards: %v, %v", r, err)
	}
	if _, err := Dial(s.path + "x"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("no socket: %v", err)
	}
}
