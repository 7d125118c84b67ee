package alsa

import (
	"time"

	"golang.org/x/sys/unix"
)

// When a card has stopped, what it was given and has not played is still known here: it is given to it once more, less
// what would have been played meanwhile, and faded in. Before it comes as much silence as makes the buffer full, or, if
// little or nothing is left, as after an underrun, full but for one period, as at the first start: a card tells by whole
// periods that it has moved, so only then is the program woken with as much in the buffer as ever. What is lost of the
// sound is the silence, less than a period, and the time until the stop was seen; after an underrun, all until the next
// block, which is then faded in. Where a card was stopped there is no fade, and nothing could make one: nobody knew it
// beforehand. One that runs dry has a tail: see tail.go.

// fadeTime is the length of the fade.
const fadeTime = 5 * time.Millisecond

// startSlack is how long before START a card may count its first frame to be played, as it moves by ticks (of a jiffy,
// of a USB frame): by so much more it is given, so that the program is never asked for sound too early.
const startSlack = time.Millisecond

// left returns how many of the frames that were sent would not have been played by now, had the card not stopped; but
// none of those that it has played, as far as the kernel knows.
func (s *stream) left() int {
	stopped, _, e := s.look()
	if e != 0 {
		return 0
	}
	last := s.clock.last
	if last.at == 0 {
		last.at = s.clock.started
	}
	since := s.clock.now() - last.at - startSlack
	left := s.sent - int(last.hw) - int(since*time.Duration(s.rate)/time.Second)
	return max(0, min(left, s.sent-int(stopped.hw), s.buffer))
}

// refill fills the empty buffer: with the frames that are left of those that were sent, and silence before them.
func (p *Playback) refill(left int) unix.Errno {
	kept := p.kept[:p.buffer*p.want]
	begin := len(kept) - left*p.want
	clear(kept[:begin])
	if p.running {
		p.faded = 0
		p.fade(kept[begin:])
	}
	if p.sent = p.buffer - p.period; left > p.sent {
		p.sent = p.buffer
	}
	p.ringOut(p.buffer)
	return p.send(p.sent)
}

// fade fades frames in, if they are among the first after an xrun.
func (p *Playback) fade(frames []float32) {
	for length := p.fadeFrames(); p.faded < length && len(frames) > 0; frames = frames[p.want:] {
		p.faded++
		for c := range frames[:p.want] {
			frames[c] *= float32(p.faded) / float32(length)
		}
	}
}

func (p *Playback) fadeFrames() int { return int(fadeTime * time.Duration(p.rate) / time.Second) }

// next makes block the next to be sent, and a tail behind it; nil is one of silence.
func (p *Playback) next(block []float32) {
	next := p.kept[p.buffer*p.want:]
	clear(next[copy(next, block):])
	p.fade(next[:len(block)])
	p.ringOut(p.buffer + p.period)
	p.encode(next)
}

// keep says that it was sent.
func (p *Playback) keep() {
	copy(p.kept, p.kept[p.period*p.want:])
	p.sent += p.period
}

// encode makes raw of frames.
func (p *Playback) encode(frames []float32) {
	n := len(frames) / p.want
	from, to := len(p.tight)/p.ring, len(p.raw)/p.ring
	p.format.Encode(p.tight[:n*from], frames)
	if p.want == p.channels {
		return // tight is raw
	}
	for i := range n {
		copy(p.raw[i*to:], p.tight[i*from:(i+1)*from])
	}
}
