package alsa

import (
	"cmp"
	"time"
	"unsafe"

	"github.com/yobert/alsa/alsatype"
	"golang.org/x/sys/unix"
)

// A card whose program is late would stop in the middle of the sound. So behind the last block there is always a tail in
// its buffer, in which the sound rings out. It is taken back (REWIND), and the next block takes its place. A card that has
// come to it plays it to its end, where it stops, and is mended as ever. The latency is that of a buffer without a tail,
// which is not counted anywhere in here but in what the kernel calls the program's position, appl.
//
// Cards of which nothing can be taken back have none, USB among them: the sound of such a card, or of one that its driver
// stops, ends where it is.

const (
	// tailTime is what the tail takes. It is made anew for each block, which is why it is no longer.
	tailTime = 2 * time.Millisecond
	// followed is of how many frames Follow is told, for the same reason: as many as have it go on with two tones in value
	// and slope.
	followed = 24
)

// size sets buffer, ring and tail, and narrows p to that: a buffer of want frames, and if so wished and possible a tail.
func (s *setup) size(n node, p *hwParams, want int, tail bool) (e unix.Errno) {
	bare, with := *p, *p
	s.batches = p.info&inBatches != 0
	if s.buffer, e = near(n, &bare, paramBufferSize, want); e != 0 {
		return e
	}
	if tail && p.info&forwardOnly == 0 {
		s.tail = min(s.period, int(tailTime*time.Duration(s.rate)/time.Second))
		least := s.buffer + s.tail
		with.within(paramBufferSize, Range{least, max(least, with.limits(paramBufferSize).Max)})
		if refine(n, &with) == 0 {
			if s.ring, e = near(n, &with, paramBufferSize, least); e == 0 {
				*p = with
				return 0
			}
		}
	}
	*p, s.ring, s.tail = bare, s.buffer, 0
	return 0
}

// tryRewind finds out whether the device, which is prepared and left so, can take a tail back. If not, there is none, but
// the buffer is as long as it would be with one.
func (s *setup) tryRewind(n node) unix.Errno {
	silence := make([]byte, s.tail*s.channels*s.format.Bytes())
	x := xferI{buf: unsafe.Pointer(unsafe.SliceData(silence)), frames: alsatype.Uframes(s.tail)}
	if e := n.ioctl(reqWriteI, unsafe.Pointer(&x)); e != 0 {
		return e
	}
	back := alsatype.Uframes(s.tail)
	if e := n.ioctl(reqRewind, unsafe.Pointer(&back)); e != 0 || int(back) != s.tail {
		s.tail = 0
		if e := setSoftware(n, *s); e != 0 {
			return e
		}
	}
	return n.ioctl(reqPrepare, nil)
}

// ringOut makes the tail of what is before frame end of kept.
func (p *Playback) ringOut(end int) {
	if p.tail == 0 {
		return
	}
	tail := p.kept[end*p.want : (end+p.tail)*p.want]
	p.follow(tail, p.kept[max(0, end-followed)*p.want:end*p.want], p.want)
	for i := range p.tail {
		for c := range p.want {
			tail[i*p.want+c] *= float32(p.tail-1-i) / float32(p.tail)
		}
	}
}

// ahead is how many frames the card had to play when it was seen last, with the tail.
func (p *Playback) ahead() int { return int(p.status.ApplPtr) - int(p.status.HwPtr) }

// takes is how long so many frames take.
func (p *Playback) takes(frames int) time.Duration {
	return time.Duration(frames) * time.Second / time.Duration(p.rate)
}

// inTail says whether the card, as it was seen last, has come to the tail, or will have in the time of a system call.
func (p *Playback) inTail() bool { return p.tail > 0 && p.ahead() <= p.tail+p.rate/20000 }

// takeTail takes the tail back, so that the next block can be sent instead. EPIPE: the card had come to it, and has stopped
// behind it.
func (p *Playback) takeTail() unix.Errno {
	if p.clock.now() > p.clock.sure {
		e := p.see()
		if e == 0 && p.inTail() {
			e = p.playOut()
		}
		if e != 0 {
			return e
		}
	}
	p.back = alsatype.Uframes(p.tail)
	e := p.node.ioctl(reqRewind, unsafe.Pointer(&p.back))
	p.clock.own = p.clock.now()
	if e != 0 || int(p.back) == p.tail {
		return e
	}
	if e = p.see(); e != 0 {
		return e // it came to it just then
	}
	// It takes nothing back any more, and has to do without. The tail is in the way.
	p.tail = 0
	p.command(reqDrop)
	return cmp.Or(setSoftware(p.node, p.setup), unix.EPIPE)
}

// playOut waits until the card, which has come to the tail, has played it and stops, which is EPIPE.
func (p *Playback) playOut() unix.Errno {
	for begin := p.clock.now(); p.clock.now()-begin < deadAfter; {
		revents, woken := p.node.poll(0, p.takes(p.ahead()+1))
		if woken {
			return unix.EAGAIN
		}
		if e := p.see(); e != 0 || revents != 0 {
			return cmp.Or(e, unix.ENODEV) // it only looks healthy
		}
	}
	return unix.ETIMEDOUT
}

// send sends the newest frames of kept, so many, and the tail.
func (p *Playback) send(frames int) unix.Errno {
	all := p.kept[:(p.buffer+p.tail)*p.want]
	frames += p.tail
	p.encode(all[len(all)-frames*p.want:])
	n, e := p.transfer(reqWriteI, p.raw, frames)
	if e == 0 && n < frames {
		return unix.EIO // never: there is room
	}
	return e
}
