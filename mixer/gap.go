package mixer

import (
	"math"
	"time"
)

// After a gap, of the source or of the sink, a stream is to have the latency that it
// had before, to a frame. What is plainly too much or too little is put right with
// the first block; the rest when it is known to a frame, which takes a while, as
// cards move in steps and threads wake late.

// settleFrames is that while.
func settleFrames(c Config) int { return c.Rate / 2 }

// plain is the difference, in frames, that is put right at once: what the steps of
// a card do not make.
func plain(c Config) int { return c.Rate / 1000 }

// gapFade is the length of the fades at the edges of a gap of the source. They are
// short, as what they cover is lost too.
func gapFade(c Config) int { return c.Rate / 500 }

// bridge takes in that the source has lost frames and captures again from now on.
// What came before the gap is played to its end and what comes after it at the same
// latency: between them is silence, as long as what was lost. That is what the stream
// had more when its last block was due, and what the source would have captured since
// this block was, if it took time to start again.
func (s *Stream) bridge() {
	c, lost := s.mix.cfg, 0
	if s.is(Live) {
		lost = max(0, s.level-s.in.ready())
		if late := s.mix.frames(time.Since(s.delivered)) - c.Block; late > plain(c) {
			lost += min(late, 4*c.Block)
		}
	}
	lost = int(math.Round(float64(lost) * s.in.step))
	s.in.bridge(lost, int(float64(gapFade(c))*s.in.step))
	s.surplus.settle(false)
	s.surplus.blocks++ // what is plain is right already
	if s.follower != nil {
		s.follower.gap()
	}
}

// A surplus watches how far a locked stream's ring is above its target. What is
// never needed for a second is latency for nothing, left behind by a stall of
// the sink. What is never there for a second was lost in a stall of the source that
// the stream has survived.
type surplus struct {
	least    int // frames above target, over the blocks so far
	own      int // the same, less what came while the mixing goroutine was late
	most     int
	blocks   int
	usual    int  // least, over the last second of which it was not changed
	late     int  // the mixing goroutine was, when the stream began, or at least when it settled at another sink
	settling bool // since a gap: it is to be what is usual
	other    bool // and of another sink
	begun    bool // a block has been taken: nothing is usual before
}

// begin says that a stream begins, and how late the mixing goroutine is.
func (u *surplus) begin(late int) {
	*u = surplus{late: late}
	u.next(0)
	u.begun = false
}

// settle says that there was a gap. A stream that begins with it has nothing to
// come back to. other: the sink is another one.
func (u *surplus) settle(other bool) {
	if !u.begun {
		return
	}
	if other = other || u.other; other {
		u.late = math.MaxInt
	}
	u.next(u.usual)
	u.settling, u.other = true, other
}

// frames takes in the frames above target before a block and returns how many
// to drop now; if negative, so many are missing. late is by how much the mixing
// goroutine is late, but for a constant, another one with each sink: what comes while
// it is later than it was is neither a surplus nor was it missing then. What is usual
// has it in it, as what is compared with that has: a card that moves in steps does
// not have more for each moment.
func (u *surplus) frames(above, late int, c Config) (drop int) {
	u.begun = true
	u.blocks++
	if u.other {
		u.late = min(u.late, late)
	}
	later := late - u.late
	own := above - max(0, later)
	u.least, u.own, u.most = min(u.least, above), min(u.own, own), max(u.most, above-later)
	if !u.settling {
		return u.watch(above, own, c)
	}
	over := above - u.usual
	if over > 0 {
		over = max(0, own-u.usual)
	}
	switch {
	case u.blocks <= 2, over > 4*c.Block: // the first is not at its usual moment
		u.least = math.MaxInt
		if u.other && u.blocks <= 2 {
			u.late = math.MaxInt
		}
		if u.blocks != 2 && max(over, -over) > plain(c) {
			return over
		}
	case u.blocks*c.Block >= settleFrames(c):
		over = u.least - u.usual
		u.next(u.usual)
		return over
	}
	return 0
}

func (u *surplus) watch(above, own int, c Config) (drop int) {
	switch {
	case own > 4*c.Block:
		u.least, drop = above, own
	case u.blocks*c.Block < c.Rate:
		return 0
	case u.most < -plain(c):
		drop = u.most
	case u.own >= max(c.Block, c.Rate/500):
		drop = u.own
	}
	u.next(u.least - drop)
	return drop
}

// next begins to watch anew.
func (u *surplus) next(usual int) {
	*u = surplus{least: math.MaxInt, own: math.MaxInt, most: math.MinInt, usual: usual, late: u.late, begun: true}
}
