package resample

// A span is a run of output frames of one or two channels, for a kernel to make.
type span struct {
	dst    []float32    // from the first channel's first sample on
	stride int          // samples from one output frame to the next
	frames int          // at least 1
	x      [2][]float32 // the channels' history, from the first frame's first tap on
	table  []float32    // see band.table
	taps   int          // see band.taps
	frac   uint64       // the first frame's place beyond its first tap, in 2^-64 input frames
	step   place        // from one output frame to the next

	weights []float32 // taps: scratch of the plain kernels
}

// kernels are what is done for every sample. They are given memory enough and do
// not check it.
type kernels struct {
	mono  func(*span)                 // makes one channel, the first
	pair  func(*span)                 // makes two, which are neighbours in dst
	split func(x0, x1, src []float32) // copies len(x0) > 0 frames of two channels
}

// plain are the kernels that all others are held to.
var plain = kernels{
	mono:  func(s *span) { s.plain(1) },
	pair:  func(s *span) { s.plain(2) },
	split: split,
}

func split(x0, x1, src []float32) {
	for i := range x0 {
		frame := (*[2]float32)(src[2*i:])
		x0[i], x1[i] = frame[0], frame[1]
	}
}

func (s *span) plain(channels int) {
	at := place{0, s.frac}
	for n := range s.frames {
		s.weigh(at.frac)
		for c := range channels {
			s.dst[n*s.stride+c] = dot(s.weights, s.x[c][at.frames:])
		}
		at = at.after(1, s.step)
	}
}

// weigh sets the weights of the taps at a phase.
func (s *span) weigh(frac uint64) {
	row := s.table[int(frac>>(64-rowBits))*s.taps*order:]
	t := float32(int64(frac<<rowBits>>1)) * 0x1p-63 // a signed number is quicker to convert
	for w := s.weights; len(w) >= lanes && len(row) >= order*lanes; w, row = w[lanes:], row[order*lanes:] {
		c := (*[order * lanes]float32)(row)
		for i := range lanes {
			w[i] = ((c[3*lanes+i]*t+c[2*lanes+i])*t+c[lanes+i])*t + c[i]
		}
	}
}

// dot returns the sum of the products of w, whose length is a multiple of lanes,
// and x, which is as long or longer. Four sums are quicker than one and round less.
func dot(w, x []float32) float32 {
	var a, b, c, d float32
	for ; len(w) >= lanes && len(x) >= lanes; w, x = w[lanes:], x[lanes:] {
		w, x := (*[lanes]float32)(w), (*[lanes]float32)(x)
		a += w[0]*x[0] + w[4]*x[4]
		b += w[1]*x[1] + w[5]*x[5]
		c += w[2]*x[2] + w[6]*x[6]
		d += w[3]*x[3] + w[7]*x[7]
	}
	return (a + b) + (c + d)
}
