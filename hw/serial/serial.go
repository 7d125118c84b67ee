// Package serial keeps a serial port open and runs sessions on it, through unplugging and return of the adapter.
//
// Bytes pass unchanged both ways; what they mean, and what is garbage, is the session's business.
package serial

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"time"
)

var (
	// ErrGone: the adapter was unplugged or the other side hung up. Run opens the port again when it is back.
	ErrGone = errors.New("serial port is gone")
	// ErrClosed: the session is over, because Run's context ended or the session function has returned.
	ErrClosed = errors.New("serial session is over")
)

const (
	// DefaultBaud is used where Port.Baud is 0.
	DefaultBaud = 115200
	// poll is how often a silent read looks whether it is to end. The library could be woken by closing the port, but
	// then the port's file number could be another file's before the read has left it.
	poll = 100 * time.Millisecond
	// retry is the pause before a port is opened again.
	retry = time.Second
)

// Port is a serial port, 8 bits, no parity, one stop bit, no flow control. Set the fields before Run.
type Port struct {
	Path string // a path that survives replugging, such as /dev/serial/by-id/...
	Baud int    // bit/s
	// Changed, if not nil, is called by Run when the port has been opened (nil) and when it is lost or cannot be opened:
	// once for each new reason, not for each attempt.
	Changed func(err error)

	open  func(path string, baud int) (device, error) // nil: openDevice; tests have their own
	pause func(ctx context.Context, d time.Duration)  // nil: sleep
}

// device is what is used of an open port. Read returns (0, nil) after a pause of poll without data. Write takes what there
// is room for, and waits for that for poll at most: 0 is no error. Close drops what is not sent yet.
type device = io.ReadWriteCloser

// Run opens the port, runs session on it, and does so again whenever the session has ended, the port was lost or could
// not be opened; a second passes before each new attempt. It returns nil once ctx has ended and the session has returned.
//
// Read in the session blocks until there are bytes, and fails with ErrGone or ErrClosed when the session must return.
// Write never blocks: 64 KiB are queued, and where the other side does not take its bytes, whole lines are lost. Both
// may be called from different goroutines; neither after the session has returned. A method BytesPerSecond() int says
// what the line carries.
func (p *Port) Run(ctx context.Context, session func(io.ReadWriter) error) error {
	open, pause := p.open, p.pause
	if open == nil {
		open = openDevice
	}
	if pause == nil {
		pause = sleep
	}
	var told string
	for ctx.Err() == nil {
		baud := cmp.Or(p.Baud, DefaultBaud)
		dev, err := open(p.Path, baud)
		if err == nil {
			told = ""
			p.changed(nil)
			err = serve(ctx, dev, baud, session)
		}
		if ctx.Err() != nil {
			break
		}
		if err != nil && err.Error() != told {
			told = err.Error()
			p.changed(fmt.Errorf("%s: %w", p.Path, err))
		}
		pause(ctx, retry)
	}
	return nil
}

func (p *Port) changed(err error) {
	if p.Changed != nil {
		p.Changed(err)
	}
}

// serve runs one session. The device is closed when neither the session nor the writer can be inside of a call on it.
func serve(ctx context.Context, dev device, baud int, session func(io.ReadWriter) error) error {
	c := newConn(ctx, dev, baud)
	written := make(chan struct{})
	go func() {
		c.writeAll()
		close(written)
	}()
	err := session(c)
	c.end()
	defer time.AfterFunc(poll, c.discard).Stop() // what is still queued may go out for a moment
	<-written
	return cmp.Or(err, dev.Close())
}

func sleep(ctx context.Context, d time.Duration) {
	select {
	case <-ctx.Done():
	case <-time.After(d):
	}
}
