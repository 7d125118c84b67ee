//go:build vm

package guest

import (
	"bufio"
	"context"
	"io"
	"testing"
	"time"

	"submix/hw/serial"
)

// Lines and garbage pass both ways over the null modem, and the end comes at once.
func TestHWSerial(t *testing.T) {
	slowTime(t)
	ctx, cancel := context.WithCancel(t.Context())
	opened := make(chan error, 1)
	p := serial.Port{Path: programEnd, Baud: 115200, Changed: func(err error) { opened <- err }}
	ended := make(chan error, 1)
	go func() {
		ended <- p.Run(ctx, func(rw io.ReadWriter) error {
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
		})
	}()
	if err := <-opened; err != nil {
		t.Fatal(err)
	}
	far := openSerial(t, testEnd, 115200)
	in := bufio.NewReader(far)
	for _, line := range []string{"status\n", "\x00\x01\x03\x04\x11\x13\x1a\x7f\x80\xff\r\n", "after the garbage\n"} {
		if _, err := io.WriteString(far, line); err != nil {
			t.Fatal(err)
		}
		if got, err := in.ReadString('\n'); got != "re: "+line {
			t.Errorf("%q came back as %q, %v", line, got, err)
		}
	}
	start := time.Now()
	cancel()
	if err := <-ended; err != nil || time.Since(start) > 200*time.Millisecond {
		t.Errorf("ended with %v after %v", err, time.Since(start))
	}
}
