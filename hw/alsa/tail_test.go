package alsa

import (
	"encoding/binary"
	"errors"
	"math"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/yobert/alsa/alsatype"
	"github.com/yobert/alsa/pcm/state"
	"golang.org/x/sys/unix"
)

func (f *fakePCM) rewind(frames *alsatype.Uframes) unix.Errno {
	if e := f.accessible(); e != 0 {
		return e
	}
	f.tell()
	n := max(0, min(int(*frames), f.appl-f.hw))
	if f.forward {
		n = 0
	}
	f.appl -= n
	f.sound = f.sound[:len(f.sound)-n*f.frame]
	*frames = alsatype.Uframes(n)
	return 0
}

// stays has a sound go on as it is.
func stays(next, past []float32, channels int) {
	for i := range next {
		next[i] = past[len(past)-channels+i%channels]
	}
}

// ringing is small, and rings out.
var ringing = func() Config { c := small; c.Follow = stays; return c }()

const (
	loud  = 10000 // of 32767
	rings = 96    // frames
)

// play writes blocks of one value.
func play(t *testing.T, p *Playback, blocks int) {
	t.Helper()
	block := slices.Repeat([]float32{loud / 32768.0}, 200)
	for range blocks {
		if _, _, err := p.Wait(); err != nil {
			t.Fatal(err)
		}
		if err := p.Write(block); err != nil {
			t.Fatal(err)
		}
	}
}

// values0 is channel 0 of all that the device was given.
func (f *fakePCM) values0() (values []int) {
	for i := 0; i < len(f.sound); i += f.frame {
		values = append(values, int(int16(binary.LittleEndian.Uint16(f.sound[i:]))))
	}
	return values
}

// Each block takes the place of the tail before it, and has one behind it.
func TestTailIsReplaced(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, _, p, dev := openPair(t, ringing)
		play(t, p, 10)
		got := dev.values0()
		if len(got) != 200+1000+rings {
			t.Fatalf("%d frames, want 200 of silence, 1000 of sound and %d of a tail", len(got), rings)
		}
		for i, v := range got {
			want := loud
			switch {
			case i < 200:
				want = 0
			case i >= 1200:
				want = loud * (1199 + rings - i) / rings
			}
			if v < want-1 || v > want+1 {
				t.Fatalf("frame %d is %d, want %d", i, v, want)
			}
		}
		if queued := dev.appl - dev.hw - rings; queued != p.BufferFrames() || queued != 300 {
			t.Errorf("%d frames are queued", queued)
		}
	})
}

// A card whose program is late plays the tail to its end and stops there, and is then mended as any that has run dry: one
// xrun is told, there is as much in the buffer as ever, and no edge is hard.
func TestRingsOut(t *testing.T) {
	for _, ring := range [][]int{span(64, 8192), {300, 400}, {300, 1000, 8100}} { // what the driver can do
		for _, x := range []struct {
			late    int // frames after the last block that came in time is over
			inWrite bool
		}{{late: -2}, {late: 0}, {late: 1}, {late: 60}, {late: 95}, {late: 96}, {late: 3000}, {0, true}, {1, true}, {60, true}, {95, true}} {
			synctest.Test(t, func(t *testing.T) {
				_, _, p, dev := openWith(t, ringing, ring)
				// What lies behind the tail is silent, and is played until the kernel notices.
				if sw := dev.sw; int(sw.StopThreshold) != dev.size || sw.SilenceThreshold != 0 || sw.SilenceSize != math.MaxInt64 {
					t.Errorf("%d frames: %+v", dev.size, sw)
				}
				play(t, p, 10)
				again := func() { // late
					block := slices.Repeat([]float32{loud / 32768.0}, 200)
					lasts := 300
					if x.inWrite {
						if _, _, err := p.Wait(); err != nil {
							t.Error(err)
						}
						lasts = 200
					}
					time.Sleep(time.Duration(lasts+x.late) * time.Second / 48000)
					dev.pass(lasts + x.late)
					if x.inWrite {
						if err := p.Write(block); err != nil {
							t.Error(err)
						}
					}
					if queued, _, err := p.Wait(); !errors.Is(err, ErrXrun) || queued != 200 {
						t.Errorf("%+v: %d frames queued: %v", x, queued, err)
					}
					if err := p.Write(block); err != nil {
						t.Error(err)
					}
				}
				again()
				again()
				play(t, p, 5)
				if queued := dev.appl - dev.hw - rings; queued != 300 || p.Xruns() != 2 || dev.state != running {
					t.Errorf("%+v: %d frames are queued, %d xruns, %v", x, queued, p.Xruns(), dev.state)
				}
				got := dev.values0()
				silent, steepest := 0, 0
				for i := 201; i < len(got); i++ {
					steepest = max(steepest, got[i]-got[i-1], got[i-1]-got[i])
					if got[i] == 0 && i < len(got)-1 {
						silent++
					}
				}
				if want := 2 * (200 + 1); silent != want || steepest > loud/rings+1 {
					t.Errorf("%+v: silent for %d frames, want %d; a step of %d", x, silent, want, steepest)
				}
			})
		}
	}
}

