package mixer

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"time"
)

// pollEvery is how often a source that cannot call (any but a Feed) is looked
// at while the mixing goroutine waits.
const pollEvery = time.Millisecond

// assemble makes the next block in m.sum: it waits, until deadline at most when
// pulled by a sink that was at now, for the streams that owe it a block, and takes
// one from each. io.EOF: input has ended and every stream has been played. done,
// which may be nil, ends the wait.
func (m *Mixer) assemble(pulled bool, deadline time.Time, now moment, done <-chan struct{}) error {
	set, err := m.gather(pulled, deadline, done)
	if err != nil {
		return err
	}
	clear(m.sum)
	for _, s := range set {
		switch {
		case s.done.Load():
		case pulled:
			s.takeFaded(m.sum, m.block, now)
			m.governor.charge(s)
		default:
			s.take(m.sum, m.block)
		}
	}
	m.output.finish(m.sum)
	return nil
}

// gather polls the streams until each has a block or is not to be waited for. A
// stream that is added while others are waited for is in the next block.
func (m *Mixer) gather(pulled bool, deadline time.Time, done <-chan struct{}) ([]*Stream, error) {
	var set []*Stream
	for owed := false; ; {
		if !owed {
			set = *m.set.Load()
		}
		now := time.Now()
		o := m.look(set, now, pulled, pulled && owed)
		owed = o.owed
		switch {
		case m.isClosed():
			return nil, ErrClosed
		case !o.alive && m.inputEnded.Load():
			return nil, io.EOF
		case pulled && (!o.owed || !now.Before(deadline)):
			return set, nil
		case !pulled && o.data && !o.owed:
			return set, nil
		}
		if pulled { // a live stream does not stall; it is short at the deadline
			o.until = deadline
		}
		timed := o.owed
		if o.deaf && !pulled && (!timed || now.Add(pollEvery).Before(o.until)) {
			timed, o.until = true, now.Add(pollEvery)
		}
		if err := m.wait(timed, time.Until(o.until), done); err != nil {
			return nil, err
		}
		m.governor.wait()
	}
}

// outlook is what a look at the streams has shown.
type outlook struct {
	alive bool      // a stream has not ended
	data  bool      // a stream has frames
	owed  bool      // a stream that is not stalled lacks frames for a block
	until time.Time // when the first of those is stalled
	deaf  bool      // a source cannot wake us
}

// look polls the streams. again: only those that can be waited for, so that the
// others are read at the same moment whether one is waited for or not.
func (m *Mixer) look(set []*Stream, now time.Time, pulled, again bool) (o outlook) {
	for _, s := range set {
		if !s.done.Load() && s.removed.Load() && !pulled {
			s.end()
		}
		if s.done.Load() {
			continue
		}
		if !again || s.calls() {
			s.poll(now, pulled)
		}
		if pulled {
			m.governor.charge(s)
		}
		if s.done.Load() {
			continue
		}
		o.alive = true
		o.data = o.data || s.in.ready() > 0
		o.deaf = o.deaf || s.current != nil && !s.current.calls
		if s.awaited(pulled) {
			if until := s.delivered.Add(m.cfg.StreamTimeout); !o.owed || until.Before(o.until) {
				o.owed, o.until = true, until
			}
		}
	}
	return o
}

// awaited reports that a block is held up, within its deadline, for the stream.
// A sink does not wait for a source that cannot call.
func (s *Stream) awaited(pulled bool) bool {
	if s.eof || s.cut || s.in.ready() >= s.mix.cfg.Block {
		return false
	}
	if pulled {
		return s.is(Live) && s.calls()
	}
	return s.is(Live, Filling)
}

// calls reports that the stream's source wakes the mixing goroutine.
func (s *Stream) calls() bool { return s.current != nil && s.current.calls }

// wait sleeps until something has happened or, if timed, for d at most.
func (m *Mixer) wait(timed bool, d time.Duration, done <-chan struct{}) error {
	var expired <-chan time.Time
	if timed {
		if m.timer == nil {
			m.timer = time.NewTimer(d)
		} else {
			m.timer.Reset(d)
		}
		expired = m.timer.C
	}
	select {
	case <-m.wake:
	case <-expired:
	case <-m.closed:
		return ErrClosed
	case <-done:
		return context.Canceled
	}
	return nil
}

