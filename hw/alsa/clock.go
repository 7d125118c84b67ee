package alsa

import (
	"math"
	"time"
	"unsafe"

	"github.com/yobert/alsa/alsatype"
	"github.com/yobert/alsa/pcm/state"
	"golang.org/x/sys/unix"
)

// The kernel stamps a card's position with the time whenever it learns that the card has moved: in the interrupt at the
// end of a period, which is the moment of the move, and in each transfer and STATUS, at any time after it (how long after
// depends on the card: up to a millisecond with USB). Only the former says how fast the card runs. Both are kept in the
// same place, so that a timestamp is an interrupt's if it is later than the last call that could have made one.
// See snd_pcm_update_hw_ptr0 and update_audio_tstamp in sound/core/pcm_lib.c.

// epoch ties the kernel's timestamps to time.Time. Both count CLOCK_MONOTONIC, from different zeros; in here time is a
// Duration since base.
type epoch struct {
	base time.Time
	mono time.Duration // CLOCK_MONOTONIC at base
}

// newEpoch compares the clocks a few times, and takes the time at which the thread was interrupted least meanwhile.
func newEpoch() epoch {
	var best epoch
	least := time.Duration(math.MaxInt64)
	for range 5 {
		before := monotonic()
		now := time.Now()
		after := monotonic()
		if after-before < least {
			least, best = after-before, epoch{now, before + (after-before)/2}
		}
	}
	return best
}

func monotonic() time.Duration {
	var ts unix.Timespec
	unix.ClockGettime(unix.CLOCK_MONOTONIC, &ts) // there is none without it
	return time.Duration(ts.Nano())
}

func (e epoch) now() time.Duration { return time.Since(e.base) }

func (e epoch) of(ts alsatype.Timespec) time.Duration {
	return time.Duration(ts.Sec)*time.Second + time.Duration(ts.Nsec) - e.mono
}

func (e epoch) time(d time.Duration) time.Time { return e.base.Add(d) }

// move is a position of the card's, and when it came there.
type move struct {
	hw alsatype.Uframes
	at time.Duration // of the stream's epoch; 0: unknown
}

// clock is what is known of a stream's clock.
type clock struct {
	epoch
	sync    syncPtr       // argument of the system call, in here so that no call allocates it
	started time.Duration // when the card was at 0
	own     time.Duration // timestamps up to this one may have been made by calls of this program
	last    move          // the last one told; that of a capture is known by an interrupt
	sure    time.Duration // until then a playback, which moves by a period at most at a time, has not come to its tail
	beyond  float64       // playback: frames that the hardware holds beyond the buffer; a mean
	means   int           // of how many; 0: not known yet
	taking  bool          // since the start it takes more and more there, ...
	took    int           // ... so much when it was asked last
}

// restarted forgets what was known: the positions begin at 0 again.
func (c *clock) restarted() {
	c.started = c.now()
	c.own, c.last, c.sure = c.started, move{}, 0
	c.taking, c.took = true, -1
}

// smooth returns the mean of what the hardware holds beyond the buffer, as its driver guesses it, over about the last
// blocks blocks. That of USB changes with each packet: to follow it at once would be to add noise to the clock. As it
// starts, such a card plays silence that nobody gave it, for as long as its packets are (up to MAX_QUEUE, 18 ms, in
// sound/usb/card.h of Linux 6.12), and takes as much from the buffer meanwhile, step by step, of which the driver tells
// only what it has taken. So until that is no more than the last time, it is what it was before the start.
func (c *clock) smooth(beyond, blocks int) int {
	if c.taking = c.taking && beyond > c.took; c.taking {
		c.took = beyond
		return int(math.Round(c.beyond))
	}
	c.means++
	c.beyond += (float64(beyond) - c.beyond) / float64(max(1, min(c.means, blocks)))
	return int(math.Round(c.beyond))
}

// look returns the last move the kernel knows of, and whether it was told by an interrupt. sync.appl is then the
// program's position.
func (s *stream) look() (m move, interrupt bool, e unix.Errno) {
	c := &s.clock
	c.sync.flags = syncOnlyTell
	if e := s.node.ioctl(reqSyncPtr, unsafe.Pointer(&c.sync)); e != 0 {
		return move{}, false, e
	}
	m = move{c.sync.hw, c.of(c.sync.tstamp)}
	// A stop is stamped too, without a look at the card.
	return m, m.at > c.own && c.sync.state == state.Running, 0
}
