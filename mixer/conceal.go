package mixer

import "submix/mixer/predict"

// A stream's sound is never cut off: when it breaks off, for whatever reason, it
// rings out. What the stream still has, and on from there what a [predict.Predictor] makes
// of the last that was heard, is faded out over a ramp, in this block and as many
// more as that takes, whatever becomes of the stream meanwhile. (A repetition of
// the last frames would not go on from where they end, and to turn them around
// keeps value and slope, but adds a thump of up to twice their level.)
type ringing struct {
	channels int
	past     []float32 // the last frames given, before gain, at its end
	known    int       // frames of past that are of this sound
	out      fading
}

// A fading is sound that fades away beside what comes after it: the sum of what
// was faded, still to be played.
type fading struct {
	rest []float32 // silence from left on
	left int       // samples
}

func newRinging(c Config) ringing {
	return ringing{
		channels: c.Channels,
		past:     make([]float32, predict.From*c.Channels),
		out:      newFading(rampFrames(c) * c.Channels),
	}
}

func newFading(samples int) fading { return fading{rest: make([]float32, samples)} }

// heard takes in what the stream has given.
func (r *ringing) heard(x []float32) {
	if n := len(x) - len(r.past); n >= 0 {
		copy(r.past, x[n:])
	} else {
		copy(r.past, r.past[len(x):])
		copy(r.past[-n:], x)
	}
	r.known = min(r.known+len(x)/r.channels, predict.From)
}

// follow writes what would have followed into dst.
func (r *ringing) follow(dst []float32, p *predict.Predictor) {
	past := r.past[(predict.From-r.known)*r.channels:]
	p.Follow(dst, past, r.channels)
}

// add adds x, faded out over its length from a gain, to what is to be played. It is
// no longer than what newFading was given. It changes x.
func (f *fading) add(x []float32, gain float32, channels int) {
	fade := ramp{from: gain, len: len(x) / channels}
	fade.apply(x, channels)
	accumulate(f.rest, x, 1)
	f.left = max(f.left, len(x))
}

// play adds what is to be played now to x.
func (f *fading) play(x []float32) {
	if f.left == 0 {
		return
	}
	n := min(f.left, len(x))
	accumulate(x, f.rest[:n], 1)
	copy(f.rest, f.rest[n:f.left])
	clear(f.rest[f.left-n : f.left])
	f.left -= n
}

func (f *fading) silent() bool { return f.left == 0 }

func (f *fading) clear() {
	clear(f.rest[:f.left])
	f.left = 0
}

// ringOut ends the sound of the stream, of which x is what this block has.
func (s *Stream) ringOut(x []float32) {
	if s.fader.silent() {
		return
	}
	edge, c := s.mix.edge, s.in.q.channels
	given := copy(edge, x)
	for given < len(edge) {
		more := edge[given:min(given+len(s.mix.block), len(edge))]
		n, peak, _ := s.in.read(more, 0)
		if n == 0 || !isSound(peak) {
			break
		}
		given += n * c
	}
	s.ringing.heard(edge[:given])
	s.ringing.follow(edge[given:], &s.mix.predictor)
	s.ringing.out.add(edge, s.fader.now(), c)
}
