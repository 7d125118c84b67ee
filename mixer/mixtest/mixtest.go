// Package mixtest has the cards that the mixer's tests play with: exact, and on
// the clock of the time package, so that testing/synctest makes them instant.
package mixtest

import (
	"errors"
	"sync"
	"time"
)

// ErrStopped ends Sink.Wait when the sink has had all it wanted.
var ErrStopped = errors.New("the sink has had enough")

// A Card is a capture device: it has delivered Rate frames, and PPM millionths
// more, for each second since it was made, but for those in which it was stalled.
// It is a mixer.Clocked source.
type Card struct {
	Rate, Channels int
	// Sample is the signal; frame counts the frames delivered.
	Sample func(frame int64, channel int) float32
	// Burst is the step, in frames, in which the card's position moves; 0: 1.
	Burst int
	// Jitter is by how much, at most, a step is late: it is seen, and its time is
	// taken, anything up to that after it has happened.
	Jitter time.Duration

	mu      sync.Mutex
	ppm     float64
	stalled bool
	since   time.Time // the clock has run evenly since then
	base    float64   // frames captured at since
	given   int64     // frames delivered
	held    bool
	err     error
	once    error
	lost    bool // with once: what has not been delivered
	pause   time.Duration
}

// NewCard makes a card that starts now.
func NewCard(rate, channels int, sample func(frame int64, channel int) float32) *Card {
	return &Card{Rate: rate, Channels: channels, Sample: sample, since: time.Now()}
}

// change changes the card from now on.
func (c *Card) change(f func()) {
	c.mu.Lock()
	defer c.mu.Unlock()
	now := time.Now()
	c.base, c.since = c.position(now), now
	f()
}

// SetPPM makes the card's clock run faster by so many millionths from now on.
func (c *Card) SetPPM(ppm float64) { c.change(func() { c.ppm = ppm }) }

// Stall stops the card's clock, Resume lets it go on.
func (c *Card) Stall() { c.change(func() { c.stalled = true }) }

// Resume lets a stalled card go on.
func (c *Card) Resume() { c.change(func() { c.stalled = false }) }

// Hold keeps frames from being delivered until it is called with false, then they
// come all at once.
func (c *Card) Hold(hold bool) { c.change(func() { c.held = hold }) }

// Fail makes every following Read return err; nil: no more.
func (c *Card) Fail(err error) { c.change(func() { c.err = err }) }

// Once makes the next Read, and only that, return err.
func (c *Card) Once(err error) { c.change(func() { c.once = err }) }

// Lose makes the next Read return err, after a pause, and the frames that had not
// been delivered by then are lost.
func (c *Card) Lose(pause time.Duration, err error) {
	c.change(func() { c.once, c.lost, c.pause = err, true, pause })
}

// Overrun loses what has been captured and not been delivered, and so many frames
// more; the next Read says so, and the one after delivers.
func (c *Card) Overrun(frames int, err error) {
	c.change(func() { c.given, c.once = int64(c.base+1e-6)+int64(frames), err })
}

func (c *Card) speed() float64 {
	if c.stalled {
		return 0
	}
	return float64(c.Rate) * (1 + c.ppm*1e-6)
}

// position is the number of frames captured at a time, with fractions.
func (c *Card) position(at time.Time) float64 {
	return c.base + at.Sub(c.since).Seconds()*c.speed()
}

// there returns how many frames can be seen now, and since when.
func (c *Card) there() (frames int64, at time.Time) {
	now := time.Now()
	frames = int64(c.position(now) + 1e-6)
	if c.Burst > 0 {
		frames -= frames % int64(c.Burst)
	}
	if c.stalled {
		return frames, c.since
	}
	for {
		at = now
		if c.Burst > 0 {
			ago := (c.position(now) - float64(frames)) / c.speed()
			at = now.Add(-time.Duration(ago * float64(time.Second))).Add(c.late(frames))
		}
		if !at.After(now) {
			return frames, at
		}
		frames -= int64(c.Burst)
	}
}

// late is by how much the step to frames is late (a linear congruential generator;
// D. Knuth, The Art of Computer Programming, volume 2, 3.3.4).
func (c *Card) late(frames int64) time.Duration {
	random := uint64(frames)*6364136223846793005 + 1442695040888963407
	random = random*6364136223846793005 + 1442695040888963407
	return time.Duration(float64(random>>11) / (1 << 53) * float64(c.Jitter))
}

// Read implements mixer.Source.
func (c *Card) Read(dst []float32) (int, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.err != nil {
		return 0, c.err
	}
	if err := c.once; err != nil {
		if c.lost {
			time.Sleep(c.pause)
			c.given, _ = c.there()
		}
		c.once, c.lost = nil, false
		return 0, err
	}
	if c.held {
		return 0, nil
	}
	there, _ := c.there()
	n := max(0, min(int(there-c.given), len(dst)/c.Channels))
	for i := range n {
		for ch := range c.Channels {
			dst[i*c.Channels+ch] = c.Sample(c.given+int64(i), ch)
		}
	}
	c.given += int64(n)
	return n, nil
}

// Ahead implements mixer.Clocked.
func (c *Card) Ahead() (frames int, at time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	there, at := c.there()
	return int(there - c.given), at
}

// A Sink is a playback card with a buffer of Periods blocks, which it plays at
// Rate. It is a mixer.Sink, and records what it plays.
type Sink struct {
	Rate, Channels, Block, Periods int
	Stop                           time.Duration // Wait errs from then on
	Played                         []float32
	Late                           int // blocks that came after the buffer had run dry
	// Took is given what is played in place of Played.
	Took func(block []float32)

	start   time.Time
	written int // frames

	mu   sync.Mutex
	jump time.Duration
	err  error // of the next Wait
}

// Jump makes the next Wait return err. From then on the sink plays everything, what
// it has queued too, later by so much than it would have.
func (s *Sink) Jump(later time.Duration, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.jump, s.err = later, err
}

// jumped returns what Jump has said since the last call.
func (s *Sink) jumped() (later time.Duration, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	later, err = s.jump, s.err
	s.jump, s.err = 0, nil
	return later, err
}

// Due is when the frame that is written next will be played; for Took.
func (s *Sink) Due() time.Time { return s.start.Add(s.duration(s.written)) }

// Wait implements mixer.Sink.
func (s *Sink) Wait() (int, time.Time, error) {
	if s.start.IsZero() {
		s.start = time.Now()
		s.play(make([]float32, (s.Periods-1)*s.Block*s.Channels))
	}
	later, err := s.jumped()
	s.start = s.start.Add(later)
	room := s.written - (s.Periods-1)*s.Block // frames played when there is room for a block
	at := s.start.Add(s.duration(room))
	time.Sleep(time.Until(at))
	if time.Since(s.start) >= s.Stop {
		return 0, time.Time{}, ErrStopped
	}
	return (s.Periods - 1) * s.Block, at, err
}

// Write implements mixer.Sink.
func (s *Sink) Write(block []float32) error {
	if time.Since(s.start) > s.duration(s.written) {
		s.Late++
	}
	s.play(block)
	return nil
}

func (s *Sink) play(block []float32) {
	s.written += len(block) / s.Channels
	if s.Took != nil {
		s.Took(block)
		return
	}
	s.Played = append(s.Played, block...)
}

func (s *Sink) duration(frames int) time.Duration {
	return time.Duration(frames) * time.Second / time.Duration(s.Rate)
}
