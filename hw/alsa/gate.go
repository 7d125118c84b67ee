package alsa

import "sync/atomic"

// gate lets Close wait until the stream's user is out of the kernel, so that no call is ever made on a closed, and
// perhaps reused, descriptor. Passing it costs the user two atomic additions and no lock.
type gate struct {
	n   atomic.Int64  // users inside, less shutGate once shut
	out chan struct{} // receives when the last one leaves a shut gate
}

const shutGate = 1 << 32

func newGate() gate { return gate{out: make(chan struct{}, 1)} }

// enter says whether the caller may go in; if so it must leave.
func (g *gate) enter() bool {
	if g.n.Add(1) > 0 {
		return true
	}
	g.leave()
	return false
}

func (g *gate) leave() {
	if g.n.Add(-1) == -shutGate {
		select {
		case g.out <- struct{}{}:
		default: // said already
		}
	}
}

// shut lets nobody in any more, calls wake so that those inside come out, and returns when they have. It must be
// called once only.
func (g *gate) shut(wake func()) {
	if g.n.Add(-shutGate) == -shutGate {
		return
	}
	wake()
	<-g.out
}
