// Package mixer mixes streams of audio in fixed blocks.
//
//	Source -> channel map -> ring -> resampler -> gain and fades -> sum -> output gain -> limiter -> meters -> Sink
//
// The sink is the only clock of the mix. A live stream whose source has a clock of
// its own is adaptive: its follower measures, once a block, where source and sink
// were at the same moment, and sets the resampler's ratio so that the stream's
// latency stays as it is. A stream that is locked, or a file at the mix's rate, is
// not resampled: it is exact.
//
// Everything on that path is done by one goroutine, the mixing goroutine: the
// one that is in [Mixer.Run] (free-running, into a queue that [Mixer.Read]
// empties; for files and tests) or in [Mixer.Play] (pulled by a [Sink], which
// is the clock of the mix). Both assemble a block with the same code. All other
// exported methods may be called from any goroutine; they reach the mixing
// goroutine through atomics that it reads between blocks, never through a lock.
//
// Samples are float32, interleaved, full scale 1.0: the 16-bit value v is
// v/32768. A float32 holds every integer up to 2^24, so the sum of 512
// full-scale 16-bit streams is exact.
package mixer
