package mixer

import (
	"math"
	"sync/atomic"
	"time"
)

// peakFall is how fast the peak meter falls, and rmsTime the time constant of
// the RMS meter: the return time of IEC 60268-18 (20 dB in 1.7 s) and the
// integration time of a VU meter (IEC 60268-17, 300 ms).
const (
	peakFallDBPerSecond = 20 / 1.7
	rmsTime             = 300 * time.Millisecond
)

// A meter follows the level of a signal. The mixing goroutine updates it, any
// goroutine reads it.
type meter struct {
	fall, smooth float32 // for each block
	peak, power  float32 // the mixing goroutine's own

	peakBits, powerBits atomic.Uint32
}

func (m *meter) init(block time.Duration) {
	m.fall = float32(linear(-peakFallDBPerSecond * block.Seconds()))
	m.smooth = float32(1 - math.Exp(-block.Seconds()/rmsTime.Seconds()))
}

// block takes in one block: its highest magnitude and its mean square.
func (m *meter) block(peak, meanSquare float32) {
	m.peak = max(peak, m.peak*m.fall)
	m.power += (meanSquare - m.power) * m.smooth
	m.peakBits.Store(math.Float32bits(m.peak))
	m.powerBits.Store(math.Float32bits(m.power))
}

// levels returns the peak and the RMS level in dBFS, a full-scale square wave
// being 0 for both; below -144 dBFS, the last bit of 24, both are -Inf.
func (m *meter) levels() (peakDB, rmsDB float64) {
	return levelDB(decibel(float64(math.Float32frombits(m.peakBits.Load())))),
		levelDB(decibel(math.Sqrt(float64(math.Float32frombits(m.powerBits.Load())))))
}

func levelDB(dB float64) float64 {
	if dB < -144 {
		return math.Inf(-1)
	}
	return dB
}

// measure returns the highest magnitude and the sum of squares of x.
func measure(x []float32) (peak, square float32) {
	for _, v := range x {
		square += v * v
		peak = max(peak, math.Float32frombits(math.Float32bits(v)&^(1<<31)))
	}
	return peak, square
}

// clear shows silence at once.
func (m *meter) clear() { m.peak, m.power = 0, 0; m.block(0, 0) }
