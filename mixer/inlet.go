package mixer

import (
	"math"
	"time"

	"submix/mixer/resample"
)

// An inlet is what a stream has of its source: frames in a ring, at the source's
// rate, and what brings them to that of the mix. "Frames" below are those of the
// mix, "source frames" those in the ring.
type inlet struct {
	q    *ring
	conv *resample.Resampler // nil: the frames are mixed as they are
	step float64             // source frames for a frame of the mix
	tail int                 // source frames of silence that follow the last one, within the filter's reach
	edge ramp                // of the next source frames, after a gap
	gap  uint64              // position in q where the last gap ended

	taken []float32 // source frames on their way to conv

	// After a skip, what comes is faded in, and what was to come fades away beside it.
	fade    ramp
	skipped fading
	other   []float32 // source frames of a fade

	predictor *predictor
	past      []float32 // source frames to predict from
}

// newInlet makes an inlet for a mix of c from a source of rate frames a second that
// has room for a latency. convert: even if the rate is the mix's. p is the mixing
// goroutine's.
func newInlet(c Config, rate int, latency time.Duration, convert bool, p *predictor) (inlet, error) {
	in := inlet{step: float64(rate) / float64(c.Rate), predictor: p, past: make([]float32, predictFrom*c.Channels)}
	in.q = newRing(max(int(16*float64(c.Block)*in.step), rate/10)+int(latency.Seconds()*float64(rate)), c.Channels)
	if convert || rate != c.Rate {
		conv, err := resample.New(rate, c.Rate, c.Channels)
		if err != nil {
			return in, err
		}
		in.conv = conv
		most := int(float64(c.Block)*in.step*1.02) + 2*conv.Lookahead() + 2
		in.taken = make([]float32, most*c.Channels)
	}
	in.fade.set(1)
	in.other = make([]float32, int(math.Ceil(float64(rampFrames(c))*in.step))*c.Channels)
	in.skipped = newFading(len(in.other))
	return in, nil
}

// ready is the number of frames that can be read.
func (in *inlet) ready() int {
	if in.conv == nil {
		return in.q.len()
	}
	return in.conv.Ready(in.q.len() + in.tail)
}

// lacks is how many source frames must come before so many frames can be read.
func (in *inlet) lacks(frames int) int {
	if in.conv != nil {
		frames = in.conv.Need(frames)
	}
	return max(0, frames-in.q.len())
}

// span is the length, in source frames, of what was read from the source and is
// not in a frame of the mix yet.
func (in *inlet) span() float64 {
	if in.conv == nil {
		return float64(in.q.len())
	}
	return float64(in.q.len()) + in.conv.Delay()
}

// write appends source frames, which it may change.
func (in *inlet) write(frames []float32) {
	if !in.edge.rests() {
		in.edge.apply(frames, in.q.channels)
	}
	in.q.write(frames)
}

// bridge puts so many source frames of silence in the place of what was lost, with
// the frames before faded out, or what would have followed them if they are too few,
// and those that follow in. false: nothing has come since the last gap, which has
// been bridged; a source that has nothing but gaps shall not seem to live.
func (in *inlet) bridge(lost, fade int) bool {
	if in.q.w.Load() == in.gap {
		return false
	}
	if missing := fade - in.q.len(); missing > 0 {
		more := in.other[:missing*in.q.channels]
		in.foretell(more)
		in.q.write(more)
		lost -= missing
	}
	in.q.fadeOut(fade)
	in.q.pad(max(0, lost))
	in.gap = in.q.w.Load()
	in.edge = ramp{to: 1, len: fade}
	return true
}

// foretell writes what would follow the last frame in the ring.
func (in *inlet) foretell(dst []float32) {
	known := min(predictFrom, in.q.len()+in.q.kept())
	past := in.past[:known*in.q.channels]
	in.q.peek(past, in.q.len()-known)
	for c := range in.q.channels {
		in.predictor.predict(dst, past, c, in.q.channels)
	}
}

// read moves the next frames into dst, as many as there are and fit, and returns
// their number. With skip, it crossfades, over a ramp, to those that come so many
// source frames later; with a negative skip, to those that came so much earlier,
// which are heard again. Within such a crossfade, it skips no more.
func (in *inlet) read(dst []float32, skip int) int {
	if in.conv == nil {
		return in.take(dst, skip)
	}
	c := in.q.channels
	need := in.conv.Need(len(dst) / c)
	n := in.take(in.taken[:need*c], skip)
	if silence := min(in.tail, need-n); silence > 0 {
		clear(in.taken[n*c : (n+silence)*c])
		n += silence
		in.tail -= silence
	}
	made, _ := in.conv.Process(dst, in.taken[:n*c])
	return made
}

// take moves source frames from the ring into dst; see read.
func (in *inlet) take(dst []float32, skip int) int {
	c := in.q.channels
	if skip != 0 && in.fade.rests() {
		if n := in.q.peek(in.other, 0) * c; n < len(in.other) {
			in.foretell(in.other[n:])
		}
		in.skipped.add(in.other, 1, c)
		in.fade = ramp{to: 1, len: len(in.other) / c}
		in.q.drop(skip)
	}
	n := in.q.read(dst)
	in.fade.apply(dst[:n*c], c)
	in.skipped.play(dst[:n*c])
	return n
}

// drop discards the oldest frames.
func (in *inlet) drop(frames int) {
	in.q.drop(min(in.q.len(), int(math.Round(float64(frames)*in.step))))
}

// finish says that the source has ended.
func (in *inlet) finish() {
	if in.conv != nil {
		in.tail = in.conv.Lookahead()
	}
}

// clear discards everything.
func (in *inlet) clear() {
	in.q.drop(in.q.len())
	in.tail = 0
	in.fade.set(1)
	in.skipped.clear()
	if in.conv != nil {
		in.conv.Reset()
	}
}
