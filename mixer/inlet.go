package mixer

import (
	"math"
	"time"

	"submix/mixer/predict"
	"submix/mixer/resample"
)

// An inlet is what a stream has of its source: frames in a ring, at the source's
// rate, and what brings them to that of the mix. "Frames" below are those of the
// mix, "source frames" those in the ring.
type inlet struct {
	q     *ring
	conv  *resample.Resampler // nil: the frames are mixed as they are
	step  float64             // source frames for a frame of the mix
	tail  int                 // source frames of silence that follow the last one, within the filter's reach
	taken []float32           // source frames on their way to conv

	begun uint64 // position in q where the present sound began
	gap   uint64 // position in q where the last gap ended

	// After a gap, what is written is faded in, and what would have come fades away
	// beside it; after a skip, the same of what is read.
	gapIn, skipIn   ramp
	gapOut, skipOut fading

	predictor *predict.Predictor
	past      []float32 // source frames that it goes on from
	other     []float32 // source frames of a fade
}

// newInlet makes an inlet for a mix of c from a source of rate frames a second that
// has room for a latency. convert: even if the rate is the mix's.
func newInlet(c Config, rate int, latency time.Duration, convert bool, p *predict.Predictor) (inlet, error) {
	in := inlet{step: float64(rate) / float64(c.Rate), predictor: p}
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
	in.gapIn.set(1)
	in.skipIn.set(1)
	in.past = make([]float32, predict.From*c.Channels)
	in.other = make([]float32, int(math.Ceil(float64(rampFrames(c))*in.step))*c.Channels)
	in.gapOut, in.skipOut = newFading(len(in.other)), newFading(len(in.other))
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
	if in.gapIn.rests() && in.gapOut.silent() {
		in.q.write(frames)
		return
	}
	in.gapIn.apply(frames, in.q.channels)
	in.gapOut.play(frames)
	in.q.write(frames)
}

// bridge puts so many source frames of silence in the place of what was lost, with
// the frames before, and what would have followed them, faded out and those that
// follow in. Only one gap in a row is filled: a source that delivers nothing between
// gaps shall not seem to live.
func (in *inlet) bridge(lost, fade int) {
	c := in.q.channels
	in.gapIn = ramp{to: 1, len: fade}
	if in.q.w.Load() == in.gap {
		return // it fades away already
	}
	rest := max(0, fade-in.q.len())
	more := in.other[:rest*c]
	in.goOn(more)
	in.q.fadeOut(fade)
	in.gapOut.clear()
	in.gapOut.add(more, float32(rest)/float32(fade), c)
	in.pad(lost)
	in.gap = in.q.w.Load()
}

// pad appends so many source frames of silence, or as many as there is room for.
func (in *inlet) pad(frames int) {
	c := in.q.channels
	for frames = min(frames, in.q.free()); frames > 0; {
		silence := in.other[:min(frames*c, len(in.other))]
		clear(silence)
		in.gapOut.play(silence)
		frames -= in.q.write(silence)
	}
}

// goOn writes what would have followed the newest frame into dst.
func (in *inlet) goOn(dst []float32) {
	c := in.q.channels
	past := in.past[:min(predict.From, in.q.size, int(in.q.w.Load()-in.begun))*c]
	in.q.newest(past)
	if peak, _ := measure(past); len(dst) == 0 || !isSound(peak) {
		clear(dst)
		return
	}
	in.predictor.Follow(dst, past, c)
}

// read moves the next frames into dst, as many as there are and fit, and returns
// their number. With skip, it crossfades, over a ramp, to those that come so many
// source frames later, or with a negative skip to those that came so much earlier,
// which are heard again; within such a crossfade, it skips no more. What is short is
// not helped by being heard again.
//
// It also returns the highest magnitude of what it took from the ring, and about the
// sum of squares of dst. What is no sound does not get into the filter, which would
// ring with it before it comes and after; dst is then of no use.
func (in *inlet) read(dst []float32, skip int) (frames int, peak, square float32) {
	c := in.q.channels
	if in.conv == nil {
		frames = in.take(dst, skip)
		peak, square = measure(dst[:frames*c])
		return frames, peak, square
	}
	need := in.conv.Need(len(dst) / c)
	n := in.take(in.taken[:need*c], skip)
	if silence := min(in.tail, need-n); silence > 0 {
		clear(in.taken[n*c : (n+silence)*c])
		n += silence
		in.tail -= silence
	}
	taken := in.taken[:n*c]
	peak, square = measure(taken)
	if !isSound(peak) {
		clear(taken)
	}
	frames, _ = in.conv.Process(dst, taken)
	return frames, peak, square / float32(in.step)
}

// take moves source frames from the ring into dst; see read.
func (in *inlet) take(dst []float32, skip int) int {
	c := in.q.channels
	if (skip > 0 || skip < 0 && in.q.len() >= len(dst)/c) && in.skipIn.rests() {
		n := in.q.peek(in.other, 0)
		in.goOn(in.other[n*c:])
		in.skipOut.add(in.other, 1, c)
		in.skipIn = ramp{to: 1, len: len(in.other) / c}
		in.q.drop(skip)
	}
	n := in.q.read(dst)
	in.skipIn.apply(dst[:n*c], c)
	in.skipOut.play(dst[:n*c])
	return n
}

// kept is how many source frames of the present sound that were read are still there.
func (in *inlet) kept() int { return min(in.q.kept(), int(in.q.r.Load()-in.begun)) }

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
	in.tail, in.begun = 0, in.q.w.Load()
	in.gapIn.set(1)
	in.skipIn.set(1)
	in.gapOut.clear()
	in.skipOut.clear()
	if in.conv != nil {
		in.conv.Reset()
	}
}
