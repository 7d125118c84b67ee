package mixer

import (
	"math"
	"strconv"
	"sync/atomic"
	"time"
)

// Bounds of the load. What is left of a block is for the system, and for a block that
// takes longer than most.
const (
	shedAbove = 0.85 // a stream is shed
	xrunWorth = 0.15 // by which shedAbove is lower for each xrun of the sink after the first,
	shedNever = 0.50 // down to this: below, it is not the load for which the sink runs dry
	roomBelow = 0.70 // what the load may become with a stream that returns
	calmBelow = 0.80 // the same after longestPause: it has run like that before
	tooMuch   = 0.50 // for one stream among equals: it is that which is shed
)

// Times of the governor.
const (
	shortestPause = 3 * time.Second // from a change to a return
	longestPause  = 5 * time.Minute
	relapse       = 30 * time.Second // overload so soon after a return makes the pause twice as long
	xrunTime      = time.Second      // the constant with which xruns are forgotten
)

// shedReads is how many blocks lie between two reads of the source of a stream that
// is shed: half of what the buffer of a capture card holds.
const shedReads = 4

// A governor sheds streams when the mixing goroutine cannot keep up with its sink,
// before all of them stutter, and lets them return when there is room. Of two streams
// that of lower priority goes first and returns last, among equals the one added
// last, but for one that alone takes more than half of the time, as its driver may:
// none is heard while one that comes before it is shed. One always stays. It
// belongs to the mixing goroutine.
type governor struct {
	load
	changed  time.Time     // when a stream was last shed or let back
	returned time.Time     // when one was let back, unless that has led to overload
	pause    time.Duration // from a change to a return, at least
	xruns    uint64        // of the sink
	xrun     time.Time     // when it had the last
	dry      float64       // xruns that were not forgotten then
}

// A burden is what the governor knows of a stream.
type burden struct {
	shed  bool          // also while it is gone
	alone bool          // it was shed for what it takes itself, so it returns after all others
	again int           // the frame of the mix at which its source is read again
	spent time.Duration // on it, in this block
	cost  float64       // the mean of that, as a load
	saved float64       // what cost was of the load when it was shed
	load  atomic.Int32  // of the block that led to it, percent, negative if alone; read by any goroutine
}

// charge books the time since the last lap on a stream.
func (g *governor) charge(s *Stream) { s.burden.spent += g.lap() }

// govern ends a block, when the sink has it.
func (m *Mixer) govern() {
	g := &m.governor
	g.end()
	m.output.load.Store(math.Float64bits(g.calm))
	now := time.Now()
	o := g.survey(*m.set.Load())
	switch {
	case g.overloaded(m.output.xruns.Load(), now) && o.heard > 1:
		g.relapsed(now)
		load := int32(g.raw*100 + 0.5)
		if s := g.glutton(*m.set.Load(), o.last); s != nil {
			s.burden.alone = true
			g.shed(s, -load, now)
		} else {
			g.shed(o.last, load, now)
		}
	case o.outranked:
		g.shed(o.last, o.first.burden.load.Load(), now)
	case o.first != nil && (o.heard == 0 || g.room(o.first, now)):
		g.restore(o.first, now)
	}
}

// An order is what matters of the streams' order.
type order struct {
	heard     int     // or about to be
	last      *Stream // of them, the next to be shed
	first     *Stream // of those that are shed, the first to return
	outranked bool    // first comes before last
}

// survey also takes in what was spent on the streams.
func (g *governor) survey(set []*Stream) (o order) {
	var absent *Stream // shed, and gone since, or alone: it returns when no other is left
	for _, s := range set {
		b := &s.burden
		b.cost += (g.share(b.spent)*g.scale - b.cost) * g.quick
		b.spent = 0
		switch {
		case s.removed.Load() || s.done.Load():
		case s.is(Shed) && b.alone:
			absent = s
		case s.is(Shed):
			if o.first == nil || s.priority.Load() > o.first.priority.Load() {
				o.first, o.outranked = s, o.last != nil && s.priority.Load() > o.last.priority.Load()
			}
		case b.shed:
			if s.is(Gone) {
				absent = s
			}
		case s.is(Filling, Live):
			o.heard++
			if o.last == nil || s.priority.Load() <= o.last.priority.Load() {
				o.last, o.outranked = s, o.first != nil && s.priority.Load() <= o.first.priority.Load()
			}
		}
	}
	if o.first == nil {
		o.first = absent
	}
	return o
}

