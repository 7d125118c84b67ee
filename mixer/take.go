package mixer

import "math"

// A stream that is filling becomes live, pulled by a sink, with a cushion above a
// block in its ring: at first half a block, or 1 ms, the step in which many
// drivers move their positions (one jiffy; one USB frame). It also leaves
// something to fade when the next frames do not come.
func cushionFrames(c Config) int { return max(c.Block/2, c.Rate/1000) }

// A source that delivers in larger steps is short again and again. Each time that
// happens within a second, its cushion grows by half a block, up to this.
func mostCushion(c Config) int { return 4 * c.Block }

// take adds the stream's next block to sum. The edges are hard, the shape of
// what the source delivers: for the free-running mode.
func (s *Stream) take(sum, block []float32) {
	n := s.q.read(block)
	if n == 0 {
		s.meter.block(0, 0)
		return
	}
	if n < s.frames(block) && !s.eof {
		s.count.short.Add(1)
	}
	if s.is(Filling) {
		s.state.Store(int32(Live))
	}
	s.fader.toward(s.fader.goal(&s.strip), rampFrames(s.mix.cfg))
	s.add(sum, block, n)
}

// takeFaded adds the stream's next block to sum, pulled by a sink: whatever
// begins or ends is faded. queued is the number of frames the sink still has.
func (s *Stream) takeFaded(sum, block, other []float32, queued int) {
	frames, ramp := s.frames(block), rampFrames(s.mix.cfg)
	if s.is(Filling) && s.late && s.q.len() > 0 {
		s.late = false
		s.cushion = min(s.cushion+(frames+1)/2, mostCushion(s.mix.cfg))
	}
	target := frames + s.cushion
	level := s.q.len()
	switch {
	case s.is(Filling) && (level >= target || s.eof) && !s.removed.Load():
		if s.live && level > target {
			s.q.drop(level - target)
			level = target
		}
		s.state.Store(int32(Live))
		s.surplus.reset()
		s.fader.set(0)
	case !s.is(Live):
		if s.removed.Load() {
			s.end()
		}
		s.meter.block(0, 0)
		return
	}
	s.latency.Store(int64(queued + level))
	goal := s.fader.goal(&s.strip)
	if s.removed.Load() {
		goal = 0
	}
	s.fader.toward(goal, ramp)

	n := 0
	if drop := s.surplus.frames(level-target, s.mix.cfg); s.live && drop > 0 {
		n = s.skip(block, other, drop)
	} else {
		n = s.q.read(block)
	}
	// A file that has nothing left is faded now: there would be nothing to fade in
	// the next block. A card's next frames are on their way.
	short := n < frames || !s.live && s.q.len() == 0
	if short && !s.eof && !s.cut {
		s.count.short.Add(1)
		s.cutTo(Filling)
		s.late, s.whole = s.live && s.whole < s.mix.cfg.Rate, 0
	} else {
		s.whole = min(s.whole+frames, s.mix.cfg.Rate)
	}
	if s.cut || s.eof && s.q.len() == 0 {
		s.fader.land(n)
	}
	s.add(sum, block, n)
	switch {
	case s.removed.Load() && s.fader.silent():
		s.end()
	case s.cut:
		s.cut = false
		s.q.drop(s.q.len())
		s.state.Store(int32(s.after))
	}
}

// add measures the first n frames of block, applies the fader and adds them to
// sum. A block with a sample that is no number, which only float formats can
// carry, is left out.
func (s *Stream) add(sum, block []float32, n int) {
	x := block[:n*s.q.channels]
	peak, square := measure(x)
	if !(square <= math.MaxFloat32) {
		s.count.clips.Add(1)
		return
	}
	s.meter.block(peak, square/float32(len(block)))
	if peak >= ceiling {
		s.count.clips.Add(1)
	}
	if !s.fader.rests() {
		s.fader.apply(x, s.q.channels)
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

// skip reads a block that crossfades from the oldest frames to those that come
// drop frames later, and discards what lies between.
func (s *Stream) skip(block, other []float32, drop int) int {
	n := s.q.peek(block, 0)
	n = min(n, s.q.peek(other, drop))
	c := s.q.channels
	for i := range n {
		w := float32(i+1) / float32(n)
		for j := i * c; j < (i+1)*c; j++ {
			block[j] += (other[j] - block[j]) * w
		}
	}
	s.q.drop(drop + n)
	return n
}

func (s *Stream) frames(block []float32) int { return len(block) / s.q.channels }

// A surplus watches how far a live stream's ring is above its target. What is
// never needed for a second is latency for nothing, left behind by a stall of
// the sink.
type surplus struct {
	least  int // frames above target, over the blocks so far
	blocks int
}

func (u *surplus) reset() { *u = surplus{least: math.MaxInt} }

// frames takes in the frames above target before a block and returns how many
// to drop now.
func (u *surplus) frames(above int, c Config) int {
	u.least = min(u.least, above)
	u.blocks++
	drop := 0
	switch {
	case above > 4*c.Block:
		drop = above
	case u.blocks*c.Block >= c.Rate:
		drop = u.least
	default:
		return 0
	}
	u.reset()
	if drop < max(c.Block, c.Rate/500) {
		return 0
	}
	return drop
}
