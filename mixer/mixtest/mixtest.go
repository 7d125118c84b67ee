// Package mixtest has the cards that the mixer's tests play with: exact, and on
// the clock of the time package, so that testing/synctest makes them instant.
package mixtest

import (
	"errors"
	"sync/atomic"
	"time"
)

// ErrStopped ends Sink.Wait when the sink has had all it wanted.
var ErrStopped = errors.New("the sink has had enough")

// A Card is a capture device: it has delivered Rate frames for each second since
// it was made, but for those in which it was stalled. It is a mixer.Source.
type Card struct {
	Rate, Channels int
	// Sample is the signal; frame counts the frames delivered.
	Sample func(frame int64, channel int) float32
	// Burst is the step, in frames, in which the card's position moves; 0: 1.
	Burst int

	start   time.Time
	stopped atomic.Int64 // time.Time of the stall in ns since start, plus 1; 0: running
	lost    atomic.Int64 // ns of stalls that are over
	given   int64        // frames delivered
	err     atomic.Pointer[error]
	once    atomic.Pointer[error]
	// Held frames are not delivered until it is false again, then all at once.
	Held atomic.Bool
}

// NewCard makes a card that starts now.
func NewCard(rate, channels int, sample func(frame int64, channel int) float32) *Card {
	return &Card{Rate: rate, Channels: channels, Sample: sample, start: time.Now()}
}

// Stall stops the card's clock, Resume lets it go on.
func (c *Card) Stall() { c.stopped.Store(int64(time.Since(c.start)) + 1) }

// Resume lets a stalled card go on. Not while a Read is under way.
func (c *Card) Resume() {
	c.lost.Add(int64(time.Since(c.start)) - (c.stopped.Swap(0) - 1))
}

// Fail makes every following Read return err.
func (c *Card) Fail(err error) { c.err.Store(&err) }

// Once makes the next Read, and only that, return err.
func (c *Card) Once(err error) { c.once.Store(&err) }

// Read implements mixer.Source.
func (c *Card) Read(dst []float32) (int, error) {
	if err := c.err.Load(); err != nil {
		return 0, *err
	}
	if err := c.once.Swap(nil); err != nil {
		return 0, *err
	}
	if c.Held.Load() {
		return 0, nil
	}
	run := time.Since(c.start)
	if at := c.stopped.Load(); at != 0 {
		run = time.Duration(at - 1)
	}
	there := int64((run-time.Duration(c.lost.Load())).Seconds()*float64(c.Rate) + 1e-6)
	if c.Burst > 0 {
		there -= there % int64(c.Burst)
	}
	n := min(int(there-c.given), len(dst)/c.Channels)
	for i := range n {
		for ch := range c.Channels {
			dst[i*c.Channels+ch] = c.Sample(c.given+int64(i), ch)
		}
	}
	c.given += int64(n)
	return n, nil
}

// A Sink is a playback card with a buffer of Periods blocks, which it plays at
// Rate. It is a mixer.Sink, and records what it plays.
type Sink struct {
	Rate, Channels, Block, Periods int
	Stop                           time.Duration // Wait errs from then on
	Played                         []float32
	Late                           int // blocks that came after the buffer had run dry

	start time.Time
}

// Wait implements mixer.Sink.
func (s *Sink) Wait() (int, time.Time, error) {
	if s.start.IsZero() {
		s.start = time.Now()
		s.Played = make([]float32, (s.Periods-1)*s.Block*s.Channels)
	}
	written := len(s.Played) / s.Channels
	room := written - (s.Periods-1)*s.Block // frames played when there is room for a block
	time.Sleep(time.Until(s.start.Add(time.Duration(room) * time.Second / time.Duration(s.Rate))))
	if time.Since(s.start) >= s.Stop {
		return 0, time.Time{}, ErrStopped
	}
	return (s.Periods - 1) * s.Block, time.Now(), nil
}

// Write implements mixer.Sink.
func (s *Sink) Write(block []float32) error {
	written := time.Duration(len(s.Played)/s.Channels) * time.Second / time.Duration(s.Rate)
	if time.Since(s.start) > written {
		s.Late++
	}
	s.Played = append(s.Played, block...)
	return nil
}
