package alsa

import (
	"fmt"
	"sync"
	"sync/atomic"
	"time"
	"unsafe"

	"github.com/yobert/alsa/alsatype"
	status "github.com/yobert/alsa/pcm"
	"golang.org/x/sys/unix"

	"submix/hw/pcm"
)

// stream is what capture and playback have in common: an open device, its state, and what is done when it fails.
// Except for the gate and the counter it belongs to the one goroutine that uses the stream.
type stream struct {
	setup
	node node
	name string
	want int // channels asked for

	clock clock
	gate  gate
	once  sync.Once
	xruns atomic.Uint64

	running bool
	xrun    bool  // an xrun was mended and is still to be told
	dead    error // once gone, what every call returns, without asking the device again
	lost    loss  // which that is then

	raw  []byte                    // samples in the device's format
	sent int                       // playback: frames written since the start, whole blocks
	fill func(left int) unix.Errno // playback: refill, which comes before each start

	// Arguments of system calls, in here so that no call allocates them.
	xfer   xferI
	status status.Status

	errXrun, errClosed error // made beforehand, for the same reason
}

// setUp makes a stream of an open device; if the device does not suit, it closes it.
func setUp(n node, c Config, capture bool) (*stream, error) {
	name := fmt.Sprintf("%s (%s)", c.Device, address{capture: capture}.direction())
	agreed, err := negotiate(n, c, capture)
	if err != nil {
		n.close()
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return &stream{
		setup: agreed, node: n, name: name, want: c.Channels, clock: clock{epoch: newEpoch()}, gate: newGate(),
		errXrun:   fmt.Errorf("%s: %w: %w", name, ErrXrun, unix.EPIPE),
		errClosed: fmt.Errorf("%s: %w", name, ErrClosed),
	}, nil
}

// Rate returns the frames a second.
func (s *stream) Rate() int { return s.rate }

// Format returns the format of the samples on the wire.
func (s *stream) Format() pcm.Format { return s.format }

// PeriodFrames returns the device's period, which may not be the one asked for.
func (s *stream) PeriodFrames() int { return s.period }

// BufferFrames returns the size of the device's buffer.
func (s *stream) BufferFrames() int { return s.buffer }

// Xruns returns how often sound was lost because this program, or the device, was late. Any goroutine may ask.
func (s *stream) Xruns() uint64 { return s.xruns.Load() }

// String returns the device and what was agreed with it.
func (s *stream) String() string { return s.name + ": " + s.setup.String() }

// Close ends the stream and frees the device; what is queued is dropped. Any goroutine may call it, at any time and
// more than once: a call that waits returns ErrClosed, and Close returns when the device is free.
func (s *stream) Close() error {
	s.once.Do(func() {
		s.gate.shut(s.node.wake)
		s.node.close()
	})
	return nil
}

// enter begins a call of the user's; if it returns nil, the gate must be left.
func (s *stream) enter() error {
	if !s.gate.enter() {
		return s.errClosed
	}
	if s.dead != nil {
		s.gate.leave()
		return s.dead
	}
	return nil
}

// transfer moves up to frames frames between the device and raw, and returns how many it moved.
func (s *stream) transfer(req uintptr, raw []byte, frames int) (int, unix.Errno) {
	s.xfer = xferI{buf: unsafe.Pointer(unsafe.SliceData(raw)), frames: alsatype.Uframes(frames)}
	e := s.node.ioctl(req, unsafe.Pointer(&s.xfer))
	s.clock.own = s.clock.now()
	if e != 0 {
		return 0, e
	}
	return int(s.xfer.result), 0
}

func (s *stream) command(req uintptr) unix.Errno { return s.node.ioctl(req, nil) }

// restart brings the stream from any state but running to running: playback with a buffer that is full but for one
// period, or more, so that its latency is the same after every start.
func (s *stream) restart() unix.Errno {
	left := 0
	if s.fill != nil && s.running {
		left = s.left()
	}
	e := s.command(reqPrepare)
	if e == 0 && s.fill != nil {
		e = s.fill(left)
	}
	if e == 0 {
		e = s.command(reqStart)
	}
	s.clock.restarted()
	s.running = e == 0
	return e
}

// start makes sure that the stream was started.
func (s *stream) start() error {
	if s.running {
		return nil
	}
	if e := s.restart(); e != 0 {
		return s.gone(e)
	}
	return nil
}

// takeXrun returns the error of an xrun that was mended and not told yet.
func (s *stream) takeXrun() error {
	if !s.xrun {
		return nil
	}
	s.xrun = false
	return s.errXrun
}

// wait polls until the device is ready for a transfer or something was wrong with it and is mended (an xrun is then
// noted), and returns true; or until the timeout, and returns false.
func (s *stream) wait(events int16, timeout time.Duration) (bool, error) {
	revents, woken := s.node.poll(events, timeout)
	if woken {
		return false, s.errClosed
	}
	if revents&^events != 0 { // POLLERR, POLLNVAL
		e := s.state()
		if e == 0 {
			e = unix.ENODEV // it only looks healthy: to poll it again would spin
		}
		return true, s.mend(e)
	}
	return revents != 0, nil
}
