package alsa

import (
	"encoding/binary"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/yobert/alsa/pcm/state"
)

// A card that stops is given once more what it has not played, less what it would have played meanwhile and a
// millisecond, faded in; one that has run dry is given silence, and then what comes next, faded in.
func TestRefill(t *testing.T) {
	frames := func(n int) time.Duration { return time.Duration(n) * time.Second / 48000 }
	for _, x := range []struct {
		about   string
		played  int // frames after the last write, when it stops
		dry     bool
		late    int // frames until that is seen
		again   int // frames that are given to it once more
		silence int // and before them
		inWrite bool
	}{
		{about: "stopped at once", played: 0, late: 0, again: 300},
		{about: "stopped in the middle", played: 96, late: 0, again: 300 - 96 + 48, silence: 96 - 48},
		{about: "seen late", played: 96, late: 24, again: 300 - 96 - 24 + 48, silence: 96 + 24 - 48},
		{about: "seen very late", played: 96, late: 120, again: 300 - 96 - 120 + 48, silence: 68},
		{about: "seen too late", played: 96, late: 300, silence: 200},
		{about: "dry", played: 300, dry: true, silence: 200},
		{about: "dry for long", played: 3000, dry: true, late: 30000, silence: 200},
		{about: "met by a write", played: 120, inWrite: true, again: 300 - 120 + 48, silence: 120 - 48},
	} {
		synctest.Test(t, func(t *testing.T) {
			_, _, p, dev := openPair(t, small)
			block := make([]float32, 200)
			write := func(number int) {
				for i := range block {
					block[i] = float32(number*100+i/2+1) / 32768
				}
				if err := p.Write(block); err != nil {
					t.Fatal(err)
				}
			}
			for number := range 4 {
				if _, _, err := p.Wait(); err != nil {
					t.Fatal(err)
				}
				write(number)
			}
			sent := 400
			time.Sleep(frames(x.played))
			if dev.pass(x.played); !x.dry {
				dev.state = state.Xrun
			}
			time.Sleep(frames(x.late))
			dev.sound = nil
			if x.inWrite {
				write(4)
			}
			_, _, err := p.Wait()
			if !errors.Is(err, ErrXrun) || p.Xruns() != 1 {
				t.Errorf("%s: wait: %v", x.about, err)
			}
			if !x.inWrite {
				write(4)
			}
			got := dev.sound
			at := func(frame int) int { return int(int16(binary.LittleEndian.Uint16(got[frame*dev.frame:]))) }
			if n := len(got) / dev.frame; n != x.silence+x.again+100 {
				t.Fatalf("%s: %d frames, want %d of silence, %d again and a block", x.about, n, x.silence, x.again)
			}
			for i := range x.silence + x.again + 100 {
				k := i - x.silence // frames since the first sound
				want := 0.0
				if k >= 0 {
					want = float64(sent-x.again+k+1) * min(1, float64(k+1)/240)
				}
				if d := float64(at(i)) - want; d > 1 || d < -1 {
					t.Fatalf("%s: frame %d is %d, want %.1f", x.about, i, at(i), want)
				}
			}
		})
	}
}

// A card that stops whenever it is started is given up.
func TestStopsForEver(t *testing.T) {
	_, _, p, dev := openPair(t, small)
	p.Wait()
	p.Write(make([]float32, 200))
	dev.stops = true
	if _, _, err := p.Wait(); !errors.Is(err, ErrGone) {
		t.Errorf("wait: %v", err)
	}
	if n := p.Xruns(); n > 20 {
		t.Errorf("started %d times", n)
	}
}

// So is a capture of which no frame comes between, and one that gives some now and then is not.
func TestCaptureStopsForEver(t *testing.T) {
	c, dev, _, _ := openPair(t, small)
	dst := make([]float32, 200)
	for range 100 {
		c.Read(dst)
		dev.pass(100)
		if n, err := c.Read(dst); n == 0 || err != nil {
			t.Fatalf("%d frames, %v", n, err)
		}
		dev.state = state.Xrun
		if _, err := c.Read(dst); !errors.Is(err, ErrXrun) {
			t.Fatalf("read: %v", err)
		}
	}
	before := c.Xruns()
	var err error
	for range 100 {
		dev.state = state.Xrun
		if _, err = c.Read(dst); errors.Is(err, ErrGone) {
			break
		}
	}
	if n := c.Xruns() - before; n > mostStarts+1 || !errors.Is(err, ErrGone) {
		t.Errorf("started %d times: %v", n, err)
	}
	t.Log(err)
}
