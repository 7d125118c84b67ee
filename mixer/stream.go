package mixer

import (
	"fmt"
	"sync/atomic"
	"time"

	"submix/mixer/drift"
)

// State is what a stream is doing.
type State int32

// The states of a stream.
const (
	Filling State = iota // gathering its first frames, silent
	Live                 // heard
	Stalled              // has delivered nothing for the stream timeout
	Shed                 // silent, because the mixer could not keep up with all streams
	Gone                 // its device is not there
	Ended                // played to its end
	Failed               // ended by an error
)

func (s State) String() string {
	return [...]string{"filling", "live", "stalled", "shed", "gone", "ended", "failed"}[s]
}

// StreamConfig describes a stream to [Mixer.Add].
type StreamConfig struct {
	Name   string
	Source Source // nil: a live stream that is gone until Attach
	Format Format // of Source
	// Channels maps the source to the mix: channel c of the mix takes the
	// source's channel Channels[c], counted from 0, or ChannelNone or ChannelAll.
	// nil: mono to every channel, else channel by channel.
	Channels []int
	GainDB   float64
	Mute     bool
	Priority int // when the mixer cannot keep up, streams of higher priority stay longer
	// Live streams read a device with a clock of its own. Pulled by a sink, they
	// are held at their latency: frames that would make it longer are dropped.
	// When the source errs they are gone, not failed, and come back with Attach.
	Live bool
	// Locked says that the source of a live stream shares the sink's clock: its
	// frames are mixed as they are. Otherwise, if the source is Clocked, its clock
	// is followed and corrected.
	Locked bool
	// Latency is that of a live stream, from the source's newest frame to the
	// sink's output. 0: the smallest that runs without shortage, which is found
	// while it runs.
	Latency time.Duration
	// DriftPPM is what is known of the source's clock from earlier.
	DriftPPM float64
}

// Lock says how well the clock of an adaptive stream is known.
type Lock = drift.Lock

// What is known of a clock.
const (
	Seeking    = drift.Seeking
	Locked     = drift.Locked
	OutOfRange = drift.OutOfRange
)

// StreamInfo is one stream as it was after the last block.
type StreamInfo struct {
	Name     string
	State    State
	Reason   string // why it is shed, gone, has ended or failed, or was gone before it stalled, and only then; may be empty
	GainDB   float64
	Mute     bool
	Priority int
	PeakDB   float64       // dBFS before gain, -Inf for silence
	RMSDB    float64       // dBFS before gain, -Inf for silence
	Latency  time.Duration // from the source's newest frame to the sink's output, while it is live
	Target   time.Duration // what Latency is held at
	Fill     time.Duration // the part of Latency that waits in the stream and in its source, the rest in the sink
	// Adaptive: the source's clock is followed; then DriftPPM is that clock against
	// the sink's, and Lock says how well it is known.
	Adaptive bool
	Lock     Lock
	DriftPPM float64
	Short    uint64 // blocks for which it had too few frames
	Stalls   uint64
	Xruns    uint64 // gaps reported by the source
	Clips    uint64 // blocks with a sample at full scale, or with one that is no sound
	Unplugs  uint64
}

// A Stream is one input of the mixer. Its exported methods may be called from
// any goroutine.
type Stream struct {
	name     string
	mix      *Mixer
	channels []int // as configured
	live     bool
	locked   bool
	floor    time.Duration // least latency

	// Set by any goroutine, read by the mixing goroutine between blocks.
	strip
	priority atomic.Int32
	source   atomic.Pointer[attachment]
	finish   atomic.Bool // take what is there, then end
	removed  atomic.Bool
	lost     chan error // of the source, for a live stream; cap 1

	// Set by the mixing goroutine, read by any.
	state  atomic.Int32
	reason atomic.Pointer[error]
	sync   synchrony
	meter  meter
	count  struct{ short, stalls, xruns, clips, unplugs atomic.Uint64 }
	done   atomic.Bool   // nothing comes from it any more
	over   chan struct{} // closed then

	// The mixing goroutine's own.
	current   *attachment
	in        *inlet    // of the attachment that current is, or was
	follower  *follower // nil: its clock is not followed
	fader     fader
	ringing   ringing
	delivered time.Time // when it last delivered
	polled    time.Time // when its source was last looked at, which other streams may have held up
	eof       bool      // nothing more is read
	failure   error     // with which the source ended
	cut       bool      // let it ring out in this block, then be what after says
	after     State
	cushion   int  // frames above a block when it becomes live, at least
	spare     int  // what they were when it did
	level     int  // frames that were ready before the last block was taken
	whole     int  // frames taken since it was last short, up to a second
	again     bool // it was short twice within a second, and has not stalled since
	surplus   surplus
	burden    burden
}

