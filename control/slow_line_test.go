package control_test

import (
	"context"
	"io"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"submix/control/controltest"
	"submix/control/controltest/vt"
)

// slowLine is a serial line of 9600 baud with hw/serial in front of it: writes
// are queued, and go out at 960 bytes a second.
type slowLine struct {
	io.Reader
	queue chan byte
}

func (*slowLine) BytesPerSecond() int { return 960 }

func (l *slowLine) Write(p []byte) (int, error) {
	for _, c := range p {
		select {
		case l.queue <- c:
		default: // lost, as in hw/serial
		}
	}
	return len(p), nil
}

// A terminal of 80 x 24 at 9600 baud can be worked with.
func TestConsoleAt9600Baud(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		in, person := io.Pipe()
		line := &slowLine{in, make(chan byte, 64<<10)}
		term := vt.New(80, 24)
		served := make(chan error, 1)
		go func() {
			served <- controltest.New().Dispatcher.Serve(context.Background(), line, "serial")
			close(line.queue)
		}()
		shown := make(chan bool)
		go func() {
			for c := range line.queue {
				time.Sleep(time.Second / 960)
				term.Write([]byte{c})
				if answer := term.Answers(); len(answer) > 0 {
					go person.Write(answer)
				}
			}
			close(shown)
		}()
		// takes types keys and returns how long it takes until the screen has a text.
		takes := func(keys, text string, limit time.Duration) time.Duration {
			start := time.Now()
			for _, c := range []byte(keys) {
				person.Write([]byte{c})
			}
			for !strings.Contains(term.Text(), text) {
				if time.Sleep(time.Millisecond); time.Since(start) > 10*time.Second {
					t.Fatalf("%q never comes:\n%s", text, term.Text())
				}
			}
			took := time.Since(start).Round(time.Millisecond)
			t.Logf("at 9600 baud %q shows %q after %v", keys, text, took)
			if took > limit {
				t.Errorf("that took %v, want at most %v", took, limit)
			}
			time.Sleep(time.Second)
			return took
		}
		takes("\r", "submix> \u2588", 200*time.Millisecond)
		takes("m", "submix> m\u2588", 10*time.Millisecond)
		takes("u\t", "submix> mute \u2588", 20*time.Millisecond)
		takes("\x03", "submix> \u2588", 50*time.Millisecond)
		takes("streams\r", "is not plugged in\nsubmix> \u2588", 600*time.Millisecond)
		takes("\x1b[A", "submix> streams\u2588", 10*time.Millisecond)
		takes("\x03", "submix> \u2588", 50*time.Millisecond)
		takes("help\r", "exit      leave the console, as Ctrl-D does\nsubmix> \u2588", 1500*time.Millisecond)
		takes("meters\r", "any key ends\n", time.Second)
		takes("q", "any key ends\nsubmix> \u2588", 100*time.Millisecond)
		person.Close()
		if err := <-served; err != nil {
			t.Error(err)
		}
		<-shown
	})
}
