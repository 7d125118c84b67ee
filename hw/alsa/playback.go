package alsa

import (
	"fmt"
	"time"

	"github.com/yobert/alsa/alsatype"
	"github.com/yobert/alsa/pcm/state"
	"golang.org/x/sys/unix"
)

// deadAfter is how long a playback device may take no sound before it counts as dead. It is far beyond any period; the
// kernel's own limit for a blocking write, 10 s in many versions, is of no use to a box that plays.
const deadAfter = 2 * time.Second

// takenWithin is how long a card may take more and more beyond its buffer in the Wait that starts it, however often that
// is: beyond any that is known; see smooth.
const takenWithin = 100 * time.Millisecond

// mostStarts is how often a device is started for one block that is played, or before the first one, or until one of its
// frames is captured.
const mostStarts = 10

// Playback is a device that is played to, and paces who plays. All methods but Close, and those that only tell, belong
// to one goroutine at a time, best one that is locked to a real-time thread: they block the thread.
type Playback struct {
	*stream
	kept   []float32 // the last BufferFrames frames that were sent, oldest first, then the tail; and room for the next block
	tight  []byte    // frames as encoded, if the device has more channels than were asked for
	faded  int       // frames of the fade after an xrun that are over
	follow func(next, past []float32, channels int)
	back   alsatype.Uframes // argument of REWIND
}

// OpenPlayback opens a device for playback. It makes no sound before the first Wait or Write. It does not wait for a
// device that is in use, or for a second if another program takes it just then. The error is ErrNotFound, ErrBusy,
// ErrUnsuitable or ErrGone, or what else the kernel refused (no permission), and says what to do about it.
func OpenPlayback(c Config) (*Playback, error) { return host().openPlayback(c) }

func (sys system) openPlayback(c Config) (*Playback, error) {
	s, err := sys.open(c, false)
	if err != nil {
		return nil, err
	}
	return newPlayback(s, c.Follow), nil
}

func newPlayback(s *stream, follow func(next, past []float32, channels int)) *Playback {
	s.raw = make([]byte, s.ring*s.channels*s.format.Bytes()) // zeros are silence in every format
	p := &Playback{stream: s, kept: make([]float32, (s.buffer+s.period+s.tail)*s.want), tight: s.raw, follow: follow}
	if s.want < s.channels {
		p.tight = make([]byte, s.ring*s.want*s.format.Bytes())
	}
	p.faded = p.fadeFrames()
	s.fill = p.refill
	return p
}

// Channels returns the number of channels of a block, which is the number asked for. What the device has beyond them
// stays silent.
func (p *Playback) Channels() int { return p.want }

// Wait blocks until there is room for a block, and returns the number of frames that were queued and not played yet at
// the time at, what the hardware holds included. at is that of the device's last interrupt, a little before Wait
// returned, or if there was none since the last Write or Wait, that at which the device was seen to have moved last. The
// first call starts the device on a buffer of silence with room for one block, so that with one Write for each Wait,
// BufferFrames frames are queued after each Write. If it is a card that takes frames in batches (USB), that call plays some
// blocks of silence more, until it is known how many the hardware holds beyond the buffer, and no later one does: that
// would be silence between two blocks of sound.
//
// The error is ErrXrun, once for all since the last Wait, that of a card's start too, if the device ran dry or was stopped:
// it was started again with what it had not played yet, less what would have been played meanwhile, or with silence as at
// first; what is heard first is faded in; there is room for a block, and queuedFrames holds; go on as usual. ErrGone: the
// device is gone, or took no sound for two seconds; close it. ErrClosed: Close was called.
func (p *Playback) Wait() (queuedFrames int, at time.Time, err error) {
	if err := p.enter(); err != nil {
		return 0, time.Time{}, err
	}
	defer p.gate.leave()
	asks := p.batches && !p.running // what it takes
	if err := p.start(); err != nil {
		return 0, time.Time{}, err
	}
	begun, xruns := p.clock.now(), p.Xruns()
	for {
		if err := p.room(); err != nil {
			return 0, time.Time{}, err
		}
		queued, at, e := p.queued()
		if e == 0 && !p.inTail() {
			if asks && p.clock.means == 0 && p.Xruns() < xruns+mostStarts && p.clock.now()-begun < takenWithin {
				if err := p.write(nil); err != nil {
					return 0, time.Time{}, err
				}
				continue
			}
			return queued, at, p.takeXrun()
		}
		if e == 0 {
			e = p.playOut()
		}
		if err := p.mend(e); err != nil {
			return 0, time.Time{}, err
		}
	}
}