// An attachment is a source with what is needed to read it.
type attachment struct {
	Source
	inlet
	follower *follower // nil: its clock is not followed
	channels int       // of the source
	calls    bool      // it wakes the mixing goroutine when it has something
	why      error     // it was lost
	toMix    []int     // nil: as it is
	raw      []float32 // frames as the source delivers them
	mapped   []float32
}

// Name returns the stream's name.
func (s *Stream) Name() string { return s.name }

// Finish ends the stream: what its source has delivered is played, then the
// stream ends. For a capture that is to stop.
func (s *Stream) Finish() {
	s.finish.Store(true)
	notify(s.mix.wake)
}

// Attach gives the stream a source in place of what it had; what was buffered
// is discarded and it starts filling. The caller remains the owner of the
// source and closes it once the stream is removed, has lost it or has another.
// Errors: ErrShape, and ErrClosed for a stream that is no longer in the mix.
func (s *Stream) Attach(src Source, f Format) error {
	a, err := s.attach(src, f)
	if err != nil {
		return fmt.Errorf("stream %s: %w", s.name, err)
	}
	releaseFeed(s.source.Swap(a))
	if s.removed.Load() || s.done.Load() || s.mix.isClosed() {
		releaseFeed(a)
		return fmt.Errorf("stream %s: %w", s.name, ErrClosed)
	}
	notify(s.mix.wake)
	return nil
}

func (s *Stream) attach(src Source, f Format) (*attachment, error) {
	if f.Channels < 1 {
		return nil, fmt.Errorf("%w: a source of %d channels", ErrShape, f.Channels)
	}
	m := s.channels
	if m == nil {
		m = defaultMap(s.mix.cfg.Channels, f.Channels)
	}
	for _, c := range m {
		if c >= f.Channels || c < ChannelAll {
			return nil, fmt.Errorf("%w: channel %d is asked for, the source has %d", ErrShape, c+1, f.Channels)
		}
	}
	clock, adaptive := src.(Clocked)
	adaptive = adaptive && s.live && !s.locked
	a := &attachment{Source: src, channels: f.Channels}
	var err error
	if a.inlet, err = newInlet(s.mix.cfg, f.Rate, s.floor, adaptive, &s.mix.predictor); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrShape, err)
	}
	if adaptive {
		a.follower = newFollower(clock, &a.inlet, f.Rate, s.mix.cfg.Rate)
		a.follower.loop.Learn(s.sync.learnedPPM())
	}
	a.raw = make([]float32, a.q.size*f.Channels)
	if !identity(m, f.Channels) {
		a.toMix, a.mapped = m, make([]float32, a.q.size*len(m))
	}
	if feed, ok := src.(*Feed); ok {
		if feed.q.channels != f.Channels {
			return nil, fmt.Errorf("%w: a feed of %d channels given as %d", ErrShape, feed.q.channels, f.Channels)
		}
		feed.bind(s.mix.wake)
		a.calls = true
	}
	return a, nil
}

// SetPriority sets the stream's priority: see [StreamConfig].
func (s *Stream) SetPriority(p int) { s.priority.Store(int32(p)) }

// Lost delivers the error with which a live stream lost its source.
func (s *Stream) Lost() <-chan error { return s.lost }

// Done is closed when nothing comes from the stream any more and its source is
// not read any more: it has ended, failed, or was removed and has faded out. It
// takes a mixing goroutine to get there.
func (s *Stream) Done() <-chan struct{} { return s.over }

// SetReason says why a live stream is still without a source.
func (s *Stream) SetReason(err error) { s.reason.Store(&err) }

// Delivers reports that something has come from the source since the one before
// was lost and [Stream.SetReason] called, also while the stream is shed.
func (s *Stream) Delivers() bool { return s.reason.Load() == nil }

// Info returns the stream's state, levels and counters.
func (s *Stream) Info() StreamInfo {
	info := StreamInfo{
		Name: s.name, State: State(s.state.Load()),
		GainDB: s.GainDB(), Mute: s.Muted(), Priority: int(s.priority.Load()),
		Short: s.count.short.Load(), Stalls: s.count.stalls.Load(), Xruns: s.count.xruns.Load(),
		Clips: s.count.clips.Load(), Unplugs: s.count.unplugs.Load(),
	}
	s.sync.tell(&info)
	if r := s.reason.Load(); r != nil && (info.State >= Gone || info.State == Stalled) {
		info.Reason = (*r).Error()
	}
	if info.State == Shed {
		info.Reason = s.burden.tooSlow()
	}
	info.PeakDB, info.RMSDB = s.meter.levels()
	return info
}

func releaseFeed(a *attachment) {
	if a != nil {
		if f, ok := a.Source.(*Feed); ok {
			f.release()
		}
	}
}