// Run mixes, free-running, into the queue that Read empties, until the input has
// ended and all has been played (nil), the mixer is closed (ErrClosed) or ctx is
// done. No block is made while no stream has data, and none while the queue is
// full. It is the mixing goroutine; call it once, and not together with Play.
func (m *Mixer) Run(ctx context.Context) error {
	for range cap(m.spare) {
		m.spare <- make([]float32, len(m.sum))
	}
	for {
		var block []float32
		select {
		case block = <-m.spare:
		case <-m.closed:
			return ErrClosed
		case <-ctx.Done():
			return ctx.Err()
		}
		switch err := m.assemble(false, time.Time{}, moment{}, ctx.Done()); err {
		case nil:
		case io.EOF:
			m.output.meter.clear()
			close(m.queue)
			return nil
		default:
			return err
		}
		copy(block, m.sum)
		select {
		case m.queue <- block:
		case <-m.closed:
			return ErrClosed
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// Read copies the next block of a free-running mix into dst, of block frames
// times channels samples, waiting for it. io.EOF, for every reader, after the
// last one; ErrClosed after Close; the error of ctx. Any goroutine may call it.
func (m *Mixer) Read(ctx context.Context, dst []float32) error {
	if len(dst) != len(m.sum) {
		return fmt.Errorf("read: %w: %d samples for a block of %d", ErrShape, len(dst), len(m.sum))
	}
	if m.isClosed() {
		return ErrClosed
	}
	select {
	case block, ok := <-m.queue:
		if !ok {
			return io.EOF
		}
		copy(dst, block)
		m.spare <- block
		return nil
	case <-m.closed:
		return ErrClosed
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Pull assembles the next block into dst, waiting no longer than deadline for
// streams that are late: they are faded out and the others are not touched.
// Silence when no stream has data. queuedFrames is what was still to be played
// before this block at the time at: what the streams' clocks are measured with,
// and part of their latency. io.EOF when the input has ended and all has been
// played, ErrClosed after Close. It makes its caller the mixing goroutine.
func (m *Mixer) Pull(dst []float32, queuedFrames int, at, deadline time.Time) error {
	if len(dst) != len(m.sum) {
		return fmt.Errorf("pull: %w: %d samples for a block of %d", ErrShape, len(dst), len(m.sum))
	}
	m.governor.begin()
	now := m.moment(queuedFrames, at)
	if err := m.assemble(true, deadline, now, nil); err != nil {
		return err
	}
	m.written += m.cfg.Block
	copy(dst, m.sum)
	return nil
}

// moment takes in where the sink is. A sink that has said so, or that did not play
// as many frames as the time has room for, to within a block and 1 %, has jumped.
func (m *Mixer) moment(queued int, at time.Time) moment {
	now := moment{at: at, queued: queued, elapsed: m.written - queued - m.played, other: m.last.IsZero()}
	due := at.Sub(m.last).Seconds() * float64(m.cfg.Rate)
	now.jumped = now.other || m.restarted || math.Abs(float64(now.elapsed)-due) > float64(m.cfg.Block)+due/100
	m.played, m.last, m.restarted = m.written-queued, at, false
	return now
}

// Play mixes at the pace of sink until the input has ended and all has been
// written (nil), the mixer is closed (ErrClosed) or the sink errs. An xrun of the
// sink, [ErrGap], is counted, and the streams are brought back to the latency that
// they had. It waits for late streams for half of the time that the sink has
// queued, but no longer than until the next block is due: what it is late by adds
// up, and is not to be heard on the others. When it cannot keep up, streams are
// shed. It is the mixing goroutine; when it has returned, it may be called again with
// another sink.
func (m *Mixer) Play(sink Sink) error {
	m.last = time.Time{}
	if m.written > 0 {
		m.output.fader.set(0) // what the last sink broke off is faded in
	}
	for {
		queued, at, err := sink.Wait()
		if errors.Is(err, ErrGap) {
			m.output.xruns.Add(1)
			m.restarted, err = true, nil
		}
		if err != nil {
			return err
		}
		switch err := m.Pull(m.pulled, queued, at, at.Add(m.duration(min(queued/2, m.cfg.Block)))); err {
		case nil:
		case io.EOF:
			m.output.meter.clear()
			return nil
		default:
			return err
		}
		if err := sink.Write(m.pulled); err != nil {
			return err
		}
		m.govern()
	}
}
