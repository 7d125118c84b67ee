package mixer

import "time"

// ceiling is the highest sample of 16 bits, so that no format clips what the
// limiter has passed.
const ceiling = 32767.0 / 32768

// limiterRelease is the time constant with which the limiter lets go.
const limiterRelease = 200 * time.Millisecond

// A limiter keeps the magnitude of a block at or below the ceiling by one gain
// for all channels, which falls along a line that starts with the block and is
// low enough at every peak. It looks ahead within the block, which is complete
// when it is called, and so adds no latency. While nothing exceeds the ceiling
// it changes no bit.
type limiter struct {
	gain float32 // at the end of the last block, 0 < gain <= 1
	back float32 // share of the way back to 1 that a block releases
}

func (l *limiter) init(block time.Duration) {
	l.gain, l.back = 1, float32(min(1, block.Seconds()/limiterRelease.Seconds()))
}

// process limits x, whose highest magnitude is peak.
func (l *limiter) process(x []float32, peak float32, channels int) {
	if l.gain == 1 && peak <= ceiling {
		return
	}
	frames := len(x) / channels
	if peak*l.gain > ceiling {
		l.attack(x, ceiling/peak, channels)
		return
	}
	release := l.gain + (1-l.gain)*l.back
	if release > 0.9999 || release == l.gain { // or, of a short block, less than a float32 can show
		release = 1
	}
	if peak*release > ceiling {
		release = ceiling / peak
	}
	r := ramp{from: l.gain, to: release, len: frames}
	r.apply(x, channels)
	l.gain = release
}

// attack lowers the gain to lowest: with the slope that the steepest peak needs,
// then level.
func (l *limiter) attack(x []float32, lowest float32, channels int) {
	slope := float32(0) // gain for each frame
	for i := 0; i < len(x); i += channels {
		peak, _ := measure(x[i : i+channels])
		if peak*l.gain > ceiling {
			slope = min(slope, (ceiling/peak-l.gain)/float32(i/channels+1))
		}
	}
	for i := 0; i < len(x); i += channels {
		g := max(lowest, l.gain+slope*float32(i/channels+1))
		for c := range channels {
			x[i+c] *= g
		}
	}
	l.gain = lowest
}
