package mixer

import (
	"math"
	"time"

	"submix/mixer/drift"
)

// A moment is where the sink was when it could last be told.
type moment struct {
	at      time.Time
	queued  int  // frames that were to be played before the next block
	elapsed int  // frames played since the last moment
	jumped  bool // the sink did not just play on: it was stopped in between
	other   bool // it is another one, with another clock
}

// A follower keeps an adaptive stream at its latency: once a block it measures
// the fill, which is how many source frames the device has captured beyond the
// one that is being played, has its loop set the resampler's ratio by that, and
// looks for the least fill that never leaves the mix short.
type follower struct {
	clock Clocked
	in    *inlet
	loop  *drift.Loop
	rate  float64 // source frames a second, nominal

	seen     time.Time // of the device's position
	captured int64     // the position, in frames written to the ring; it may be ahead of them
	fresh    bool      // it has not been measured with yet
	stride   int64     // the smallest step that the position was seen to make
	coarse   bool      // it stands still from step to step
	moving   bool      // it did, as far as was known when it last moved
	later    int       // source frames by which the device's next step may be later than the last

	settling int     // frames until the fill is known to a frame, after a gap
	known    bool    // the fill is, and the next two are those of the last moment
	read     uint64  // source frames taken from the ring
	offset   float64 // source frames from the one being played to the next to be taken

	target float64 // fill that is held; 0: not known yet
	start  int     // frames that were spare when it became live
	floor  float64 // below which target is not set
	most   peak    // fill needed for a spare of nothing
	sure   bool    // the clock was locked since the stream became live, and most begins there
}

func newFollower(c Clocked, in *inlet, rate, mixRate int) *follower {
	return &follower{clock: c, in: in, rate: float64(rate),
		loop: drift.New(drift.Config{SourceRate: rate, SinkRate: mixRate})}
}

// look asks the device how far it has come. Just before it is read.
func (f *follower) look() {
	ahead, at := f.clock.Ahead()
	captured := int64(f.in.q.w.Load()) + int64(ahead)
	if step := captured - f.captured; !at.IsZero() && !f.seen.IsZero() && step > 0 && (f.stride == 0 || step < f.stride) {
		f.stride = step
	}
	if captured != f.captured {
		f.moving = f.coarse
	}
	f.fresh = !at.IsZero() && (f.fresh || !at.Equal(f.seen))
	f.seen, f.captured = at, captured
}

// looked is called when the device has been read. One that had no more than at its
// last move, some time ago, moves in steps: at worst it is read just before one.
func (f *follower) looked(now time.Time) {
	since := now.Sub(f.seen).Seconds() * f.rate
	switch more := int64(f.in.q.w.Load()) - f.captured; {
	case f.seen.IsZero() || more > 0:
		f.coarse = false
	case since > 2*float64(f.stride): // it has stopped
		f.coarse = f.moving
	case since > f.rate/1000:
		f.coarse = true
	}
	f.later = 0
	if f.coarse {
		f.later = max(0, int(float64(f.stride)-since))
	}
}

// cushion is how many frames a stream needs beyond a block when it becomes live, if
// the device moves in large steps; for others, 0.
func (f *follower) cushion(c Config) int {
	if frames := int(float64(f.stride) / f.in.step); f.coarse || frames > c.Block+c.Block/2 {
		return frames
	}
	return 0
}

// begin is called when the stream becomes live with so many frames beyond a block:
// latency and fill are new, what is known of the clock stays. The fill is not set
// below floor.
func (f *follower) begin(spare int, floor time.Duration) {
	f.known, f.settling, f.target, f.start, f.floor = false, 0, 0, spare, floor.Seconds()*f.rate
	f.most, f.sure = peak{window: int(firstLook * f.rate)}, false
}

// yield is called when the fill cannot come down to the target: the sink holds more than the one before. The next
// measurement finds another target, which leaves so many frames spare.
func (f *follower) yield(spare int) { f.known, f.target, f.start = false, 0, spare }

// fill is the number of source frames that were captured at m beyond the one that
// was being played; it takes a position.
func (f *follower) fill(m moment) float64 {
	late := m.at.Sub(f.seen).Seconds() * f.rate * (1 + f.loop.PPM()*1e-6)
	return float64(f.captured-int64(f.in.q.r.Load())) + f.ahead(m) + late
}