// A card that is stopped by its driver in the tail, or after it was begun again, is mended as ever.
func TestStoppedInTail(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, _, p, dev := openPair(t, ringing)
		play(t, p, 10)
		dev.pass(350)
		dev.state = state.Xrun
		if queued, _, err := p.Wait(); !errors.Is(err, ErrXrun) || queued != 200 {
			t.Errorf("%d frames queued: %v", queued, err)
		}
		p.Write(make([]float32, 200))
		dev.state = state.Xrun // at once
		if queued, _, err := p.Wait(); !errors.Is(err, ErrXrun) || queued != 200 || dev.appl-dev.hw != 200+rings {
			t.Errorf("%d frames queued, %d in the buffer: %v", queued, dev.appl-dev.hw, err)
		}
	})
}

// A card that stands still in the tail is gone.
func TestStuckInTail(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, _, p, dev := openPair(t, ringing)
		play(t, p, 10)
		dev.pass(350)
		dev.stuck = true
		begin := time.Now()
		if _, _, err := p.Wait(); !errors.Is(err, ErrGone) || !errors.Is(err, unix.ETIMEDOUT) {
			t.Errorf("after %v: %v", time.Since(begin), err)
		}
		if took := time.Since(begin); took < deadAfter || took > deadAfter+10*time.Millisecond {
			t.Errorf("it took %v", took)
		}
	})
}

// A card of which nothing can be taken back has no tail, and the latency that it would have with one.
func TestNoTail(t *testing.T) {
	for _, x := range []struct {
		info    uint32
		forward bool
		silence int // frames more at the start
	}{{info: 0x10, silence: 100}, {info: 0x20}, {info: 0x20000000}, {forward: true}} {
		c, err := ringing.withDefaults(false)
		if err != nil {
			t.Fatal(err)
		}
		dev := newFakePCM(false)
		dev.info, dev.forward = x.info, x.forward
		s, err := setUp(dev, c, false)
		if err != nil {
			t.Fatal(err)
		}
		dev.clock = s.clock.epoch
		dev.sound = nil
		p := newPlayback(s, c.Follow)
		play(t, p, 10)
		if got := dev.values0(); len(got) != 1200+x.silence || got[len(got)-1] != loud || dev.appl-dev.hw != 300 || p.Xruns() != 0 {
			t.Errorf("%+v: %d frames, the last is %d; %d are queued, %d xruns", x, len(got), got[len(got)-1], dev.appl-dev.hw, p.Xruns())
		}
	}
}

// A device that turns out to take nothing back while it plays goes on without a tail.
func TestTailStays(t *testing.T) {
	_, _, p, dev := openPair(t, ringing)
	play(t, p, 3)
	dev.forward = true
	p.Wait()
	if err := p.Write(make([]float32, 200)); err != nil {
		t.Errorf("write: %v", err)
	}
	if queued, _, err := p.Wait(); queued != 200 || !errors.Is(err, ErrXrun) {
		t.Errorf("%d frames queued: %v", queued, err)
	}
	p.Write(make([]float32, 200))
	play(t, p, 3)
	if queued := dev.appl - dev.hw; queued != 300 || p.Xruns() != 1 {
		t.Errorf("%d frames are queued, %d xruns", queued, p.Xruns())
	}
}

// To ring out allocates nothing.
func TestTailAllocatesNothing(t *testing.T) {
	_, _, p, dev := openPair(t, ringing)
	dev.sound = make([]byte, 0, 1<<24)
	block := make([]float32, 200)
	n := testing.AllocsPerRun(1000, func() {
		p.Wait()
		dev.pass(120)
		p.Write(block)
	})
	t.Logf("%v allocations a block, %d xruns", n, p.Xruns())
	if n != 0 || p.Xruns() < 100 {
		t.Fail()
	}
}
