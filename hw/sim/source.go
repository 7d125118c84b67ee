package sim

import (
	"cmp"
	"fmt"
	"math"
	"sync"
	"time"
)

// bufferTime is how much sound a source holds for a reader that is late.
const bufferTime = 100 * time.Millisecond

// Source is a simulated capture card. It may be stalled, unplugged and closed from any goroutine while another reads.
type Source struct {
	config SourceConfig
	clock  clock
	buffer int64   // frames
	step   uint64  // tone: phase from frame to frame
	peak   float64 // tone and noise: amplitude

	mu         sync.Mutex
	running    bool
	start      time.Time     // of the card's clock
	seen       time.Time     // up to when live is counted
	stallUntil time.Time     // on demand
	live       time.Duration // how long it has captured, stalls left out
	moved      time.Time     // when it last captured
	read       int64         // frames read, or lost: the number of the next frame
	xruns      uint64
	gone       bool
	closed     bool
}

// NewSource makes a source; its clock starts with the first Read. Errors wrap ErrConfig.
func NewSource(c SourceConfig) (*Source, error) {
	c.Rate, c.Channels = cmp.Or(c.Rate, defaultRate), cmp.Or(c.Channels, defaultChannels)
	switch {
	case c.Rate < 1 || c.Rate > maxRate || c.Channels < 1 || c.Channels > maxChannels || !(math.Abs(c.PPM) <= maxPPM):
		return nil, fmt.Errorf("%w: %d Hz, %d channels, %g ppm", ErrConfig, c.Rate, c.Channels, c.PPM)
	case c.Wave == Tone && !(c.Hz > 0 && c.Hz < float64(c.Rate)/2):
		return nil, fmt.Errorf("%w: a tone of %g Hz needs a rate of more than twice that, not %d", ErrConfig, c.Hz, c.Rate)
	case c.Wave != Tone && c.Wave != Noise && c.Wave != Silence && c.Wave != Ramp:
		return nil, fmt.Errorf("%w: no wave %q", ErrConfig, c.Wave)
	case c.Every > 0 && (c.Stall < 0 || c.Stall >= c.Every):
		return nil, fmt.Errorf("%w: stalls of %v in every %v", ErrConfig, c.Stall, c.Every)
	}
	clock := newClock(c.Rate, c.PPM)
	s := &Source{
		config: c,
		clock:  clock,
		buffer: newClock(c.Rate, 0).frames(bufferTime),
		peak:   math.Pow(10, c.DB/20),
	}
	if c.Wave == Tone {
		s.step = clock.step(c.Hz)
	}
	return s, nil
}

// Rate returns the nominal rate, in frames a second.
func (s *Source) Rate() int { return s.config.Rate }

// Channels returns the number of channels.
func (s *Source) Channels() int { return s.config.Channels }

// Xruns returns how often frames were lost because Read came too late.
func (s *Source) Xruns() uint64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.xruns
}

// Read copies the frames captured since the last Read to dst, interleaved, at most len(dst)/Channels() of them, and
// returns their number. It never waits, and it allocates nothing.
//
//	n > 0, nil       n frames
//	0, nil           nothing yet
//	0, ErrXrun       more than 100 ms were not read: they are lost, the card runs on; told once
//	0, ErrGone       unplugged
//	0, ErrClosed     Close was called
func (s *Source) Read(dst []float32) (frames int, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.closed:
		return 0, ErrClosed
	case s.gone:
		return 0, ErrGone
	}
	s.advance(time.Now())
	ready := s.clock.frames(s.live) - s.read
	if ready > s.buffer {
		s.read += ready
		s.xruns++
		return 0, ErrXrun
	}
	n := min(int64(len(dst)/s.config.Channels), ready)
	s.fill(dst[:n*int64(s.config.Channels)])
	s.read += n
	return int(n), nil
}

// Ahead returns how many frames the card had captured at the time at, that of the last one, beyond those that Read has
// returned. at is zero while nothing is known: before the card captures, and when it is gone. It allocates nothing.
func (s *Source) Ahead() (frames int, at time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed || s.gone || !s.running {
		return 0, time.Time{}
	}
	s.advance(time.Now())
	captured := s.clock.frames(s.live)
	return int(captured - s.read), s.moved.Add(s.clock.after(captured) - s.live)
}

// Stall makes the card capture nothing from now on for d.
func (s *Source) Stall(d time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := time.Now()
	s.advance(now)
	s.stallUntil = now.Add(d)
}

// Unplug makes Read return ErrGone until Plug. What was not read is lost.
func (s *Source) Unplug() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.gone = true
}

// Plug makes an unplugged card start anew with the next Read, from its first frame on.
func (s *Source) Plug() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.gone {
		s.gone, s.running, s.live, s.read, s.moved = false, false, 0, 0, time.Time{}
	}
}

// Close makes Read return ErrClosed from now on.
func (s *Source) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.closed = true
	return nil
}

// advance counts the time up to now in which the card has captured.
func (s *Source) advance(now time.Time) {
	if !s.running {
		s.running, s.start, s.seen = true, now, now
		return
	}
	from := s.seen
	if from.Before(s.stallUntil) {
		from = s.stallUntil
	}
	if now.After(from) {
		if d := s.scheduled(now.Sub(s.start)) - s.scheduled(from.Sub(s.start)); d > 0 {
			s.live, s.moved = s.live+d, now
		}
	}
	s.seen = now
}

// scheduled returns how much of the time d since the start lies outside of the regular stalls.
func (s *Source) scheduled(d time.Duration) time.Duration {
	every, live := s.config.Every, s.config.Every-s.config.Stall
	if every == 0 {
		return d
	}
	return d/every*live + min(d%every, live)
}

// fill makes the frames from number s.read on.
func (s *Source) fill(dst []float32) {
	channels := s.config.Channels
	for i := range dst {
		n := uint64(s.read) + uint64(i/channels)
		switch s.config.Wave {
		case Tone:
			if i%channels > 0 {
				dst[i] = dst[i-1]
				continue
			}
			// The phase comes from the frame's number, in integers, so that it is as exact after a month as at first.
			cycle := float64(n*s.step) / (1 << 32) / (1 << 32)
			dst[i] = float32(s.peak * math.Sin(2*math.Pi*cycle))
		case Noise:
			dst[i] = float32(s.peak * hash(n*uint64(channels)+uint64(i%channels)))
		case Ramp:
			dst[i] = float32(int16(n)) / 32768
		default:
			dst[i] = 0
		}
	}
}

// hash maps a number to one from -1 to 1 that looks random (the finalizer of SplitMix64: Steele, Lea and Flood, "Fast
// splittable pseudorandom number generators", 2014).
func hash(n uint64) float64 {
	n = (n + 1) * 0x9e3779b97f4a7c15
	n = (n ^ n>>30) * 0xbf58476d1ce4e5b9
	n = (n ^ n>>27) * 0x94d049bb133111eb
	return float64(int64(n^n>>31)) / (1 << 63)
}
