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

// clear shows silence at once.
func (m *meter) clear() { m.peak, m.power = 0, 0; m.block(0, 0) }

// loudest is the highest magnitude of a sample that can be sound, 24 dB above full
// scale. Only float formats have room for more, and what is there is a fault of a
// driver's, a cable's or a file's: mixed, it would have the limiter turn every stream
// down.
const loudest = 16

// isSound reports that all samples can be, of which this is the highest magnitude.
func isSound(peak float32) bool { return peak <= loudest } // which NaN is not

// measure returns the highest magnitude and the sum of squares of x; a sample that is
// no number is the highest. Four sums side by side, and
// magnitudes compared as integers, which order like them (IEEE 754), keep it
// from waiting for itself.
func measure(x []float32) (peak, square float32) {
	var s0, s1, s2, s3 float32
	var p0, p1 uint32
	for ; len(x) >= 4; x = x[4:] {
		a, b, c, d := x[0], x[1], x[2], x[3]
		s0 += a * a
		s1 += b * b
		s2 += c * c
		s3 += d * d
		p0 = max(p0, magnitude(a), magnitude(c))
		p1 = max(p1, magnitude(b), magnitude(d))
	}
	for _, v := range x {
		s0 += v * v
		p0 = max(p0, magnitude(v))
	}
	return math.Float32frombits(max(p0, p1)), s0 + s1 + s2 + s3
}

func magnitude(v float32) uint32 { return math.Float32bits(v) &^ (1 << 31) }
