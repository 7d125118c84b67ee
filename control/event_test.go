package control_test

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"submix/control"
	"submix/control/controltest"
)

// listener is a session of the line protocol whose client reads when it is told to.
type listener struct {
	*controltest.Box
	t    *testing.T
	far  net.Conn
	near net.Conn
	done chan error
}

func listen(t *testing.T, box *controltest.Box, wrap func(net.Conn) io.ReadWriter) *listener {
	near, far := net.Pipe()
	l := &listener{Box: box, t: t, far: far, near: near, done: make(chan error, 1)}
	go func() { l.done <- box.Dispatcher.Serve(context.Background(), wrap(near), "socket") }()
	return l
}

func plain(c net.Conn) io.ReadWriter { return c }

func (l *listener) end() {
	l.far.Close()
	<-l.done
}

func (l *listener) send(line string) { io.WriteString(l.far, line+"\n") }

// reads returns what comes until nothing has come for a while.
func (l *listener) reads() string {
	var all []byte
	buffer := make([]byte, 64<<10)
	for {
		l.far.SetReadDeadline(time.Now().Add(10 * time.Millisecond))
		n, err := l.far.Read(buffer)
		if all = append(all, buffer[:n]...); err != nil {
			return string(all)
		}
	}
}

func (l *listener) wants(want string) {
	l.t.Helper()
	if got := l.reads(); got != want {
		l.t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

// Events come between replies, from events on to events off, to each session that
// has asked for them.
func TestEvents(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		box := controltest.New()
		log := slog.New(box.Log)
		box.Dispatcher.Do(context.Background(), "serial", "mute tape") // before anybody listens
		l, other := listen(t, box, plain), listen(t, box, plain)
		defer l.end()
		defer other.end()
		l.send("events on")
		l.wants("OK\n")
		log.Warn("stream", control.EventStall.Attr(), "stream", "mic", "reason", "a \"reason\"")
		log.Warn("no event")
		l.wants(`event stall boot=0.010 time=2000-01-01T00:00:00.010Z level=warn text="stream" stream=mic reason="a \"reason\""` + "\n")
		other.send("mute mic")
		other.wants("OK\n")
		l.wants(`event command boot=0.020 time=2000-01-01T00:00:00.020Z level=info text="command" origin=socket line="mute mic"` + "\n")
		box.Dispatcher.Do(context.Background(), "button red", "remove nobody")
		l.wants(`event refused boot=0.040 time=2000-01-01T00:00:00.040Z level=warn text="command refused" origin="button red" line="remove nobody" code=20 error="no such stream: nobody"` + "\n")
		l.send("events on") // once more changes nothing
		l.wants("OK\n")
		l.send("events off")
		l.wants("OK\n")
		log.Warn("stream", control.EventStall.Attr(), "stream", "mic")
		l.wants("")
		l.send("log 1")
		l.wants("log 6 boot=0.070 time=2000-01-01T00:00:00.070Z event=stall level=warn text=\"stream\" stream=mic\nOK\n")
		l.send("events on")
		l.wants("OK\n")
		l.send("mute out ") // what the session itself does is told behind the reply
		l.wants("OK\n" + `event command boot=0.100 time=2000-01-01T00:00:00.100Z level=info text="command" origin=socket line="mute out"` + "\n")
	})
}

// While the time of day is not known, none is told.
func TestEventsWithoutTimeOfDay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		box := controltest.New()
		known := false
		box.Log.Clock = func() (time.Duration, bool) { return 83*time.Second + 214*time.Millisecond, known }
		log := slog.New(box.Log).With("stream", "mic")
		l := listen(t, box, plain)
		defer l.end()
		l.send("events on")
		l.wants("OK\n")
		log.Warn("xrun", control.EventXrun.Attr(), "xruns", 3)
		l.wants("event xrun boot=83.214 level=warn text=\"xrun\" stream=mic xruns=3\n")
		known = true
		log.Warn("xrun", control.EventXrun.Attr(), "xruns", 4)
		l.wants("event xrun boot=83.214 time=2000-01-01T00:00:00.020Z level=warn text=\"xrun\" stream=mic xruns=4\n")
	})
}

// A client that does not read while ten thousand things happen holds up nobody, is
// told what it has lost, and the rest in order.
func TestSlowClientLosesEvents(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		box := controltest.New()
		l := listen(t, box, plain)
		defer l.end()
		l.send("events on")
		l.wants("OK\n")
		start := time.Now()
		const many = 10_000
		for i := range many {
			slog.New(box.Log).Info("again", control.EventLatency.Attr(), "i", i)
			if i == 0 {
				synctest.Wait() // the session stands in a write
			}
		}
		if took := time.Since(start); took != 0 {
			t.Errorf("it took %v", took)
		}
		got := strings.Split(strings.TrimSpace(l.reads()), "\n")
		t.Logf("%d events, %d lines: %s ... %s", many, len(got), got[1], got[len(got)-1])
		lost := many - 1 - control.LogEntries
		if len(got) != 1+1+control.LogEntries || got[1] != fmt.Sprintf("event lost n=%d", lost) {
			t.Fatalf("%d lines, the second is %q, want lost n=%d", len(got), got[1], lost)
		}
		for i, line := range got[2:] {
			if !strings.HasSuffix(line, fmt.Sprintf(" i=%d", 1+lost+i)) {
				t.Fatalf("line %d is %q", i, line)
			}
		}
		l.send("version")
		l.wants("version: 0.1.0\nprotocol: 1\nOK\n")
	})
}

// narrow is a line that swallows any number of bytes at once, but carries few.
type narrow struct{ net.Conn }

func (narrow) BytesPerSecond() int { return 960 }

// A line of 9600 baud is told no more than it carries, and replies are in time.
func TestEventsOnASlowLine(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		box := controltest.New()
		l := listen(t, box, func(c net.Conn) io.ReadWriter { return narrow{c} })
		defer l.end()
		l.send("events on")
		l.wants("OK\n")
		stop := make(chan struct{})
		go func() {
			for {
				select {
				case <-stop:
					return
				case <-time.After(time.Millisecond):
					slog.New(box.Log).Info("again", control.EventLatency.Attr())
				}
			}
		}()
		bytes, lost := 0, 0
		for start := time.Now(); time.Since(start) < time.Minute; time.Sleep(100 * time.Millisecond) {
			got := l.reads()
			bytes += len(got)
			lost += strings.Count(got, "event lost")
		}
		close(stop)
		t.Logf("1000 events a second on a line of 960 bytes/s: %.0f bytes/s, losses are told %d times", float64(bytes)/60, lost)
		if bytes > 61*960 || bytes < 30*960 || lost == 0 {
			t.Error("want at most what the line carries, and the losses told")
		}
	})
}

// A button has no session to be told.
func TestEventsNeedASession(t *testing.T) {
	box := controltest.New()
	for line, code := range map[string]control.Code{"events on": control.CodeNotNow, "events": control.CodeUsage, "events yes": control.CodeOption} {
		if r := do(box, line); r.Err == nil || r.Err.Code != code {
			t.Errorf("%s: %v", line, r)
		}
	}
}
