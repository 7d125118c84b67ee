package alsa

import (
	"errors"
	"testing"
	"testing/synctest"
	"time"
)

// inBatchesOn opens a fake card, behind n, for playback, which takes frames in batches, and so many as it starts.
func inBatchesOn(t *testing.T, n node, dev *fakePCM, takes int) *Playback {
	t.Helper()
	dev.info, dev.takes = inBatches, takes
	c, err := small.withDefaults(false)
	if err != nil {
		t.Fatal(err)
	}
	s, err := setUp(n, c, false)
	if err != nil {
		t.Fatal(err)
	}
	dev.clock = s.clock.epoch
	return newPlayback(s, nil)
}

// What a USB card takes as it starts is told step by step. It counts from the first word, and after an underrun.
func TestWaitKnowsWhatTheCardTakes(t *testing.T) {
	for _, takes := range []int{0, 100, 250, 700} {
		dev := newFakePCM(false)
		p := inBatchesOn(t, dev, dev, takes)
		block := make([]float32, 200)
		for i := range 40 {
			var want error
			if i == 20 {
				dev.late, want = map[uintptr]int{0: 400}, ErrXrun
			}
			if queued, _, err := p.Wait(); queued != 200+takes || !errors.Is(err, want) {
				t.Fatalf("a card that takes %d frames, block %d: %d queued, %v", takes, i, queued, err)
			}
			if i == 0 {
				t.Logf("a card that takes %d frames plays %d frames of silence", takes, len(dev.sound)/4)
			}
			if err := p.Write(block); err != nil {
				t.Fatal(err)
			}
		}
	}
}

// polled is a card to which something happens when it is polled, which takes as long as a block.
type polled struct {
	*fakePCM
	polls int
	at    func(dev *fakePCM, poll int)
}

func (d *polled) poll(events int16, timeout time.Duration) (int16, bool) {
	if d.polls++; d.polls > 200 {
		panic("a Wait does not end")
	}
	d.at(d.fakePCM, d.polls)
	time.Sleep(blockTime)
	return d.fakePCM.poll(events, timeout)
}

const blockTime = 100 * time.Second / 48000 // of small

func polledCard(t *testing.T, takes int, at func(dev *fakePCM, poll int)) (*Playback, *polled) {
	dev := &polled{fakePCM: newFakePCM(false), at: at}
	return inBatchesOn(t, dev, dev.fakePCM, takes), dev
}

func dry(dev *fakePCM) { dev.late = map[uintptr]int{0: 400} }

// gaps plays ten blocks after the first Wait and returns how many frames came between them.
func (d *polled) gaps(t *testing.T, p *Playback) int {
	t.Helper()
	before := len(d.sound) / d.frame
	p.Write(make([]float32, 200))
	play(t, p, 9)
	return len(d.sound)/d.frame - before - 1000
}

// A USB card that runs dry in its first Wait is asked again what it takes, in that Wait: in a later one it would be given
// silence between two blocks.
func TestFirstWaitRunsDry(t *testing.T) {
	for _, takes := range []int{0, 100, 250, 700} {
		polls := 2 + (takes+99)/100 // of the first Wait, were all well
		for at := 1; at <= polls; at++ {
			synctest.Test(t, func(t *testing.T) {
				p, dev := polledCard(t, takes, func(dev *fakePCM, poll int) {
					if poll == at {
						dry(dev)
					}
				})
				queued, _, err := p.Wait()
				gaps := dev.gaps(t, p)
				if queued != 200+takes || !errors.Is(err, ErrXrun) || p.Xruns() != 1 || gaps != 0 {
					t.Errorf("a card that takes %d frames, dry at poll %d of %d: %d queued, %v, %d xruns; then %d frames of silence between blocks",
						takes, at, polls, queued, err, p.Xruns(), gaps)
				}
			})
		}
	}
}

// Nor is a card asked that was started by a Write, while there is sound in it. One that has played all, or dropped it, may be.
func TestWriteComesFirst(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p, dev := polledCard(t, 700, func(*fakePCM, int) {})
		p.Write(make([]float32, 200))
		if gaps := dev.gaps(t, p); gaps != 0 {
			t.Errorf("%d frames of silence between blocks", gaps)
		}
		p.Drop()
		if queued, _, err := p.Wait(); queued != 900 || err != nil {
			t.Errorf("after a drop: %d queued, %v", queued, err)
		}
		if gaps := dev.gaps(t, p); gaps != 0 {
			t.Errorf("after a drop: %d frames of silence between blocks", gaps)
		}
	})
}

// What such a card takes may never be known, and the first Wait does not wait for that.
func TestWaitEndsWhateverTheCardTakes(t *testing.T) {
	for _, x := range []struct {
		about string
		at    func(dev *fakePCM, poll int)
		want  error
		xruns uint64
		most  time.Duration
	}{
		{"stops soon after each start", func(dev *fakePCM, poll int) {
			if poll%3 == 0 {
				dry(dev)
			}
		}, ErrXrun, mostStarts, takenWithin + blockTime},
		{"stops now and then", func(dev *fakePCM, poll int) {
			if poll%10 == 0 {
				dry(dev)
			}
		}, ErrXrun, 4, takenWithin + blockTime},
		{"takes more for ever", func(*fakePCM, int) {}, nil, 0, takenWithin + blockTime},
		{"is pulled", func(dev *fakePCM, poll int) {
			if poll == 4 {
				dev.state = disconnected
			}
		}, ErrGone, 0, 4 * blockTime},
	} {
		synctest.Test(t, func(t *testing.T) {
			p, dev := polledCard(t, 1e6, x.at)
			begin := time.Now()
			_, _, err := p.Wait()
			took := time.Since(begin)
			t.Logf("a card that %s: %v after %d xruns and %v", x.about, err, p.Xruns(), took)
			if !errors.Is(err, x.want) || p.Xruns() != x.xruns || took > x.most {
				t.Errorf("want %v after %d xruns and %v at most", x.want, x.xruns, x.most)
			}
			if x.want == ErrGone {
				return
			}
			dev.at = func(*fakePCM, int) {} // it goes well from now on
			if gaps := dev.gaps(t, p); gaps != 0 {
				t.Errorf("a card that %s: %d frames of silence between blocks", x.about, gaps)
			}
		})
	}
}