// ahead is the number of source frames from the one being played to the next that
// is taken from the ring.
func (f *follower) ahead(m moment) float64 {
	return f.in.conv.Delay() + float64(m.queued)*f.in.step*f.loop.Ratio()
}

// follow measures, and sets the ratio for the next block. spare is how many frames
// will be left when that has been taken.
func (f *follower) follow(m moment, spare int) {
	read, offset := f.in.q.r.Load(), f.ahead(m)
	if m.other {
		f.loop.Seek()
	}
	if m.jumped {
		f.gap()
	}
	f.loop.Hold(f.settling != 0)
	if f.known {
		f.loop.Advance(float64(m.elapsed), float64(int64(read-f.read))-(offset-f.offset))
	} else {
		f.loop.Resync()
		f.known, f.fresh = false, !f.seen.IsZero()
	}
	f.read, f.offset = read, offset
	if f.fresh {
		fill := f.fill(m)
		if f.target == 0 {
			f.set(fill - float64(spare-f.start)*f.in.step)
		}
		f.loop.Measure(fill)
		f.known, f.fresh = true, false
	}
	f.in.conv.SetRatio(f.loop.Ratio())
}

// Times of a target that is found while the stream runs.
const (
	firstLook = 5  // seconds, after which the target falls for the first time; the next look is four times as long
	lastLooks = 60 // seconds, and no look is longer
	worth     = 4  // a quarter of the reserve: to bring less, the target does not fall; with more left, it does not rise
)

// tune sets the target: so that, with the fill needed so far, reserve frames are
// left when a block of so many frames has been taken. spare is what is left now.
func (f *follower) tune(spare, reserve, frames int) {
	if !f.known {
		return
	}
	locked := f.loop.Lock() == drift.Locked
	if locked && !f.sure { // until now the fill was a guess
		f.most, f.sure = peak{window: int(firstLook * f.rate)}, true
	}
	fill := f.loop.Fill()
	kept := float64(reserve) * f.in.step
	falls := f.most.add(fill-float64(spare)*f.in.step+float64(f.later), int(float64(frames)*f.in.step))
	wanted := f.most.value() + kept
	if falls && locked {
		if wanted < f.target-kept/worth {
			f.set(wanted)
		}
		f.most.next(min(4*f.most.window, int(lastLooks*f.rate)))
	}
	if wanted > f.target+kept-kept/worth {
		f.set(wanted)
	}
}

func (f *follower) set(target float64) {
	f.target = max(target, f.floor)
	f.loop.SetTarget(f.target)
}

// gap says that sink or source had stopped: the fill is another one.
func (f *follower) gap() { f.known, f.settling = false, -1 }

// excess is how many source frames the fill is above its target, if that is more
// than the loop should bring down; if negative, below, and more than it should make
// up: the stream has survived a stall.
func (f *follower) excess(c Config) int {
	if !f.known {
		return 0
	}
	over := int(math.Round(f.loop.Fill() - f.target))
	most := max(2*c.Block, c.Rate/200)
	least := -most
	switch {
	case f.settling < 0: // measured for the first time
		f.settling = settleFrames(c)
		least, most = -plain(c), plain(c)
	case f.settling > c.Block:
		f.settling -= c.Block
	case f.settling > 0:
		f.settling = 0
		return over
	}
	if float64(over) < float64(least)*f.in.step || float64(over) > float64(most)*f.in.step {
		return over
	}
	return 0
}

// duration is the time that source frames take.
func (f *follower) duration(frames float64) time.Duration {
	return time.Duration(frames / f.rate * float64(time.Second))
}

// A peak holds the most of what was added in a window and in the one before.
type peak struct {
	last, now float64
	age       int
	window    int
	filled    bool
}

// add takes in a value that is so many frames old, and reports that the window is over.
func (p *peak) add(v float64, frames int) (over bool) {
	if !p.filled || v > p.now {
		p.now, p.filled = v, true
	}
	p.age += frames
	return p.age >= p.window
}

func (p *peak) value() float64 { return max(p.last, p.now) }

// next begins a window.
func (p *peak) next(window int) {
	*p = peak{last: p.now, window: window}
}
