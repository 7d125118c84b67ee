package analyse

import "math"

// A Plan says what to look for in a recording.
type Plan struct {
	Rate float64
	// WindowFrames is the length of the windows, each of which is fitted by itself:
	// see [FitSines] for what it must be. What is left at the end is not looked at.
	WindowFrames int
	// Hz has the tones of each channel, within 2500 ppm.
	Hz [][]float64
	// GlitchLimit is that of [Glitches], which are looked for at the frequencies
	// that were found; 0: not at all. A glitch moves those by up to half a cycle a
	// window; if what that leaves of the tones is above the limit, the frame listed
	// is the first of the window.
	GlitchLimit float64
	// GapFrames is that of [Gaps]; 0: not looked for.
	GapFrames int
}

// A Track analyses a recording, of any length, while it is made. Its memory does
// not grow but for a Fit a window. It is of one goroutine.
//
// The work is done when a window is full, at once: on arm64 about 95 instructions
// a sample for one tone and 32 for each other.
type Track struct{ channels []*channel }

// NewTrack returns a Track of len(p.Hz) channels.
func NewTrack(p Plan) *Track {
	t := &Track{}
	for _, hz := range p.Hz {
		t.channels = append(t.channels, newChannel(p, hz))
	}
	return t
}

// Feed goes on with samples, whole frames, interleaved.
func (t *Track) Feed(samples []float32) {
	for c, channel := range t.channels {
		for left := samples; len(left) > 0; {
			room := channel.room()
			n := min(len(room), len(left)/len(t.channels))
			for i := range room[:n] {
				room[i] = float64(left[i*len(t.channels)+c])
			}
			channel.fed(n)
			left = left[n*len(t.channels):]
		}
	}
}

// Record returns what was found in channel c so far; it changes with Feed.
func (t *Track) Record(c int) *Record { return &t.channels[c].record }

// Windows analyses a recording of one channel.
func Windows(x []float64, p Plan) *Record {
	c := newChannel(p, p.Hz[0])
	for len(x) > 0 {
		n := copy(c.room(), x)
		c.fed(n)
		x = x[n:]
	}
	return &c.record
}

// A channel is fitted window by window.
type channel struct {
	fitter   *fitter
	window   []float64 // with the last frames of the window before in front
	history  int       // so many: two for each tone
	filled   int       // frames of the window
	begin    int64     // the first frame of the window
	residual []float64 // of the filters that silence the tones
	glitches glitches
	gaps     gaps
	record   Record
}

func newChannel(p Plan, hz []float64) *channel {
	history := 2 * len(hz)
	return &channel{
		fitter: newFitter(p.Rate, p.WindowFrames, hz),
		window: make([]float64, history+p.WindowFrames), history: history,
		residual: make([]float64, history+p.WindowFrames),
		glitches: glitches{limit: p.GlitchLimit, merge: int64(history + 1)},
		gaps:     newGaps(p.GapFrames),
	}
}

// room is where the next frames go.
func (c *channel) room() []float64 { return c.window[c.history+c.filled:] }

// fed says that n frames have been put there.
func (c *channel) fed(n int) {
	c.filled += n
	if len(c.room()) > 0 {
		return
	}
	x := c.window[c.history:]
	fit := c.fitter.fit(x)
	c.record.Fits = append(c.record.Fits, fit)
	if c.gaps.limit > 0 {
		c.gaps.scan(x)
		c.record.Gaps = c.gaps.list
	}
	if c.glitches.limit > 0 {
		c.findGlitches(fit)
	}
	copy(c.window, c.window[len(x):])
	c.begin += int64(len(x))
	c.filled = 0
}

func (c *channel) findGlitches(fit Fit) {
	for i, v := range c.window {
		c.residual[i] = v - fit.DC
	}
	for _, t := range fit.Tones {
		silence(c.residual, 2*math.Pi*t.Hz/c.fitter.rate)
	}
	from := c.history
	if c.begin == 0 {
		from += c.history // nothing is known before the first frame
	}
	c.glitches.scan(c.residual[from:], c.begin+int64(from-c.history))
	c.record.Glitches, c.record.Roughest = c.glitches.list, c.glitches.largest
}
