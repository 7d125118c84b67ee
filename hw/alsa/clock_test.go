package alsa

import (
	"cmp"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/yobert/alsa/alsatype"
	"github.com/yobert/alsa/pcm/state"
)

// tell lets the kernel know of the hardware's position: what an interrupt does, and each call that looks.
func (f *fakePCM) tell() {
	if f.told != f.hw {
		f.told, f.toldAt = f.hw, f.clock.now()
	}
}

func (f *fakePCM) stamp() alsatype.Timespec {
	ns := f.clock.mono + f.toldAt
	return alsatype.Timespec{Sec: int(ns / time.Second), Nsec: int(ns % time.Second)}
}

// The kernel's clock, converted, is time.Now.
func TestEpoch(t *testing.T) {
	e := newEpoch()
	before := time.Now()
	ns := monotonic()
	after := time.Now()
	const apart = 20 * time.Microsecond // of the two clocks in newEpoch, at worst
	got := e.time(e.of(alsatype.Timespec{Sec: int(ns / time.Second), Nsec: int(ns % time.Second)}))
	if got.Before(before.Add(-apart)) || got.After(after.Add(apart)) {
		t.Errorf("%v before and %v after what lies around it", before.Sub(got), got.Sub(after))
	}
}

// Of what the kernel knows, only what it knows by interrupts is told, in relation to what was read.
func TestAhead(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, dev, _, _ := openPair(t, small)
		dst := make([]float32, 2*c.BufferFrames())
		check := func(about string, frames int, at time.Time) {
			t.Helper()
			if gotFrames, gotAt := c.Ahead(); gotFrames != frames || !gotAt.Equal(at) {
				t.Errorf("%s: %d ahead at %v, want %d at %v", about, gotFrames, gotAt, frames, at)
			}
		}
		read := func(want int, wantErr error) {
			t.Helper()
			time.Sleep(time.Millisecond)
			if n, err := c.Read(dst); n != want || !errors.Is(err, wantErr) {
				t.Fatalf("read: %d, %v; want %d, %v", n, err, want, wantErr)
			}
		}
		interrupt := func(frames int) time.Time {
			time.Sleep(time.Millisecond)
			dev.pass(frames)
			dev.tell()
			return time.Now()
		}
		never := time.Time{}
		for _, about := range []string{"first start", "after an overrun"} {
			check(about+": not started", 0, never)
			read(0, nil)
			check(about+": no interrupt yet", 0, never)
			dev.pass(5)
			read(5, nil)
			check(about+": known by reading only", 0, never)
			first := interrupt(100)
			time.Sleep(time.Millisecond)
			dev.pass(20)
			check(about+": an interrupt", 100, first)
			read(120, nil)
			check(about+": no news", -20, first)
			dev.pass(30)
			read(30, nil)
			check(about+": news by reading only", -50, first)
			second := interrupt(50)
			check(about+": the next interrupt", 50, second)
			time.Sleep(time.Millisecond)
			dev.pass(c.BufferFrames())
			check(about+": a stop is no interrupt", 50, second)
			read(0, ErrXrun)
		}
		read(0, nil)
		check("last run", 50, interrupt(50))
		dev.asleep, dev.state = true, state.Suspended
		read(0, ErrXrun)
		check("after sleep", 0, never)
		check("after sleep: an interrupt", 70, interrupt(20))
		dev.state = state.Disconnected
		check("gone", 0, never)
		read(0, ErrGone)
		check("known as gone", 0, never)
		c.Close()
		check("closed", 0, never)
	})
}

// What was queued is told for the time of the interrupt, whatever has happened since.
func TestWaitTellsWhen(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, _, p, dev := openPair(t, small)
		block := make([]float32, 200)
		dev.lag = 3 * time.Microsecond
		wait := func(about string, queued int, at time.Time, want error) {
			t.Helper()
			if n, when, err := p.Wait(); n != queued || !when.Equal(at) || !errors.Is(err, want) {
				t.Errorf("%s: %d queued at %v, %v; want %d at %v, %v", about, n, when, err, queued, at, want)
			}
		}
		wait("at the start", 200, time.Now(), nil)
		p.Write(block)
		for range 3 {
			time.Sleep(time.Millisecond)
			dev.late = map[uintptr]int{reqStatus: 7}
			wait("woken", 200, time.Now(), nil)
			p.Write(block)
		}
		time.Sleep(time.Millisecond)
		wait("woken", 200, time.Now(), nil)
		dev.pass(30)
		time.Sleep(time.Millisecond)
		wait("again, without an interrupt", 170, time.Now().Add(dev.lag), nil)
		seen := time.Now()
		time.Sleep(time.Millisecond)
		wait("again, without a move", 170, seen, nil)
		p.Write(block)
		dev.pass(300)
		time.Sleep(time.Millisecond)
		wait("after an underrun", 200, time.Now().Add(dev.lag), ErrXrun) // it was asked what the matter was
	})
}

// What the hardware holds beyond the buffer counts; what is said of it wavers, and is smoothed.
func TestWaitCountsTheHardware(t *testing.T) {
	_, _, p, dev := openPair(t, small)
	block := make([]float32, 200)
	run := func(blocks int, beyond func(i int) int) (least, most int) {
		for i := range blocks {
			dev.beyond = beyond(i)
			queued, _, err := p.Wait()
			if err != nil {
				t.Fatal(err)
			}
			if p.Write(block); i >= blocks*7/8 {
				least, most = min(queued, cmp.Or(least, queued)), max(most, queued)
			}
			dev.sound = dev.sound[:0]
		}
		return least, most
	}
	for _, c := range []struct {
		about       string
		beyond      func(i int) int
		least, most int
	}{
		{"none", func(int) int { return 0 }, 200, 200},
		{"constant", func(int) int { return 44 }, 244, 244},
		{"wavering", func(i int) int { return 48 * (i % 2) }, 223, 225},
	} {
		least, most := run(8*480, c.beyond) // eight seconds
		t.Logf("%s: %d to %d queued", c.about, least, most)
		if least != c.least && c.least == c.most || least < c.least || most > c.most {
			t.Errorf("%s: %d to %d queued, want %d to %d", c.about, least, most, c.least, c.most)
		}
	}
}
