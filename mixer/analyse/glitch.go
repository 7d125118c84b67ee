package analyse

import (
	"math"
	"slices"
)

// maxListed is how many glitches, and how many gaps, are listed: a recording that
// is all wrong shall not fill the memory.
const maxListed = 1000

// A Glitch is a place where a signal does not go on as it should.
type Glitch struct {
	Frame int64   // the first that does not follow from those before it
	Size  float64 // how far off the worst is, as an amplitude
}

// Glitches returns where x, a sum of tones of the frequencies hz, breaks off by
// more than limit: frames lost, repeated or zeroed, steps of phase or level. It
// lists a thousand at most.
//
// It is the second difference, made for tones: x(n) - 2 cos(w) x(n-1) + x(n-2)
// is 0 for every sine of w radians a frame, whatever its level and phase, and one
// such filter after the other silences several, so that the 2K frames before one
// tell it exactly. 0 Hz is the plain second difference, which finds glitches in
// any smooth signal; there limit must be above the sum of A (2 sin(w/2))^2 for
// the tones of amplitude A that it has.
//
// What limit can be: white noise comes out 2.45^K times stronger at most, and a
// tone of amplitude A that is d Hz off leaves A 4 pi d/rate at most. A step of its
// level by the part e gives, where its phase hides it best, A e sin(w/2), and a
// step of its phase by p radians 2 A sin(p/2) sin(w/2), below a quarter of the
// rate; frames lost or repeated are steps of phase by multiples of w.
func Glitches(x []float64, rate, limit float64, hz ...float64) []Glitch {
	y := slices.Clone(x)
	for _, h := range hz {
		silence(y, 2*math.Pi*h/rate)
	}
	g := glitches{limit: limit, merge: int64(2*len(hz) + 1)}
	if from := 2 * len(hz); from < len(y) {
		g.scan(y[from:], int64(from))
	}
	return g.list
}

// silence filters the tone of omega radians a frame out of x. The first two
// frames have none before them and are meaningless afterwards.
func silence(x []float64, omega float64) {
	if len(x) < 2 {
		return
	}
	factor := 2 * math.Cos(omega)
	before2, before := x[0], x[1]
	x = x[2:]
	for i, v := range x {
		x[i] = v - factor*before + before2
		before2, before = before, v
	}
}

// glitches lists the frames that are too large.
type glitches struct {
	limit   float64
	merge   int64 // frames: what is no further from the last is the same glitch
	last    int64 // frame that was too large
	list    []Glitch
	largest float64 // of all frames
}

// scan goes over y, the first of which is of the given frame.
func (g *glitches) scan(y []float64, frame int64) {
	for i, v := range y {
		v = math.Abs(v)
		if v <= g.largest {
			if v <= g.limit {
				continue
			}
		} else {
			g.largest = v
		}
		if !(v <= g.limit) {
			g.add(frame+int64(i), v)
		}
	}
}

func (g *glitches) add(frame int64, size float64) {
	if n := len(g.list); n > 0 && frame-g.last <= g.merge {
		g.list[n-1].Size = max(g.list[n-1].Size, size)
	} else if n < maxListed {
		g.list = append(g.list, Glitch{frame, size})
	}
	g.last = frame
}

// A Gap is a run of equal samples: nothing came, or the same again and again.
type Gap struct {
	Frame  int64 // the first
	Frames int
}

// Gaps returns the runs of more than frames equal samples in x, a thousand at
// most. A sine of low frequency has some at its crests if it has few bits.
func Gaps(x []float64, frames int) []Gap {
	g := newGaps(frames)
	g.scan(x)
	return g.list
}

// gaps lists runs of equal samples.
type gaps struct {
	limit int
	last  float64
	run   int   // of equal samples that end with the last
	frame int64 // the next
	list  []Gap
}

func newGaps(limit int) gaps { return gaps{limit: limit, last: math.NaN()} }

// scan goes on with x.
func (g *gaps) scan(x []float64) {
	last, run := g.last, g.run
	for i, v := range x {
		if v != last {
			last, run = v, 1
			continue
		}
		run++
		if run > g.limit {
			g.add(g.frame+int64(i)+1-int64(run), run)
		}
	}
	g.last, g.run = last, run
	g.frame += int64(len(x))
}

// add lists the run that begins with frame first, or makes it as long as it is
// now.
func (g *gaps) add(first int64, frames int) {
	if n := len(g.list); n > 0 && g.list[n-1].Frame == first {
		g.list[n-1].Frames = frames
	} else if n < maxListed {
		g.list = append(g.list, Gap{first, frames})
	}
}
