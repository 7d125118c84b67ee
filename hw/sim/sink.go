package sim

import (
	"cmp"
	"fmt"
	"math"
	"sync"
	"sync/atomic"
	"time"
)

// Recorder takes what a sink plays: whole blocks, interleaved, which it must not keep. Of the silence at the start and
// after an underrun it is told nothing, so that there is no edge to fade in what it takes.
type Recorder interface {
	WriteFrames(samples []float32) error
}

// Sink is a simulated playback card: it holds Periods blocks, and plays them by its own clock. Wait and Write belong to
// one goroutine; Close may be called from any.
type Sink struct {
	// Sleep sleeps for so long, or less, while Wait and Write wait; nil is a timer, which Close ends. Set it at once.
	Sleep func(time.Duration)

	config SinkConfig
	clock  clock
	room   int64 // frames that may be queued when there is room for a block

	running bool
	start   time.Time // of the card's clock
	written int64     // frames since the start, silence at first included
	xrun    bool      // to be told by Wait
	timer   *time.Timer

	xruns  atomic.Uint64
	once   sync.Once
	closed chan struct{}
}

// NewSink makes a sink; its clock starts with the first Wait or Write. Errors wrap ErrConfig.
func NewSink(c SinkConfig) (*Sink, error) {
	c.Rate, c.Channels = cmp.Or(c.Rate, defaultRate), cmp.Or(c.Channels, defaultChannels)
	c.Block, c.Periods = cmp.Or(c.Block, max(1, c.Rate/200)), cmp.Or(c.Periods, 3)
	if c.Rate < 1 || c.Rate > maxRate || c.Channels < 1 || c.Channels > maxChannels || !(math.Abs(c.PPM) <= maxPPM) ||
		c.Block < 1 || c.Block > 10*maxRate || c.Periods < 2 || c.Periods > 1000 {
		return nil, fmt.Errorf("%w: %d Hz, %d channels, %g ppm, %d periods of %d frames", ErrConfig, c.Rate, c.Channels, c.PPM, c.Periods, c.Block)
	}
	return &Sink{config: c, clock: newClock(c.Rate, c.PPM), room: int64(c.Block * (c.Periods - 1)), closed: make(chan struct{})}, nil
}

// Rate returns the nominal rate, in frames a second.
func (s *Sink) Rate() int { return s.config.Rate }

// Channels returns the number of channels of a block.
func (s *Sink) Channels() int { return s.config.Channels }

// Xruns returns how often the card ran dry.
func (s *Sink) Xruns() uint64 { return s.xruns.Load() }

// Wait blocks until there is room for a block, and returns the number of frames that are queued and not played yet, and
// when the last one before them had been played. The first call starts the card on silence with room for one block.
//
// The error is ErrXrun, once for each underrun: the card was started again in the same way, and queuedFrames holds. It is
// ErrClosed after Close, which ends a Wait under way.
func (s *Sink) Wait() (queuedFrames int, at time.Time, err error) {
	queued, err := s.wait()
	if err != nil {
		return 0, time.Time{}, err
	}
	if s.xrun {
		s.xrun, err = false, ErrXrun
	}
	return queued, s.start.Add(s.clock.after(s.written - int64(queued))), err
}

// Write queues one block, interleaved, and gives it to the Recorder, whose error it returns. After a Wait it does not
// block, otherwise it waits for room. An underrun it meets is told by the next Wait.
func (s *Sink) Write(block []float32) error {
	if len(block) != s.config.Block*s.config.Channels {
		return fmt.Errorf("simulated sink: block of %d samples, want %d frames of %d channels", len(block), s.config.Block, s.config.Channels)
	}
	if _, err := s.wait(); err != nil {
		return err
	}
	s.written += int64(s.config.Block)
	if s.config.Recorder == nil {
		return nil
	}
	return s.config.Recorder.WriteFrames(block)
}

// Close ends a Wait under way, and makes all calls fail with ErrClosed.
func (s *Sink) Close() error {
	s.once.Do(func() { close(s.closed) })
	return nil
}

// wait blocks until there is room for a block.
func (s *Sink) wait() (queued int, err error) {
	for {
		select {
		case <-s.closed:
			return 0, ErrClosed
		default:
		}
		now := time.Now()
		if !s.running {
			s.running, s.start, s.written = true, now, s.room
		}
		left := s.written - s.clock.frames(now.Sub(s.start))
		switch {
		case left <= 0: // as with a real card: the buffer is dry when its last frame is out
			s.running, s.xrun = false, true
			s.xruns.Add(1)
		case left <= s.room:
			return int(left), nil
		default:
			s.sleep(s.clock.after(s.written-s.room) - now.Sub(s.start))
		}
	}
}

func (s *Sink) sleep(d time.Duration) {
	if s.Sleep != nil {
		s.Sleep(d)
		return
	}
	if s.timer == nil {
		s.timer = time.NewTimer(d)
	} else {
		s.timer.Reset(d)
	}
	select {
	case <-s.timer.C:
	case <-s.closed:
	}
}
