package main

import (
	"math"
	"sync/atomic"
	"time"

	"submix/cmd/submixd/config"
	"submix/hw/sim"
)

// An ear hears every block that is played, whichever card plays it.
type ear struct {
	c      *chaos
	blocks atomic.Int64
	xruns  atomic.Int64 // of the card, those that the script made among them

	loose atomic.Int64 // ns since the epoch: until then the reference may be moved
	quiet atomic.Bool  // nothing but the reference is live

	next  int16 // number of the reference's next frame
	sure  bool
	fresh int // frames since the card was opened, or moved
	one   [2]float32
	two   [2]float32
	bend  float64 // the largest second derivative, in parts of the one that is too much

	edge  [2]float64 // see hardEdge: of the second before since, and from then on
	since time.Time
}

// A listener is a playback card that the ear is at.
type listener struct {
	simulated
	ear    *ear
	until  time.Time // the block must be there
	xruns  uint64
	excuse time.Time // for xruns that the script made
	begun  bool
}

func (e *ear) open(cfg *config.Config) (sink, error) {
	s, err := newSim(cfg, sim.SinkConfig{})
	if err != nil {
		return nil, err
	}
	e.loosen(settleTime)
	return &listener{simulated: s, ear: e}, nil
}

// loosen lets the reference be moved for a while.
func (e *ear) loosen(d time.Duration) {
	until := time.Now().Add(d).UnixNano()
	for was := e.loose.Load(); until > was && !e.loose.CompareAndSwap(was, until); was = e.loose.Load() {
	}
}

// loosened lets it be moved until a while after the call of what it returns.
func (e *ear) loosened() (end func()) {
	e.loosen(time.Hour)
	return func() { e.loose.Store(time.Now().Add(settleTime).UnixNano()) }
}

func (e *ear) isLoose() bool { return time.Now().UnixNano() < e.loose.Load() }

func (l *listener) Wait() (int, time.Time, error) {
	out := &l.ear.c.out
	out.mu.Lock()
	pulled, halt := out.pulled, out.halt
	out.halt = 0
	out.mu.Unlock()
	if time.Now().Before(pulled) {
		return 0, time.Time{}, errPulled
	}
	if halt > 0 {
		time.Sleep(halt)
		l.excuse = time.Now().Add(time.Second)
	}
	queued, at, err := l.simulated.Wait()
	if n := l.Xruns(); n != l.xruns {
		l.ear.xruns.Add(int64(n - l.xruns))
		if l.xruns = n; time.Now().After(l.excuse) {
			l.ear.c.fail("the playback card has run dry")
		}
		l.ear.fresh = 0
	}
	l.until = time.Now() // in simulated time, what is not waited for takes none; and a card is not waited for
	return queued, at, err
}

func (l *listener) Write(block []float32) error {
	if late := time.Since(l.until); late > 0 {
		l.ear.c.fail("a block is %v late", late)
	}
	if !l.begun {
		l.begun, l.ear.fresh = true, 0
	}
	l.ear.hear(block)
	return l.simulated.Write(block)
}

// Of a fade, in frames.
const (
	fadeFrames  = chaosRate * 5 / 1000
	quickFrames = chaosRate * 2 / 1000 // where a gap is bridged
)

// hardEdge is a second derivative that no fade makes, of what is in the mix now or was in the last second or two: each tone
// is of -26 dBFS times its gain, bends by 0.00009 of that gain, and by 0.05 / 40 = 0.00125 of it where it begins or ends
// at once within 5 ms; the loudest may do so within 2 ms. One that is cut off bends by up to 0.05 of its gain.
func (e *ear) hardEdge() float64 {
	sum, most := 0.0, 0.0
	for _, s := range e.c.b.mixer().Streams() {
		level := 0.05 * math.Pow(10, s.GainDB/20)
		sum, most = sum+level, max(most, level)
	}
	if now := time.Now(); now.After(e.since.Add(time.Second)) {
		e.edge, e.since = [2]float64{e.edge[1], 0}, now
	}
	const omega = 2 * math.Pi * 53 / chaosRate
	e.edge[1] = max(e.edge[1], sum*omega*omega+(sum-most)/fadeFrames+most/quickFrames)
	return max(e.edge[0], e.edge[1]) + 1e-4 // for what is rounded
}

// hear looks at one block.
func (e *ear) hear(block []float32) {
	e.blocks.Add(1)
	const channels = ownChannel + 1
	edge := e.hardEdge()
	for i := 0; i < len(block); i += channels {
		f := block[i : i+channels]
		for c, v := range f {
			if !(v >= -1 && v <= 1) {
				e.c.fail("sample %d of channel %d is %v", i/channels, c, v)
				return
			}
		}
		for c, v := range f[:ownChannel] {
			bent := math.Abs(float64(v-2*e.one[c]+e.two[c])) / edge
			if whole := max(v, e.one[c], e.two[c]) < 1 && min(v, e.one[c], e.two[c]) > -1; e.fresh > 1 && whole { // or clipped
				if e.bend = max(e.bend, bent); bent > 1 {
					e.c.fail("a hard edge: frame %d of channel %d is %v after %v, %v", i/channels, c, v, e.two[c], e.one[c])
				}
			}
			e.two[c], e.one[c] = e.one[c], v
		}
		e.fresh++
	}
	if e.quiet.Load() {
		for i := 0; i < len(block); i += channels {
			if block[i] != 0 || block[i+1] != 0 {
				e.c.fail("frame %d is %v, though nothing is live", i/channels, block[i:i+channels])
				return
			}
		}
	}
	e.reference(block, channels)
}

var referenceGain = float32(math.Pow(10, referenceGainDB/20.0))

// reference holds the reference's frames against what they must be: the one
// after that which was played last.
func (e *ear) reference(block []float32, channels int) {
	if e.isLoose() {
		e.sure = false
	} else if !e.sure {
		e.next, e.sure = int16(math.Round(float64(block[ownChannel]/referenceGain*32768))), true
	}
	if !e.sure {
		return
	}
	for i := ownChannel; i < len(block); i += channels {
		if want := float32(e.next) / 32768 * referenceGain; block[i] != want {
			e.c.fail("frame %d of the reference is %v, want %v", i/channels, block[i], want)
			e.loosen(settleTime) // and hear whether it goes on
			return
		}
		e.next++
	}
}
