package mixer

import (
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"submix/mixer/predict"
)

// Config is the shape of a mix. Zero values take the defaults.
type Config struct {
	Rate          int           // frames a second
	Channels      int           // of the mix
	Block         int           // frames; 0: a tenth of a second
	StreamTimeout time.Duration // 0: 100 ms
	Capacity      int           // mixed blocks in the queue of Run; 0: 100
	Limiter       bool          // limit at full scale instead of clipping
}

// Bounds of Config; what is above them is a slip of the pen, not a mix.
const (
	maxRate     = 768000
	maxChannels = 64
)

func (c *Config) complete() error {
	if c.Rate < 1 || c.Rate > maxRate {
		return fmt.Errorf("mixer: rate %d: 1 to %d Hz", c.Rate, maxRate)
	}
	if c.Channels < 1 || c.Channels > maxChannels {
		return fmt.Errorf("mixer: %d channels: 1 to %d", c.Channels, maxChannels)
	}
	if c.Block == 0 {
		c.Block = max(1, c.Rate/10)
	}
	if c.StreamTimeout == 0 {
		c.StreamTimeout = 100 * time.Millisecond
	}
	if c.Capacity == 0 {
		c.Capacity = 100
	}
	if c.Block < 0 || c.Block > 10*c.Rate || c.StreamTimeout < 0 || c.Capacity < 0 {
		return errors.New("mixer: block (at most 10 s), stream timeout and capacity must not be negative")
	}
	return nil
}

// A Mixer mixes streams; see the package comment. Make one with New.
type Mixer struct {
	cfg Config

	mu         sync.Mutex                // held by those who change the set of streams
	set        atomic.Pointer[[]*Stream] // replaced whole, never changed
	inputEnded atomic.Bool
	closed     chan struct{}
	wake       chan struct{} // cap 1: something has happened to what the mixing goroutine waits for
	queue      chan []float32
	spare      chan []float32 // blocks that Read has emptied

	output Output
	sum    []float32 // of the streams
	pulled []float32 // the block of a sink
	block  []float32 // of one stream
	edge   []float32 // a stream's last ramp
	timer  *time.Timer

	predictor predict.Predictor
	governor  governor

	written int       // frames pulled, of this and earlier sinks
	played  int       // of them, at the last moment; may be negative
	last    time.Time // that moment

	restarted bool // the sink has said that it had stopped since
}

// New makes a mixer without streams. It starts nothing.
func New(cfg Config) (*Mixer, error) {
	if err := cfg.complete(); err != nil {
		return nil, err
	}
	m := &Mixer{
		cfg:    cfg,
		closed: make(chan struct{}),
		wake:   make(chan struct{}, 1),
		queue:  make(chan []float32, cfg.Capacity),
		spare:  make(chan []float32, cfg.Capacity+1),
		sum:    make([]float32, cfg.Block*cfg.Channels),
		pulled: make([]float32, cfg.Block*cfg.Channels),
		block:  make([]float32, cfg.Block*cfg.Channels),
		edge:   make([]float32, rampFrames(cfg)*cfg.Channels),
	}
	m.set.Store(&[]*Stream{})
	m.output.init(cfg, m.duration(cfg.Block))
	m.governor.init(m.duration(cfg.Block))
	return m, nil
}

// Config returns the configuration with its defaults filled in.
func (m *Mixer) Config() Config { return m.cfg }

// Output returns the output's gain, mute and meters.
func (m *Mixer) Output() *Output { return &m.output }

