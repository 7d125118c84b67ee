//go:build vm

package guest

import (
	"math"
	"time"
)

// A cable is still while it keeps, for so many seconds, to its rate by so many ppm and to a straight line by so many
// frames: one that makes up for its rounding goes to and fro by up to 13, in 5 s. Others do so faster, whole runs long.
const (
	stillSeconds = 20
	stillPPM     = 2
	stillFrames  = 14
)

// move is a position of a card, in frames, and when it was there.
type move struct {
	at     time.Time
	frames int64
}

// watch has the player note where its card is, for so long: how a cable really moves, as seen from its other end.
func (p *player) watch(length time.Duration) {
	moves := make([]move, int(length.Seconds()*float64(p.rate)/240)+1)
	p.mu.Lock()
	defer p.mu.Unlock()
	p.moves = moves[:0] // its memory is there now, and not when it is needed
}

// note notes a position, if there is room for it.
func (p *player) note(at time.Time, frames int64) {
	if len(p.moves) < cap(p.moves) {
		p.moves = append(p.moves, move{at, frames})
	}
}

// A wander is how far a card was from a clock of so many frames a second, by time.
type wander struct {
	at  []time.Time
	off []float64 // frames
}

// wandered is the wander of an ended player whose clock is so many ppm fast.
func (p *player) wandered(ppm float64) wander {
	rate := float64(p.rate) * (1 + ppm*1e-6)
	var w wander
	for _, m := range p.moves {
		w.at = append(w.at, m.at)
		w.off = append(w.off, float64(m.frames)-m.at.Sub(p.moves[0].at).Seconds()*rate)
	}
	return w
}

// until drops what is too old at a time, and returns the line through the rest, in frames a second, and by how much it goes
// to and fro. It must be called with later and later times.
func (w *wander) until(at time.Time) (slope, fro float64) {
	for len(w.at) > 0 && at.Sub(w.at[0]).Seconds() > stillSeconds {
		w.at, w.off = w.at[1:], w.off[1:]
	}
	low, high := math.Inf(1), math.Inf(-1)
	var n, x, y, xx, xy float64
	for i, off := range w.off {
		if w.at[i].After(at) {
			break
		}
		t := w.at[i].Sub(w.at[0]).Seconds()
		n, x, y, xx, xy = n+1, x+t, y+off, xx+t*t, xy+t*off
		low, high = min(low, off), max(high, off)
	}
	return (n*xy - x*y) / (n*xx - x*x), high - low
}

// still tells whether it was still until a time.
func (w *wander) still(at time.Time) bool {
	slope, fro := w.until(at)
	return math.Abs(slope) < stillPPM*0.048 && fro <= stillFrames // of 48000 frames a second
}

// truly checks the drift that was found of a source against how its cable really ran, as its other end shows.
func (d *driftTest) truly(i int) {
	d.t.Helper()
	w := d.players[i].wandered(d.sources[i].ppm)
	slope, fro := w.until(w.at[len(w.at)-1])
	ran := d.sources[i].ppm + slope/0.048
	d.t.Logf("%s: in the last %d s its cable was %+.1f ppm fast, and went to and fro by %.0f frames", d.sources[i].name, stillSeconds, ran, fro)
	if math.Abs(d.found[i]-ran) > 5 && fro <= stillFrames {
		d.t.Errorf("%s: that drift is not found", d.sources[i].name)
	}
}

// still tells of each of so many windows whether all cables were still.
func (d *driftTest) still(windows int) []bool {
	still := make([]bool, windows)
	for k := range still {
		still[k] = true
	}
	for i, p := range d.players {
		w := p.wandered(d.sources[i].ppm)
		for k := range still {
			end := d.began.Add(time.Duration((k+1)*d.plan.WindowFrames) * time.Second / time.Duration(d.plan.Rate))
			still[k] = w.still(end) && still[k]
		}
	}
	return still
}
