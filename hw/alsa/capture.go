package alsa

import (
	"time"

	"golang.org/x/sys/unix"
)

// Capture is a device that is read from. Start, Read and Wait belong to one goroutine at a time.
type Capture struct {
	*stream
	heard     uint64        // xruns when the last frame was read
	delivered time.Duration // when that was, of the clock's epoch; 0: none was yet
	patience  time.Duration // until the first one
}

// standsAfter is how long a capture that runs may deliver nothing before it counts as gone: a USB endpoint that hangs, a
// codec that has lost its clock. Only to open it anew may help. It is far beyond what any driver takes to begin, and what
// the kernel itself gives a blocking read (10 s in many versions).
const standsAfter = 10 * time.Second

// OpenCapture opens a device for capture. It does not start it: Start does, or else the first Read or Wait. It does
// not wait for a device that is in use, or for a second if another program takes it just then. The error is ErrNotFound,
// ErrBusy, ErrUnsuitable or ErrGone, or what else the kernel refused (no permission), and says what to do about it.
func OpenCapture(c Config) (*Capture, error) { return host().openCapture(c) }

func (sys system) openCapture(c Config) (*Capture, error) {
	s, err := sys.open(c, true)
	if err != nil {
		return nil, err
	}
	return newCapture(s, c.Patience), nil
}

func newCapture(s *stream, patience time.Duration) *Capture {
	s.raw = make([]byte, s.buffer*s.channels*s.format.Bytes())
	return &Capture{stream: s, patience: max(patience, standsAfter)}
}

// Channels returns the device's number of channels: see Config.Channels.
func (c *Capture) Channels() int { return c.channels }

// Start starts the device: from now on its buffer fills. It does nothing if it was started.
func (c *Capture) Start() error {
	if err := c.enter(); err != nil {
		return err
	}
	defer c.gate.leave()
	return c.start()
}

// Read copies what the device has now to dst, interleaved, full scale 1.0, at most len(dst)/Channels() frames, and
// returns the number of frames. It never waits, and it allocates nothing.
//
//	n > 0, nil       n frames
//	0, nil           nothing yet
//	0, ErrXrun       the buffer ran over: what was in it is lost, and the stream runs again; told once, go on reading
//	0, ErrGone       the device is gone, stops whenever it is started, or runs and has delivered nothing for 10 s; close it
//	0, ErrClosed     Close was called
func (c *Capture) Read(dst []float32) (frames int, err error) {
	if err := c.enter(); err != nil {
		return 0, err
	}
	defer c.gate.leave()
	if err := c.start(); err != nil {
		return 0, err
	}
	frames = min(len(dst)/c.channels, c.buffer)
	if c.Xruns() > c.heard+mostStarts {
		return 0, c.gone(unix.EPIPE)
	}
	if c.xrun || frames == 0 {
		return 0, c.takeXrun()
	}
	frames, e := c.transfer(reqReadI, c.raw, frames)
	if e != 0 {
		if e == unix.EAGAIN {
			return 0, c.stands()
		}
		if err := c.mend(e); err != nil {
			return 0, err
		}
		return 0, c.takeXrun()
	}
	c.heard, c.delivered = c.Xruns(), c.clock.own
	c.format.Decode(dst[:frames*c.channels], c.raw)
	return frames, nil
}

// stands has the device, which had nothing just now, be gone if it has stood still for too long since it was started or
// delivered. The transfer that found nothing has had the driver look: its position has not moved either.
func (c *Capture) stands() error {
	most := standsAfter
	if c.delivered == 0 {
		most = c.patience
	}
	if c.clock.own-max(c.delivered, c.clock.started) < most {
		return nil
	}
	err := c.gone(unix.ETIMEDOUT)
	c.lost.stood = true
	return err
}

// Ahead returns how many frames the device had captured at the time at, that of its last interrupt, beyond those that
// Read has returned; negative if Read has returned some that were captured later. Call it just before each Read: a read
// that finds the device moved leaves no trace of the interrupt before. at is zero while nothing is known: after the start
// and after an xrun until the first interrupt, and when the device is gone, which Read tells. It never waits, and it
// allocates nothing.
func (c *Capture) Ahead() (frames int, at time.Time) {
	if c.enter() != nil {
		return 0, time.Time{}
	}
	defer c.gate.leave()
	m, interrupt, e := c.look()
	if e != 0 {
		return 0, time.Time{}
	}
	if interrupt {
		c.clock.last = m
	}
	if m = c.clock.last; m.at == 0 {
		return 0, time.Time{}
	}
	return int(m.hw) - int(c.clock.sync.appl), c.clock.time(m.at)
}

// Wait blocks until at least one period can be read, or Read has an error to tell, and returns true; or until timeout,
// and returns false. A negative timeout is none. It blocks the thread, not only the goroutine.
func (c *Capture) Wait(timeout time.Duration) (ready bool, err error) {
	if err := c.enter(); err != nil {
		return false, err
	}
	defer c.gate.leave()
	if err := c.start(); err != nil {
		return false, err
	}
	if c.xrun {
		return true, nil
	}
	return c.wait(unix.POLLIN, timeout)
}
