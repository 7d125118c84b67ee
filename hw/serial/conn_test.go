package serial

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"golang.org/x/sys/unix"
)

// fakeDevice takes bytes only while it is free, and is silent to the reader.
type fakeDevice struct {
	t       *testing.T
	free    chan struct{} // closed: Write takes what it is given
	written chan []byte
	writing sync.Mutex
}

func newFakeDevice(t *testing.T) *fakeDevice {
	return &fakeDevice{t: t, free: make(chan struct{}), written: make(chan []byte, 1000)}
}

func (f *fakeDevice) Read([]byte) (int, error) { time.Sleep(poll); return 0, nil }

func (f *fakeDevice) Write(p []byte) (int, error) {
	f.writing.Lock()
	defer f.writing.Unlock()
	select {
	case <-f.free:
	case <-time.After(poll):
		return 0, nil
	}
	f.written <- bytes.Clone(p)
	return len(p), nil
}

func (f *fakeDevice) Close() error {
	if !f.writing.TryLock() {
		f.t.Error("closed while a write is in the device: its file number can become another file's")
	}
	close(f.written)
	return nil
}

func (f *fakeDevice) all() (s string) {
	for p := range f.written {
		s += string(p)
	}
	return s
}

// run serves one session on the device.
func run(f *fakeDevice, session func(io.ReadWriter) error) (ended chan error) {
	ended = make(chan error, 1)
	go func() { ended <- serve(f.t.Context(), f, DefaultBaud, session) }()
	synctest.Wait()
	return ended
}

func TestOnlyWholeLinesAreLost(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFakeDevice(t)
		more := make(chan struct{})
		ended := run(f, func(rw io.ReadWriter) error {
			for i := range 20000 {
				line := fmt.Sprintf("line %d ends\r\n", i)
				for _, piece := range []string{line[:5], line[5:]} {
					if n, err := io.WriteString(rw, piece); n != len(piece) || err != nil {
						t.Errorf("write: %d, %v", n, err)
					}
				}
			}
			<-more
			_, err := io.WriteString(rw, "the last\r\n")
			return err
		})
		close(f.free)
		synctest.Wait()
		close(more)
		if err := <-ended; err != nil {
			t.Fatal(err)
		}
		out := f.all()
		if n := len(out); n > queueBytes+chunkBytes+100 || n < queueBytes-100 {
			t.Errorf("%d bytes came out, want what fits the queue", n)
		}
		lines := strings.SplitAfter(out, "\r\n")
		next := 0 // when the writer takes its first chunk is up to the scheduler: a later line may fit again
		for _, line := range lines[:len(lines)-2] {
			var i int
			if n, err := fmt.Sscanf(line, "line %d ends\r\n", &i); n != 1 || err != nil || i < next || line != fmt.Sprintf("line %d ends\r\n", i) {
				t.Fatalf("%q came after line %d", line, next-1)
			}
			next = i + 1
		}
		if last := lines[len(lines)-2]; last != "the last\r\n" || lines[len(lines)-1] != "" {
			t.Errorf("after the gap came %q", last)
		}
	})
}

func TestTornLineIsEnded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFakeDevice(t)
		ended := run(f, func(rw io.ReadWriter) error {
			io.WriteString(rw, "begin")
			time.Sleep(time.Nanosecond) // until the writer has taken it
			io.WriteString(rw, strings.Repeat("x", queueBytes))
			io.WriteString(rw, "rest\n")
			io.WriteString(rw, "next\n")
			return nil
		})
		close(f.free)
		<-ended
		if out := f.all(); out != "begin\nnext\n" {
			t.Errorf("got %q", out)
		}
	})
}

// A port that takes nothing holds nobody: when the session has ended, the rest is dropped and the port closed.
func TestStuckWriterEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFakeDevice(t)
		start := time.Now()
		ended := run(f, func(rw io.ReadWriter) error {
			io.WriteString(rw, strings.Repeat("x\n", 10000))
			return io.ErrUnexpectedEOF
		})
		if err := <-ended; err != io.ErrUnexpectedEOF || time.Since(start) > 2*poll {
			t.Errorf("ended with %v after %v", err, time.Since(start))
		}
		if s := f.all(); s != "" {
			t.Errorf("%q was written", s)
		}
	})
}

// What is queued at the end goes out, if that is a matter of a moment.
func TestLastLinesGoOut(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFakeDevice(t)
		time.AfterFunc(poll/2, func() { close(f.free) })
		<-run(f, func(rw io.ReadWriter) error { _, err := io.WriteString(rw, strings.Repeat("x\n", 10000)); return err })
		if n := len(f.all()); n != 20000 {
			t.Errorf("%d bytes of 20000 went out", n)
		}
	})
}

func TestSilenceIsNoEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		c := newConn(ctx, newFakeDevice(t), DefaultBaud)
		start := time.Now()
		time.AfterFunc(time.Hour, cancel)
		if n, err := c.Read(make([]byte, 1)); n != 0 || !errors.Is(err, ErrClosed) || time.Since(start) > time.Hour+poll {
			t.Errorf("read gave %d, %v after %v", n, err, time.Since(start))
		}
		if _, err := c.Write([]byte("x")); !errors.Is(err, ErrClosed) {
			t.Errorf("write after the end: %v", err)
		}
	})
}

func TestSpeedOfTheLine(t *testing.T) {
	if n := newConn(t.Context(), newFakeDevice(t), 9600).BytesPerSecond(); n != 960 {
		t.Errorf("9600 baud carry %d bytes a second", n)
	}
}

func TestFailedWriteEndsTheReader(t *testing.T) {
	c := newConn(t.Context(), newFakeDevice(t), DefaultBaud)
	c.fail(unix.EIO)
	if _, err := c.Read(make([]byte, 1)); !errors.Is(err, ErrGone) || !errors.Is(err, unix.EIO) {
		t.Errorf("read: %v", err)
	}
	if _, err := c.Write([]byte("x")); !errors.Is(err, ErrGone) {
		t.Errorf("write: %v", err)
	}
}
