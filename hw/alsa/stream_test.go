package alsa

import (
	"bytes"
	"errors"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/yobert/alsa/pcm/state"
	"golang.org/x/sys/unix"

	"submix/hw/pcm"
)

func openPair(t *testing.T, c Config) (*Capture, *fakePCM, *Playback, *fakePCM) {
	t.Helper()
	return openWith(t, c, span(64, 8192))
}

// openWith is openPair for a playback device that has no other buffers.
func openWith(t *testing.T, c Config, buffers []int) (*Capture, *fakePCM, *Playback, *fakePCM) {
	t.Helper()
	in, out := newFakePCM(true), newFakePCM(false)
	out.values[paramBufferSize] = buffers
	open := func(n *fakePCM) *stream {
		c, err := c.withDefaults(n.capture)
		if err != nil {
			t.Fatal(err)
		}
		s, err := setUp(n, c, n.capture)
		if err != nil {
			t.Fatal(err)
		}
		n.clock = s.clock.epoch
		return s
	}
	return newCapture(open(in), c.Patience), in, newPlayback(open(out), c.Follow), out
}

var small = Config{PeriodFrames: 100, Formats: []pcm.Format{pcm.S16LE}}

func TestCaptureRead(t *testing.T) {
	c, dev, _, _ := openPair(t, small)
	if dev.state != state.Prepared {
		t.Fatalf("open leaves the device %v", dev.state)
	}
	dst := make([]float32, 200)
	if n, err := c.Read(dst); n != 0 || err != nil || dev.state != state.Running {
		t.Fatalf("first read: %d, %v, device %v", n, err, dev.state)
	}
	dev.sound = []byte{0, 0x40, 0, 0xc0, 0, 0x20, 0, 0xe0}
	dev.pass(2)
	if n, err := c.Read(dst); n != 2 || err != nil || !slices.Equal(dst[:4], []float32{0.5, -0.5, 0.25, -0.25}) {
		t.Fatalf("read: %d, %v, %v", n, err, dst[:4])
	}
	dev.pass(250)
	for _, want := range []int{100, 100, 50, 0} {
		if n, err := c.Read(dst); n != want || err != nil {
			t.Fatalf("read: %d, %v, want %d", n, err, want)
		}
	}
	dev.pass(10)
	if n, err := c.Read(dst[:1]); n != 0 || err != nil {
		t.Fatalf("read of less than a frame: %d, %v", n, err)
	}
}

func TestCaptureOverrun(t *testing.T) {
	c, dev, _, _ := openPair(t, small)
	dst := make([]float32, 3*c.BufferFrames())
	for i := range 3 {
		c.Read(dst)
		dev.pass(c.BufferFrames())
		if n, err := c.Read(dst); n != 0 || !errors.Is(err, ErrXrun) || !errors.Is(err, unix.EPIPE) {
			t.Fatalf("read after overrun: %d, %v", n, err)
		}
		dev.pass(7)
		if n, err := c.Read(dst); n != 7 || err != nil || c.Xruns() != uint64(i+1) {
			t.Fatalf("read after that: %d, %v, %d xruns", n, err, c.Xruns())
		}
	}
}

func TestCaptureWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, dev, _, _ := openPair(t, small)
		if ready, err := c.Wait(-1); !ready || err != nil {
			t.Fatalf("wait: %v, %v", ready, err)
		}
		dst := make([]float32, 1000)
		if n, err := c.Read(dst); n != 100 || err != nil {
			t.Fatalf("read: %d, %v", n, err)
		}
		dev.stuck = true
		start := time.Now()
		if ready, err := c.Wait(time.Second); ready || err != nil || time.Since(start) != time.Second {
			t.Fatalf("wait on a card that stalls: %v, %v after %v", ready, err, time.Since(start))
		}
		dev.pass(c.BufferFrames())
		if ready, err := c.Wait(time.Second); !ready || err != nil {
			t.Fatalf("wait after overrun: %v, %v", ready, err)
		}
		if _, err := c.Read(dst); !errors.Is(err, ErrXrun) {
			t.Fatalf("read after that wait: %v", err)
		}
	})
}

// The buffer is full after each write, and what is written comes out in one piece behind the silence of the start.
func TestPlayback(t *testing.T) {
	_, _, p, dev := openPair(t, small)
	if len(dev.sound) != 0 {
		t.Fatal("open plays something")
	}
	want := make([]byte, 200*4)
	block := make([]float32, 200)
	for i := range 50 {
		queued, _, err := p.Wait()
		if queued != 200 || err != nil {
			t.Fatalf("wait %d: %d queued, %v", i, queued, err)
		}
		for j := range block {
			block[j] = float32(i*200+j) / 32768
			want = append(want, byte(i*200+j), byte((i*200+j)>>8))
		}
		if err := p.Write(block); err != nil || dev.avail() != 0 {
			t.Fatalf("write %d: %v, room for %d left", i, err, dev.avail())
		}
	}
	if !bytes.Equal(dev.sound, want) || p.Xruns() != 0 {
		t.Errorf("wrong sound came out, %d xruns", p.Xruns())
	}
	if err := p.Write(block[1:]); err == nil || !strings.Contains(err.Error(), "199 samples, want 100 frames of 2 channels") {
		t.Errorf("block of a wrong shape: %v", err)
	}
}

