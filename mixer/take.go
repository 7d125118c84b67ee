package mixer

import "math"

// A stream that is filling becomes live, pulled by a sink, with a cushion above a
// block in its ring: at first half a block, or 1 ms, the step in which many
// drivers move their positions (one jiffy; one USB frame).
func cushionFrames(c Config) int { return max(c.Block/2, c.Rate/1000) }

// A source that delivers in larger steps is short again and again. Each time that
// happens within a second, its cushion grows by half a block, up to this.
func mostCushion(c Config) int { return 4 * c.Block }

// take adds the stream's next block to sum. The edges are hard, the shape of
// what the source delivers: for the free-running mode.
func (s *Stream) take(sum, block []float32) {
	n, peak, square := s.in.read(block, 0)
	if n == 0 {
		s.meter.block(0, 0)
		return
	}
	if n < s.mix.cfg.Block && !s.eof {
		s.count.short.Add(1)
	}
	if s.is(Filling) {
		s.state.Store(int32(Live))
	}
	s.fader.toward(s.fader.goal(&s.strip), rampFrames(s.mix.cfg))
	x := block[:n*s.in.q.channels]
	if !s.measured(peak, square) {
		clear(x)
	}
	s.add(sum, x)
}

// takeFaded adds the stream's next block to sum, pulled by a sink: whatever
// begins or ends is faded.
func (s *Stream) takeFaded(sum, block []float32, now moment) {
	s.takeLive(sum, block, now)
	s.ringing.out.play(sum)
	if s.removed.Load() && s.ringing.out.silent() && (s.fader.silent() || !s.is(Live)) {
		s.end()
	}
}

// takeLive adds the stream's next block to sum if it is live then.
func (s *Stream) takeLive(sum, block []float32, now moment) {
	c := s.mix.cfg
	if s.is(Filling) && s.again && s.in.q.len() > 0 {
		s.again = false
		s.cushion = min(s.cushion+(c.Block+1)/2, mostCushion(c))
	}
	if s.is(Filling) && !s.removed.Load() {
		s.begin(now)
	}
	if !s.is(Live) {
		s.meter.block(0, 0)
		return
	}
	s.level = s.in.ready()
	n, peak, square := s.in.read(block, s.keepUp(now))
	goal := s.fader.goal(&s.strip)
	if s.removed.Load() {
		goal = 0
	}
	s.fader.toward(goal, rampFrames(c))
	short := n < c.Block
	if short && !s.eof && !s.cut {
		s.count.short.Add(1)
		s.cutTo(Filling)
		s.again, s.whole = s.live && s.whole < c.Rate, 0
	} else {
		s.whole = min(s.whole+c.Block, c.Rate)
	}
	x := block[:n*c.Channels]
	if !s.measured(peak, square) { // what there is cannot be used
		x = x[:0]
		s.in.clear()
		s.cutTo(Filling)
	}
	if s.eof && s.in.ready() == 0 {
		s.cutTo(Ended)
	}
	if s.cut {
		s.ringOut(x)
		s.leave()
		return
	}
	s.ringing.heard(x)
	s.add(sum, x)
}

// leave is what comes after a cut. What is left of a device's frames is old when
// the next ones come; a file goes on where it was.
func (s *Stream) leave() {
	s.cut = false
	if s.live {
		s.in.clear()
	}
	s.state.Store(int32(s.after))
}

// begin makes a stream live that has what it takes; a live one starts at the
// latency that it is to have.
func (s *Stream) begin(now moment) {
	level := s.in.ready()
	target := s.mix.cfg.Block + s.cushion
	if s.follower != nil {
		target = max(target, s.mix.cfg.Block+s.follower.cushion(s.mix.cfg))
	}
	if s.live && s.floor > 0 {
		target = max(target, level+s.mix.frames(s.floor)-s.behind(now))
	}
	if level < target && !s.eof {
		return
	}
	if s.live && level > target {
		s.in.drop(level - target)
	}
	s.state.Store(int32(Live))
	s.surplus.begin(s.late(now))
	s.spare = target - s.mix.cfg.Block
	if s.follower != nil {
		s.follower.begin(s.spare, s.floor)
	}
	s.fader.set(0)
	s.ringing.known = 0
}

// behind is the latency, in frames, that the stream would have if it became live
// now.
func (s *Stream) behind(now moment) int {
	if s.follower != nil && !s.follower.seen.IsZero() {
		return int(s.follower.fill(now) / s.in.step)
	}
	return now.queued + int(s.in.span()/s.in.step)
}

// late is by how many frames its source was looked at later than the sink had room for
// a block, but for a constant. What the streams after it took since then is none of
// its own.
func (s *Stream) late(now moment) int {
	return s.mix.frames(s.polled.Sub(now.at)) - now.queued
}

// keepUp holds a live stream at its latency. It returns how many source frames
// are to be skipped for that, or, if negative, heard again.
func (s *Stream) keepUp(now moment) (skip int) {
	c, f := s.mix.cfg, s.follower
	spare := s.in.ready() - c.Block
	most := int(float64(spare) * s.in.step)
	if f == nil {
		latency := now.queued + int(s.in.span()/s.in.step)
		over := spare - s.spare
		s.sync.locked(s.mix.duration(latency), s.mix.duration(latency-over), s.mix.duration(now.queued))
		if !s.live {
			return 0
		}
		if now.jumped {
			s.surplus.settle(now.other)
		}
		skip = int(math.Round(float64(s.surplus.frames(over, s.late(now), c)) * s.in.step))
	} else {
		f.follow(now, spare)
		reserve := c.Rate/1000 + s.cushion - cushionFrames(c)
		most = int(float64(spare-reserve) * s.in.step * min(1, f.loop.Ratio()))
		skip = f.excess(c)
		switch {
		case f.settling != 0:
		case skip > max(0, most):
			f.yield(reserve)
		case skip == 0:
			f.tune(spare, reserve, c.Block)
		}
		s.sync.follows(f, s.mix.duration(now.queued))
	}
	return max(-s.in.kept(), min(skip, max(0, most)))
}

// measured takes in the highest magnitude and the sum of squares of what the stream
// has of a block, and reports whether it is sound.
func (s *Stream) measured(peak, square float32) bool {
	if !(peak < ceiling) {
		s.count.clips.Add(1)
	}
	sound := isSound(peak)
	if !sound {
		peak, square = 0, 0
	}
	s.meter.block(peak, square/float32(len(s.mix.block)))
	return sound
}

// add applies the fader to x and adds it to sum.
func (s *Stream) add(sum, x []float32) {
	if !s.fader.rests() {
		s.fader.apply(x, s.in.q.channels)
		accumulate(sum, x, 1)
		return
	}
	accumulate(sum, x, s.fader.to)
}

// accumulate adds x times gain to the beginning of sum.
func accumulate(sum, x []float32, gain float32) {
	sum = sum[:len(x)]
	for i, v := range x {
		sum[i] += v * gain
	}
}
