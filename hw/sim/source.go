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

// Source is a simulated capture card. It may be stalled, unplugged, closed and given another rate from any goroutine while
// another reads.
type Source struct {
	config SourceConfig
	buffer int64   // frames
	peak   float64 // tone and noise: amplitude

	mu     sync.Mutex
	motion motion
	step   uint64 // tone: phase from frame to frame ...
	phase  uint64 // ... and of the next frame
	read   int64  // frames read, or lost: the number of the next frame
	xruns  uint64
	gone   bool
	closed bool
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
	nominal := newClock(c.Rate, 0)
	if c.Burst < 0 || int64(c.Burst) > nominal.frames(bufferTime)/2 || c.Jitter < 0 || c.Jitter > 0 && c.Jitter > nominal.after(int64(c.Burst)) {
		return nil, fmt.Errorf("%w: bursts of %d frames, with a jitter of %v, at %d Hz", ErrConfig, c.Burst, c.Jitter, c.Rate)
	}
	s := &Source{config: c, buffer: nominal.frames(bufferTime), peak: math.Pow(10, c.DB/20)}
	s.motion = newMotion(c)
	s.tune()
	return s, nil
}

// tune gives the tone its frequency by the clock of now.
func (s *Source) tune() {
	if s.config.Wave == Tone {
		s.step = s.motion.clock.step(s.config.Hz)
	}
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
	now := time.Now()
	s.motion.advance(now)
	ready := s.motion.shown(now).frames - s.read
	if ready > s.buffer {
		s.skip(ready)
		s.xruns++
		return 0, ErrXrun
	}
	n := min(int64(len(dst)/s.config.Channels), ready)
	s.fill(dst[:n*int64(s.config.Channels)])
	s.skip(n)
	return int(n), nil
}

func (s *Source) skip(frames int64) {
	s.read += frames
	s.phase += uint64(frames) * s.step
}

// Ahead returns how many frames the card had captured at the time at, when its position moved last, beyond those that
// Read has returned. at is zero before the first Read and when the card is gone or closed. It allocates nothing.
func (s *Source) Ahead() (frames int, at time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed || s.gone || !s.motion.running {
		return 0, time.Time{}
	}
	now := time.Now()
	s.motion.advance(now)
	m := s.motion.shown(now)
	return int(m.frames - s.read), m.at
}

// SetPPM changes by how much the card's clock is fast, from now on, as a change of temperature does: its position goes on
// from where it is, and a tone from the phase it has. Errors wrap ErrConfig.
func (s *Source) SetPPM(ppm float64) error {
	if !(math.Abs(ppm) <= maxPPM) {
		return fmt.Errorf("%w: %g ppm", ErrConfig, ppm)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.motion.change(time.Now(), newClock(s.config.Rate, ppm))
	s.tune()
	return nil
}

// Stall makes the card capture nothing from now on for d.
func (s *Source) Stall(d time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.motion.stall(time.Now(), d)
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
		s.gone, s.read, s.phase = false, 0, 0
		s.motion.reset()
	}
}

// Close makes Read return ErrClosed from now on.
func (s *Source) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.closed = true
	return nil
}

// fill makes the frames from number s.read on.
func (s *Source) fill(dst []float32) {
	channels := s.config.Channels
	phase := s.phase
	for n := uint64(s.read); len(dst) >= channels; n++ {
		frame := dst[:channels]
		switch s.config.Wave {
		case Tone:
			// The phase is counted in integers, so that it is as exact after a month as at first.
			cycle := float64(phase) / (1 << 32) / (1 << 32)
			fill(frame, float32(s.peak*math.Sin(2*math.Pi*cycle)))
			phase += s.step
		case Noise:
			for c := range frame {
				frame[c] = float32(s.peak * hash(n*uint64(channels)+uint64(c)))
			}
		case Ramp:
			fill(frame, float32(int16(n))/32768)
		default:
			clear(frame)
		}
		dst = dst[channels:]
	}
}

func fill(frame []float32, v float32) {
	for c := range frame {
		frame[c] = v
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
