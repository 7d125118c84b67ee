package resample

import (
	"errors"
	"fmt"
	"math"
)

// Errors of New; each message goes on to say what was found.
var (
	// ErrRate: a rate is not positive, or one is more than 8 times the other.
	ErrRate = errors.New("cannot convert these rates")
	// ErrChannels: less than one channel.
	ErrChannels = errors.New("no channels")
)

// maxRatio is the highest ratio of rates, either way.
const maxRatio = 8

// room is how many frames the history holds beyond the taps, that is, how many
// frames can be taken in before the taps are moved to its beginning.
const room = 512

// A Resampler converts one stream. Make it with New or NewPlain. Its methods are
// for one goroutine at a time; after New nothing is allocated.
//
// The first output frame lies at the first input frame, before which there was
// silence, and each next one the present ratio further on. To be made, an output
// frame at the place i + f, 0 <= f < 1, needs the input up to frame i + Lookahead.
// So for all of the output of a stream that ends, give Lookahead frames of
// silence after it.
type Resampler struct {
	channels int
	taps     int
	table    []float32
	nominal  place // input frames for each output frame
	step     place // the same, corrected
	kernels  kernels

	history [][]float32 // of each channel: taps+room frames, the first end of them in use
	end     int
	next    place // the next output frame's first tap in the history, and its phase

	span span
}

// New makes a resampler from inRate to outRate, in frames a second. Designing its
// filter takes a few milliseconds at most. Errors: ErrRate, ErrChannels.
func New(inRate, outRate, channels int) (*Resampler, error) {
	r, err := NewPlain(inRate, outRate, channels)
	if err == nil {
		r.kernels = fastest()
	}
	return r, err
}

// NewPlain is New without the kernels of this machine, to compare them with.
func NewPlain(inRate, outRate, channels int) (*Resampler, error) {
	if inRate < 1 || outRate < 1 || inRate > maxRatio*outRate || outRate > maxRatio*inRate {
		return nil, fmt.Errorf("resample: %w: from %d to %d Hz", ErrRate, inRate, outRate)
	}
	if channels < 1 {
		return nil, fmt.Errorf("resample: %w: %d", ErrChannels, channels)
	}
	b := transition(inRate, outRate)
	taps := b.taps()
	r := &Resampler{
		channels: channels,
		taps:     taps,
		table:    b.table(taps),
		nominal:  ratio(inRate, outRate),
		kernels:  plain,
		history:  make([][]float32, channels),
	}
	samples := make([]float32, channels*(taps+room))
	for c := range r.history {
		r.history[c] = samples[c*(taps+room):][:taps+room]
	}
	r.span.weights = make([]float32, taps)
	r.SetRatio(1)
	r.Reset()
	return r, nil
}

// SetRatio corrects the nominal ratio inRate/outRate by the factor c from the
// next output frame but one on: 1+100e-6 for a source whose clock is 100 ppm fast.
// c is limited to 1 ± Play; NaN changes nothing. At 1 the ratio is the nominal one
// to 2^-64.
func (r *Resampler) SetRatio(c float64) {
	if math.IsNaN(c) {
		return
	}
	c = min(max(c, 1-Play), 1+Play)
	// Less than 0.1 frames, and so within 2^63 of 2^-64; two's complement does the rest.
	delta := int64(math.Round((c - 1) * r.nominal.float() * 0x1p64))
	r.step = r.nominal
	r.step.frac += uint64(delta)
	switch {
	case delta > 0 && r.step.frac < r.nominal.frac:
		r.step.frames++
	case delta < 0 && r.step.frac > r.nominal.frac:
		r.step.frames--
	}
}

// Reset forgets the input, as if none had been given, and keeps the ratio.
func (r *Resampler) Reset() {
	for _, h := range r.history {
		clear(h[:r.taps])
	}
	r.next = place{}
	r.end = r.taps - 1 - r.Lookahead()
}

// Lookahead is the number of input frames that are needed beyond the one in which
// an output frame's place is.
func (r *Resampler) Lookahead() int { return r.taps / 2 }

// Process makes as many output frames as fit into dst and src allows, both
// interleaved, and returns how many it has made and how many frames of src it has
// used. Either dst is full, and it has used just those that the frames made need;
// or it has used all of src. What will be needed again it keeps. An incomplete
// frame at the end of dst or src is left alone. dst and src must not overlap.
func (r *Resampler) Process(dst, src []float32) (made, used int) {
	fit, given := len(dst)/r.channels, len(src)/r.channels
	for {
		if n := min(fit-made, r.Ready(0)); n > 0 {
			r.produce(dst[made*r.channels:], n)
			made += n
		}
		if made == fit || used == given {
			return made, used
		}
		n := min(given-used, r.Need(fit-made), r.space())
		r.take(src[used*r.channels:], n)
		used += n
	}
}

// Need returns how many input frames are still to be given before that many
// output frames can be made, if the ratio stays as it is.
func (r *Resampler) Need(frames int) int {
	if frames < 1 {
		return 0
	}
	last := r.next.after(frames-1, r.step)
	return max(0, last.frames+r.taps-r.end)
}

// Ready returns how many output frames can be made when that many more input
// frames are given, if the ratio stays as it is.
func (r *Resampler) Ready(frames int) int {
	return r.next.stepsWithin(r.end+frames-r.taps, r.step)
}

// Delay is the distance, in input frames, from the next output frame's place to
// the end of what has been taken in: of the frames given, those that have not yet
// been played. It is 0 before the first input and never negative.
func (r *Resampler) Delay() float64 {
	return float64(r.end-(r.taps-1-r.Lookahead())-r.next.frames) - float64(r.next.frac)*0x1p-64
}

// space makes room in the history if there is none and returns how many frames
// there is room for.
func (r *Resampler) space() int {
	if r.end == r.taps+room {
		for _, h := range r.history {
			copy(h, h[r.next.frames:])
		}
		r.end -= r.next.frames
		r.next.frames = 0
	}
	return r.taps + room - r.end
}

// take appends the n > 0 first frames of src to the history.
func (r *Resampler) take(src []float32, n int) {
	begin, end := r.end, r.end+n
	r.end = end
	if r.channels == 2 {
		r.kernels.split(r.history[0][begin:end], r.history[1][begin:end], src)
		return
	}
	for c, h := range r.history {
		h, src := h[begin:end], src[c:]
		for i := range h {
			h[i] = src[i*r.channels]
		}
	}
}

// produce makes n > 0 frames, for which the input is there.
func (r *Resampler) produce(dst []float32, n int) {
	s := &r.span
	s.frames, s.stride, s.taps, s.table = n, r.channels, r.taps, r.table
	s.frac, s.step = r.next.frac, r.step
	for c := 0; c < r.channels; c += 2 {
		s.dst, s.x[0] = dst[c:], r.history[c][r.next.frames:]
		if c+1 == r.channels {
			r.kernels.mono(s)
			break
		}
		s.x[1] = r.history[c+1][r.next.frames:]
		r.kernels.pair(s)
	}
	s.dst = nil // it is the caller's
	r.next = r.next.after(n, r.step)
}