// glutton returns the stream that takes too much alone, nil if there is none: of the
// others that go as soon as last does, by priority.
func (g *governor) glutton(set []*Stream, last *Stream) *Stream {
	for _, s := range set {
		cost := s.burden.cost
		if s != last && cost > tooMuch && g.now-cost < roomBelow && !s.burden.shed && s.is(Filling, Live) && s.priority.Load() == last.priority.Load() {
			return s
		}
	}
	return nil
}

// overloaded reports that the load is too high, or lower but the sink runs dry again
// and again: the system may be so busy that it does not wake the mixing goroutine in
// time. With little load the cause is another one, a bad cable say, and to shed streams
// would not help.
func (g *governor) overloaded(xruns uint64, now time.Time) bool {
	bound := shedAbove
	if xruns != g.xruns {
		g.dry = g.remembered(now) + float64(xruns-g.xruns)
		g.xruns, g.xrun = xruns, now
		bound = max(shedNever, bound-(g.dry-1)*xrunWorth)
	}
	return g.now > bound
}

// relapsed sets the pause by what came of the last return.
func (g *governor) relapsed(now time.Time) {
	switch {
	case now.Sub(g.returned) < relapse:
		g.pause = min(2*g.pause, longestPause)
		g.returned = time.Time{}
	case now.Sub(g.changed) >= relapse:
		g.pause = shortestPause
	}
}

// room reports that s may return.
func (g *governor) room(s *Stream, now time.Time) bool {
	quiet, bound := now.Sub(g.changed), roomBelow
	if quiet >= longestPause {
		bound = calmBelow
	}
	return quiet >= g.pause && g.calm < bound*(1-s.burden.saved) && g.remembered(now) < 1
}

// remembered is how many xruns are not forgotten.
func (g *governor) remembered(now time.Time) float64 {
	return g.dry * math.Exp(-now.Sub(g.xrun).Seconds()/xrunTime.Seconds())
}

// shed fades a stream out; discard does the rest. load is why, percent.
func (g *governor) shed(s *Stream, load int32, now time.Time) {
	b := &s.burden
	b.shed, b.saved = true, min(0.9, b.cost/max(g.now, b.cost, 0.01))
	b.load.Store(load)
	if s.is(Live) {
		s.cutTo(Shed)
	}
	g.lower(b.cost)
	g.changed, g.dry = now, 0
}

// restore lets a stream return.
func (g *governor) restore(s *Stream, now time.Time) {
	s.burden.shed, s.burden.alone = false, false
	if s.is(Shed) {
		s.delivered = now
		s.in.clear()
		s.state.Store(int32(Filling))
	}
	g.changed, g.returned = now, now
}

// discard is the poll of a stream that is shed: its source is read now and then, so
// that a device does not run over, a file goes on in time, and what befalls them is
// noticed.
func (s *Stream) discard(a *attachment) {
	if s.is(Filling, Stalled) {
		s.state.Store(int32(Shed))
	}
	if m := s.mix; a != nil && !s.eof && m.written >= s.burden.again {
		frames := shedReads * m.cfg.Block
		s.burden.again = m.written + frames
		want := a.q.size
		if !s.live {
			want = min(want, int(float64(frames)*a.step))
		}
		n, err := a.Read(a.raw[:want*a.channels])
		if n > 0 {
			s.reason.Store(nil) // as in read
		}
		if err != nil {
			s.fault(a, err, true)
		}
	}
	if s.eof || s.finish.Load() {
		s.runOut(true)
	}
}

// tooSlow is the reason of a stream that is shed.
func (b *burden) tooSlow() string {
	dry, load := "", int(b.load.Load())
	if load < 0 {
		return "it takes most of the time, by its driver or its conversion: a block took " + strconv.Itoa(-load) + " % of its time"
	}
	if load < 100*shedAbove {
		dry = "the output runs dry, and "
	}
	return "the processor is too slow for all streams: " + dry + "a block took " + strconv.Itoa(load) + " % of its time"
}
