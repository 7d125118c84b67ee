//go:build vm

package guest

import "time"

// stillFrames is within how many frames of a straight line a cable is still; stillSeconds is for how long it must have
// been for its clock to be known well. Cables that make up for their rounding go to and fro by up to 13.
const (
	stillFrames  = 14
	stillSeconds = 20
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

// still tells whether it was still until a time. It must be asked for later and later times.
func (w *wander) still(at time.Time) bool {
	for len(w.at) > 0 && at.Sub(w.at[0]).Seconds() > stillSeconds {
		w.at, w.off = w.at[1:], w.off[1:]
	}
	low, high := 0.0, 0.0
	for i, off := range w.off {
		if w.at[i].After(at) {
			break
		}
		if i == 0 {
			low, high = off, off
		}
		low, high = min(low, off), max(high, off)
	}
	return high-low <= stillFrames
}
