package mixer

import (
	"errors"
	"fmt"
	"io"
	"time"
)

// poll moves what the source has into the ring. Held by a sink, a live stream
// takes all there is; otherwise just what the next block lacks, and pulled the
// cushion, so that the surplus stays with a source that can wait.
func (s *Stream) poll(now time.Time, pulled bool) {
	s.polled = time.Now()
	if s.cut {
		return // what comes now is not a part of what rings out
	}
	a := s.source.Load()
	if a != s.current {
		if pulled && s.is(Live) {
			s.cutTo(Filling) // the old source fades out first
			return
		}
		s.current, s.delivered, s.eof = a, now, false
		s.in, s.follower = &a.inlet, a.follower
		s.state.Store(int32(Filling))
	}
	if s.burden.shed && !s.is(Live) {
		s.discard(a)
		return
	}
	if a != nil && !s.eof {
		want := s.in.q.free()
		switch {
		case !pulled:
			want = min(want, s.in.lacks(s.mix.cfg.Block))
		case !s.live:
			want = min(want, s.in.lacks(s.mix.cfg.Block+s.cushion))
		case s.follower != nil:
			s.follower.look()
		}
		if want > 0 {
			s.read(a, want, now, pulled)
			s.polled = time.Now()
		}
		if s.follower != nil {
			s.follower.looked(now)
		}
	}
	if s.finish.Load() && !s.eof {
		s.finished(nil, pulled)
	}
	if s.eof && s.in.ready() == 0 {
		s.runOut(pulled)
	} else if !s.eof && s.owes(pulled) && now.Sub(s.delivered) >= s.mix.cfg.StreamTimeout {
		s.stall(pulled)
	}
}

// owes reports that the stream can stall: it lacks frames for its next block.
// Pulled by a sink, that has made it fill already.
func (s *Stream) owes(pulled bool) bool {
	if pulled {
		return s.is(Filling)
	}
	return s.is(Filling, Live) && s.in.ready() < s.mix.cfg.Block
}

func (s *Stream) read(a *attachment, want int, now time.Time, pulled bool) {
	n, err := a.Read(a.raw[:want*a.channels])
	if n < 0 || n > want {
		n, err = 0, fmt.Errorf("%w: the source says it has read %d frames of %d", ErrShape, n, want)
	}
	if n > 0 {
		frames := a.raw[:n*a.channels]
		if a.toMix != nil {
			mapped := a.mapped[:n*len(a.toMix)]
			mapChannels(mapped, frames, a.toMix, a.channels)
			frames = mapped
		}
		s.in.write(frames)
		s.delivered = now
		if s.reason.Load() != nil {
			s.reason.Store(nil) // of why it was lost
		}
		if s.is(Stalled) {
			s.state.Store(int32(Filling))
		}
	}
	if err != nil {
		s.fault(a, err, pulled)
	}
}

// fault takes in an error of the source.
func (s *Stream) fault(a *attachment, err error, pulled bool) {
	switch {
	case errors.Is(err, io.EOF):
		s.finished(nil, pulled)
	case errors.Is(err, ErrGap) && s.in.q.w.Load() == 0: // what was lost was never to be heard
	case errors.Is(err, ErrGap):
		s.count.xruns.Add(1)
		if pulled {
			s.bridge()
		}
	case s.live:
		s.lose(a, err, pulled)
	default:
		s.finished(err, pulled)
	}
}

// finished takes in that nothing more comes from the source, with the error that
// is the reason, nil if that is how it should be. Pulled by a sink, it rings out
// instead of ending in the silence that brings the last frames out of the resampler.
func (s *Stream) finished(err error, pulled bool) {
	s.eof, s.failure = true, err
	if !pulled {
		s.in.finish()
	}
}

// lose gives up the source of a live stream.
func (s *Stream) lose(a *attachment, err error, pulled bool) {
	s.source.CompareAndSwap(a, nil)
	s.current = nil
	if s.reason.Load() == nil { // or it has delivered nothing since the last time
		s.count.unplugs.Add(1)
	}
	a.why = err
	s.reason.Store(&a.why)
	select {
	case s.lost <- err:
	default: // the owner has not yet taken the last one
	}
	if pulled && s.is(Live) {
		s.cutTo(Gone)
		return
	}
	s.in.clear()
	s.state.Store(int32(Gone))
}

// stall marks a stream that has delivered nothing for its timeout. Pulled by a
// sink, it starts afresh when it delivers again: what it had begun to gather is
// old by then. A source that delivers nothing from the start, after one that was lost,
// is the same trouble still.
func (s *Stream) stall(pulled bool) {
	if s.reason.Load() == nil {
		s.count.stalls.Add(1)
	}
	s.again = false
	s.state.Store(int32(Stalled))
	if pulled {
		s.in.clear()
	}
}

// runOut ends a stream of which nothing is left, when it has rung out.
func (s *Stream) runOut(pulled bool) {
	if pulled && s.is(Live) {
		s.cutTo(Ended)
	} else if s.ringing.out.silent() {
		s.end()
	}
}

// end is the last thing that happens to a stream.
func (s *Stream) end() {
	s.state.Store(int32(Ended))
	if s.failure != nil {
		s.reason.Store(&s.failure)
		s.state.Store(int32(Failed))
	}
	s.done.Store(true)
	close(s.over)
	releaseFeed(s.source.Load())
	s.meter.clear()
}

func (s *Stream) cutTo(after State) { s.cut, s.after = true, after }

func (s *Stream) is(states ...State) bool {
	now := State(s.state.Load())
	for _, state := range states {
		if now == state {
			return true
		}
	}
	return false
}
