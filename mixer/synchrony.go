package mixer

import (
	"math"
	"sync/atomic"
	"time"
)

// A synchrony is what is told of a stream's latency and clock: set by the mixing
// goroutine, read by any.
type synchrony struct {
	latency, target, fill atomic.Int64  // ns
	drift, learned        atomic.Uint64 // float64 bits, ppm; learned is the last that was sure
	adaptive              atomic.Bool
	lock                  atomic.Int32
}

// learnedPPM is what a new source of the stream begins with.
func (y *synchrony) learnedPPM() float64 { return math.Float64frombits(y.learned.Load()) }

func (y *synchrony) learn(ppm float64) { y.learned.Store(math.Float64bits(ppm)) }

// locked takes in the latency of a stream whose clock is not followed, and the
// part of it that is in the sink.
func (y *synchrony) locked(latency, target, queued time.Duration) {
	y.adaptive.Store(false)
	y.latencies(latency, target, queued)
}

// follows takes in what a follower has found.
func (y *synchrony) follows(f *follower, queued time.Duration) {
	y.adaptive.Store(true)
	lock, ppm := f.loop.Lock(), f.loop.PPM()
	y.lock.Store(int32(lock))
	y.drift.Store(math.Float64bits(ppm))
	if lock == Locked {
		y.learn(ppm)
	}
	y.latencies(f.duration(f.loop.Fill()), f.duration(f.target), queued)
}

func (y *synchrony) latencies(latency, target, queued time.Duration) {
	y.latency.Store(int64(latency))
	y.target.Store(int64(target))
	y.fill.Store(int64(latency - queued))
}

// tell writes it into info, of a stream in the state that info has.
func (y *synchrony) tell(info *StreamInfo) {
	if info.Adaptive = y.adaptive.Load(); info.Adaptive {
		info.DriftPPM = math.Float64frombits(y.drift.Load())
	}
	if info.State != Live {
		return
	}
	info.Lock = Lock(y.lock.Load())
	info.Latency = time.Duration(y.latency.Load())
	info.Target = time.Duration(y.target.Load())
	info.Fill = time.Duration(y.fill.Load())
}
