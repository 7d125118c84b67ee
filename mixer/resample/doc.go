// Package resample converts the rate of audio by a ratio that may change while
// it runs: it follows the clock of a card, and converts its nominal rate.
//
// The filter is a sinc under a Kaiser window, a function of the continuous
// distance between an output frame's place and an input frame. It is cut into
// phases, and within a phase every tap is a cubic in the place, so that the place
// of an output frame is not rounded to a phase. Places are counted in input
// frames, as an integer and a fraction of 64 bits: adding up steps rounds nothing,
// and what a ratio like 44100/48000 has beyond 64 bits comes to less than a
// hundred-millionth of a frame in a month.
//
// The arithmetic is float32. A plain Go path is right on every machine; on arm64
// (NEON) and amd64 (AVX2 with FMA) a kernel does the same several taps at a time.
package resample

// What the filter is designed for. The lower one of the two rates is what limits
// the band; both edges are shares of it, or Hz.
const (
	// PassHz and PassShare are the upper end of the pass band: the lower of
	// PassHz and PassShare of the lower rate, 20 kHz from 44.1 kHz on.
	PassHz    = 20000
	PassShare = 0.4535
	// Play is how far the ratio may be from the nominal one, either way. The
	// stop band begins where what is mirrored at half the lower rate, taken
	// lower by the play, meets the pass band.
	Play = 0.01
	// StopDB is the attenuation of the stop band, at least. Near the end of the
	// pass band, where its mirror image is the nearest, it is the ratio of signal
	// to noise; further down the images are lower, and the noise is that of float32.
	StopDB = 129
)