func TestPlaybackWithoutWait(t *testing.T) {
	_, _, p, dev := openPair(t, small)
	for range 10 {
		if err := p.Write(make([]float32, 200)); err != nil {
			t.Fatal(err)
		}
	}
	if len(dev.sound) != 4*(200+1000) || p.Xruns() != 0 {
		t.Errorf("%d bytes came out, %d xruns", len(dev.sound), p.Xruns())
	}
}

// A device with more channels than wanted gets silence on the others.
func TestPlaybackMoreChannels(t *testing.T) {
	_, _, p, dev := openPair(t, Config{Channels: 3, PeriodFrames: 40, Formats: []pcm.Format{pcm.S16LE}})
	block := make([]float32, 120)
	for i := range block {
		block[i] = float32(i+1) / 32768
	}
	if err := p.Write(block); err != nil || p.Channels() != 3 {
		t.Fatal(p.Channels(), err)
	}
	if got, want := dev.sound[len(dev.sound)-16:], []byte{115, 0, 116, 0, 117, 0, 0, 0, 118, 0, 119, 0, 120, 0, 0, 0}; !slices.Equal(got, want) {
		t.Errorf("the last frames are %v, want %v", got, want)
	}
}

func TestDrain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, _, p, out := openPair(t, small)
		if err := p.Drain(); err != nil || len(out.sound) != 0 {
			t.Fatalf("drain before the start: %v", err)
		}
		for range 2 { // after it, Wait starts anew
			if queued, _, err := p.Wait(); queued != 200 || err != nil {
				t.Fatalf("wait: %d, %v", queued, err)
			}
			if err := p.Drain(); err != nil || out.state != state.Setup || p.Xruns() != 0 {
				t.Fatalf("drain: %v, device %v", err, out.state)
			}
		}
		p.Wait()
		if err := p.Drop(); err != nil || out.state != state.Setup {
			t.Fatalf("drop: %v, device %v", err, out.state)
		}
		p.Wait()
		out.stuck = true
		start := time.Now()
		if err := p.Drain(); !errors.Is(err, ErrGone) || time.Since(start) > 3*time.Second || out.state != state.Setup {
			t.Fatalf("drain of a card that stands still: %v after %v", err, time.Since(start))
		}
	})
}

// Close ends whatever call waits, returns when that is out, and lets no call reach the descriptor afterwards.
func TestCloseEndsCalls(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, dev, p, out := openPair(t, small)
		p.Wait()
		p.Write(make([]float32, 200))
		dev.stuck, out.stuck = true, true
		results := make(chan error, 2)
		go func() { _, err := c.Wait(-1); results <- err }()
		go func() { _, _, err := p.Wait(); results <- err }()
		synctest.Wait() // both are blocked
		start := time.Now()
		for _, s := range []*stream{c.stream, p.stream} {
			go s.Close()
			s.Close()
		}
		for range 2 {
			if err := <-results; !errors.Is(err, ErrClosed) {
				t.Errorf("blocked call: %v", err)
			}
		}
		if !dev.closed || !out.closed || time.Since(start) != 0 {
			t.Errorf("close took %v", time.Since(start))
		}
		_, readErr := c.Read(make([]float32, 10))
		_, _, waitErr := p.Wait()
		for _, err := range []error{readErr, waitErr, p.Write(make([]float32, 200)), p.Drain(), p.Drop(), c.Start()} {
			if !errors.Is(err, ErrClosed) {
				t.Errorf("call after close: %v", err)
			}
		}
		if dev.refused+out.refused != 0 {
			t.Error("a call reached a closed descriptor")
		}
	})
}

// Close against a user that never blocks, with the race detector's help.
func TestCloseRace(t *testing.T) {
	for range 200 {
		c, dev, p, out := openPair(t, small)
		done := make(chan bool)
		go func() {
			dst := make([]float32, 10)
			for err := error(nil); !errors.Is(err, ErrClosed); _, err = c.Read(dst) {
			}
			done <- true
		}()
		go func() {
			block := make([]float32, 200)
			for err := error(nil); !errors.Is(err, ErrClosed); err = p.Write(block) {
			}
			done <- true
		}()
		c.Close()
		p.Close()
		<-done
		<-done
		if dev.refused+out.refused != 0 {
			t.Fatal("a call reached a closed descriptor")
		}
	}
}

func TestNoAllocation(t *testing.T) {
	c, dev, p, out := openPair(t, small)
	block, dst := make([]float32, 200), make([]float32, 1000)
	n := testing.AllocsPerRun(100, func() {
		dev.pass(50)
		dev.tell()
		c.Ahead()
		c.Read(dst)
		dev.pass(c.BufferFrames())
		c.Read(dst)
		p.Wait()
		p.Write(block)
		out.pass(300)
		p.Wait()
		p.Write(block)
		out.sound, dev.calls, out.calls = out.sound[:0], dev.calls[:0], out.calls[:0]
	})
	if n != 0 {
		t.Errorf("a block allocates %g times", n)
	}
}