// Add adds a stream; it is first heard in the next block. An ended or failed
// stream of the same name is replaced. Errors: ErrEnded, ErrClosed, ErrExists,
// ErrShape.
func (m *Mixer) Add(c StreamConfig) (*Stream, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	fail := func(err error) (*Stream, error) { return nil, fmt.Errorf("stream %s: %w", c.Name, err) }
	switch old := m.find(c.Name); {
	case m.isClosed():
		return fail(ErrClosed)
	case m.inputEnded.Load():
		return fail(ErrEnded)
	case old != nil && !old.done.Load():
		return fail(ErrExists)
	case c.Channels != nil && len(c.Channels) != m.cfg.Channels:
		return fail(fmt.Errorf("%w: a map of %d channels for a mix of %d", ErrShape, len(c.Channels), m.cfg.Channels))
	case c.Source == nil && !c.Live:
		return fail(fmt.Errorf("%w: no source", ErrShape))
	}
	s := &Stream{
		name: c.Name, mix: m, channels: c.Channels, live: c.Live, locked: c.Locked, floor: c.Latency,
		in:        &inlet{q: newRing(1, m.cfg.Channels)},
		lost:      make(chan error, 1),
		over:      make(chan struct{}),
		ringing:   newRinging(m.cfg),
		cushion:   cushionFrames(m.cfg),
		whole:     m.cfg.Rate,
		delivered: time.Now(),
	}
	s.SetGain(c.GainDB)
	s.SetMute(c.Mute)
	s.SetPriority(c.Priority)
	s.fader = newFader(&s.strip)
	s.meter.init(m.duration(m.cfg.Block))
	s.sync.learn(c.DriftPPM)
	if c.Source == nil {
		s.state.Store(int32(Gone))
	} else {
		a, err := s.attach(c.Source, c.Format)
		if err != nil {
			return fail(err)
		}
		s.source.Store(a)
	}
	m.replace(func(t *Stream) bool { return t.name != c.Name || t.removed.Load() }, s)
	return s, nil
}

// Remove takes a stream out; what it had buffered is discarded. In a mix pulled
// by a sink it fades out first. Removing what is not there does nothing.
func (m *Mixer) Remove(name string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if s := m.find(name); s != nil {
		s.removed.Store(true)
		releaseFeed(s.source.Load())
	}
	m.replace(func(*Stream) bool { return true })
}

// EndInput lets nothing more be added: the streams already in are played to
// their end, then the output ends.
func (m *Mixer) EndInput() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.inputEnded.Store(true)
	notify(m.wake)
}

// Close ends the mix at once: unread blocks are dropped and everybody who waits
// in Read, Run, Play or Feed.Write is let go, but for a Sink's Wait, which the
// sink's owner ends.
func (m *Mixer) Close() {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.isClosed() {
		return
	}
	close(m.closed)
	for _, s := range *m.set.Load() {
		releaseFeed(s.source.Load())
	}
}

func (m *Mixer) isClosed() bool {
	select {
	case <-m.closed:
		return true
	default:
		return false
	}
}

// Stream returns the stream of that name.
func (m *Mixer) Stream(name string) (*Stream, bool) {
	s := m.find(name)
	return s, s != nil
}

// Streams returns all streams in the order in which they were added.
func (m *Mixer) Streams() []StreamInfo {
	infos := []StreamInfo{}
	for _, s := range *m.set.Load() {
		if !s.removed.Load() {
			infos = append(infos, s.Info())
		}
	}
	return infos
}

func (m *Mixer) find(name string) *Stream {
	for _, s := range *m.set.Load() {
		if s.name == name && !s.removed.Load() {
			return s
		}
	}
	return nil
}

// replace makes the set anew: the streams that keep holds for, less those that
// are removed and done, and more. The caller holds mu.
func (m *Mixer) replace(keep func(*Stream) bool, more ...*Stream) {
	set := slices.DeleteFunc(slices.Clone(*m.set.Load()), func(s *Stream) bool {
		return !keep(s) || s.removed.Load() && s.done.Load()
	})
	set = append(set, more...)
	m.set.Store(&set)
	notify(m.wake)
}

// duration is the time that frames take.
func (m *Mixer) duration(frames int) time.Duration {
	return time.Duration(frames) * time.Second / time.Duration(m.cfg.Rate)
}

// frames is the number of whole frames in a time.
func (m *Mixer) frames(d time.Duration) int {
	return int(d * time.Duration(m.cfg.Rate) / time.Second)
}
