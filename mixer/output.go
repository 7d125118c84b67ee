package mixer

import (
	"math"
	"sync/atomic"
	"time"
)

// Output is the mix's own gain, mute, limiter and meters. Its exported methods
// may be called from any goroutine.
type Output struct {
	strip
	blocks, clips, xruns atomic.Uint64
	load                 atomic.Uint64 // float64 bits
	meter                meter

	fader    fader
	limiter  limiter
	limit    bool
	channels int
	ramp     int // frames of a ramp
}

// OutputInfo is the output as it was after the last block.
type OutputInfo struct {
	GainDB float64
	Mute   bool
	PeakDB float64 // dBFS, -Inf for silence
	RMSDB  float64 // dBFS, -Inf for silence
	Clips  uint64  // blocks that were above full scale, before limiting
	Xruns  uint64  // of the sink
	Blocks uint64  // assembled
	Load   float64 // the time that blocks take of the time that they last, in the mean of a second of Play; above 0.85 streams are shed
}

func (o *Output) init(c Config, block time.Duration) {
	o.limit, o.channels, o.ramp = c.Limiter, c.Channels, rampFrames(c)
	o.limiter.init(block)
	o.meter.init(block)
	o.fader = newFader(&o.strip)
}

// rampFrames is the length of every gain ramp and fade: a block or 5 ms.
func rampFrames(c Config) int { return max(c.Block, c.Rate/200) }

// Info returns the output's levels and counters.
func (o *Output) Info() OutputInfo {
	info := OutputInfo{GainDB: o.GainDB(), Mute: o.Muted(),
		Clips: o.clips.Load(), Xruns: o.xruns.Load(), Blocks: o.blocks.Load(),
		Load: math.Float64frombits(o.load.Load())}
	info.PeakDB, info.RMSDB = o.meter.levels()
	return info
}

// finish turns the sum x into what is played.
func (o *Output) finish(x []float32) {
	o.fader.toward(o.fader.goal(&o.strip), o.ramp)
	o.fader.apply(x, o.channels)
	peak, square := measure(x)
	if peak > 1 {
		o.clips.Add(1)
	}
	if o.limit {
		o.limiter.process(x, peak, o.channels)
	}
	if peak > 1 {
		for i, v := range x {
			x[i] = max(-1, min(1, v))
		}
	}
	if peak > ceiling || o.limiter.gain < 1 { // what is played is not what was measured
		peak, square = measure(x)
	}
	o.meter.block(peak, square/float32(len(x)))
	o.blocks.Add(1)
}