// queued returns how many frames were queued when the card moved last, and when that was. The order of the calls is
// such that the interrupt is seen: STATUS has the driver look at the card.
func (p *Playback) queued() (frames int, at time.Time, e unix.Errno) {
	m, interrupt, e := p.look()
	if e == 0 {
		e = p.see()
	}
	if e != 0 {
		return 0, time.Time{}, e
	}
	seen := p.clock.of(p.status.Tstamp)
	p.clock.own = max(p.clock.own, seen)
	if !interrupt {
		m = move{p.status.HwPtr, max(seen, p.clock.started)} // not moved since the start: stamped before it
	}
	p.clock.last = m
	beyond := p.clock.smooth(int(p.status.Delay)-int(p.status.ApplPtr-p.status.HwPtr), p.rate/p.period)
	return max(0, int(p.status.ApplPtr)-p.tail-int(m.hw)+beyond), p.clock.time(m.at), 0
}

// see looks at the card, for p.status.
func (p *Playback) see() unix.Errno {
	e := p.state()
	if e == 0 && int(p.status.Avail) >= p.ring {
		return unix.EPIPE // that look found it dry
	}
	p.clock.sure = p.clock.now() + p.takes(p.ahead()-p.tail-p.period)
	return e
}

// Write queues one block of PeriodFrames frames, interleaved, full scale 1.0; it does not keep it, and allocates
// nothing. After a Wait it does not block, but for the tail of a mix that is late; each needs one, lest more be queued than
// BufferFrames. An underrun it meets is mended, and told by the next Wait. The other errors are those of Wait.
func (p *Playback) Write(block []float32) error {
	if len(block) != p.period*p.want {
		return fmt.Errorf("%s: block of %d samples, want %d frames of %d channels", p.name, len(block), p.period, p.want)
	}
	if err := p.enter(); err != nil {
		return err
	}
	defer p.gate.leave()
	if err := p.start(); err != nil {
		return err
	}
	return p.write(block)
}

// write queues one block; nil is one of silence.
func (p *Playback) write(block []float32) error {
	frame := len(p.raw) / p.ring
	p.next(block)
	for done, ready, xruns := 0, p.tail == 0, p.Xruns(); done < p.period+p.tail; {
		n, e := 0, unix.Errno(0)
		if ready {
			n, e = p.transfer(reqWriteI, p.raw[done*frame:], p.period+p.tail-done)
		} else {
			e = p.takeTail()
			ready = true
		}
		done += n
		var err error
		switch e {
		case 0:
		case unix.EAGAIN:
			err = p.room()
		default:
			err = p.mend(e)
		}
		if err != nil {
			return err
		}
		if now := p.Xruns(); now != xruns {
			done, ready, xruns = 0, p.tail == 0, now // the buffer was emptied: the whole block goes in, lest the latency shrink
			p.next(block)
		}
	}
	p.keep()
	return nil
}

// room blocks until a period has room. A card that stops again and again, before it has any, is gone: to start it for
// ever would be to spin.
func (p *Playback) room() error {
	for range mostStarts {
		xruns := p.Xruns()
		ready, err := p.wait(unix.POLLOUT, deadAfter)
		if err == nil && !ready {
			err = p.gone(unix.ETIMEDOUT)
		}
		if err != nil || p.Xruns() == xruns {
			return err
		}
	}
	return p.gone(unix.EPIPE)
}

// Drain plays out what is queued and stops the device; the next Wait starts it again. It takes as long as the queue,
// and two seconds more at most: then the rest is dropped, and the error is ErrGone.
func (p *Playback) Drain() error {
	if err := p.enter(); err != nil {
		return err
	}
	defer p.gate.leave()
	if !p.running {
		return nil
	}
	p.running = false
	// The descriptor is non-blocking: EAGAIN says that draining has begun.
	if e := p.command(reqDrain); e == unix.EPIPE {
		return nil // it had run dry, which is where draining ends
	} else if e != 0 && e != unix.EAGAIN {
		return p.gone(e)
	}
	length := time.Duration(p.buffer) * time.Second / time.Duration(p.rate)
	_, woken := p.node.poll(unix.POLLOUT, length+deadAfter)
	if woken {
		return p.errClosed
	}
	e := p.state()
	if p.status.State == state.Draining {
		p.command(reqDrop)
		return p.gone(unix.ETIMEDOUT)
	}
	if e != 0 && e != unix.EPIPE {
		return p.gone(e)
	}
	return nil
}

// Drop stops the device at once and drops what is queued; the next Wait starts it again.
func (p *Playback) Drop() error {
	if err := p.enter(); err != nil {
		return err
	}
	defer p.gate.leave()
	p.running = false
	if e := p.command(reqDrop); e != 0 {
		return p.gone(e)
	}
	return nil
}
