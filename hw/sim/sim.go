// Package sim has sound cards made of nothing but time: sources with waveforms, clocks some ppm off, stalls and unplugs,
// and a sink that keeps a card's pace. They behave like the devices of package alsa, without hardware.
//
// All time comes from package time, so that they run in simulated time as well.
package sim

import (
	"errors"
	"math"
	"math/bits"
	"time"
)

// Errors of sources and sinks, with the meaning those of real cards have.
var (
	ErrConfig = errors.New("bad simulated device")       // a setting that means nothing; the message says which
	ErrXrun   = errors.New("xrun")                       // sound was lost; the device runs again, go on
	ErrGone   = errors.New("simulated device is gone")   // unplugged
	ErrClosed = errors.New("simulated device is closed") // Close was called
)

const (
	defaultRate     = 48000
	defaultChannels = 2
	maxChannels     = 64
	maxRate         = 768000
	maxPPM          = 10000
	maxBurst        = 1000
)

// clock is a card's clock in millionths of a hertz. All its arithmetic is on integers of 128 bits: no error builds up,
// however long it runs.
type clock uint64

const microHzTimesNs = 1e15 // (µHz per Hz) · (ns per s)

func newClock(rate int, ppm float64) clock {
	return clock(int64(rate)*1e6 + int64(math.Round(float64(rate)*ppm)))
}

// frames returns how many frames are over after the time d.
func (c clock) frames(d time.Duration) int64 {
	hi, lo := bits.Mul64(uint64(d), uint64(c))
	frames, _ := bits.Div64(hi, lo, microHzTimesNs)
	return int64(frames)
}

// after returns the least time after which n frames are over.
func (c clock) after(n int64) time.Duration {
	hi, lo := bits.Mul64(uint64(n), microHzTimesNs)
	d, rest := bits.Div64(hi, lo, uint64(c))
	if rest > 0 {
		d++
	}
	return time.Duration(d)
}

// step returns by how much the phase of a tone moves in a frame, in units of 2^-64 of a cycle, so that phases wrap by
// themselves. A fast card gets less of the tone in a frame. hz must be below the clock's.
func (c clock) step(hz float64) uint64 {
	step, _ := bits.Div64(uint64(math.Round(hz*1e6)), 0, uint64(c))
	return step
}
