package alsa

import (
	"errors"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/yobert/alsa/pcm/state"
	"golang.org/x/sys/unix"
)

// Wherever an underrun shows, it is mended and told once, by Wait, and the latency afterwards is the same as before.
func TestPlaybackUnderrun(t *testing.T) {
	for name, fail := range map[string]func(*fakePCM){
		"in poll":   func(f *fakePCM) { f.late = map[uintptr]int{0: 300} },
		"in STATUS": func(f *fakePCM) { f.late = map[uintptr]int{reqStatus: 300} },
		"stopped":   func(f *fakePCM) { f.state = state.Setup },
		"suspended": func(f *fakePCM) { f.state = state.Suspended },
	} {
		_, _, p, dev := openPair(t, small)
		block := make([]float32, 200)
		p.Wait()
		p.Write(block)
		dev.calls = nil
		fail(dev)
		if queued, _, err := p.Wait(); queued != 200 || !errors.Is(err, ErrXrun) || !errors.Is(err, unix.EPIPE) {
			t.Errorf("%s: wait: %d queued, %v", name, queued, err)
		}
		if want := []uintptr{reqPrepare, reqStart}; !slices.Equal(slices.DeleteFunc(dev.calls, func(r uintptr) bool { return r == reqResume }), want) {
			t.Errorf("%s: mended by %#x", name, dev.calls)
		}
		if err := p.Write(block); err != nil || dev.avail() != 0 || p.Xruns() != 1 {
			t.Errorf("%s: write: %v, room for %d left, %d xruns", name, err, dev.avail(), p.Xruns())
		}
		if queued, _, err := p.Wait(); queued != 200 || err != nil {
			t.Errorf("%s: wait after that: %d queued, %v", name, queued, err)
		}
	}
}

func TestPlaybackUnderrunInWrite(t *testing.T) {
	_, _, p, dev := openPair(t, small)
	block := make([]float32, 200)
	p.Wait()
	p.Write(block)
	p.Wait()
	dev.pass(300)
	if err := p.Write(block); err != nil || dev.avail() != 0 {
		t.Fatalf("write: %v, room for %d left", err, dev.avail())
	}
	for _, want := range []error{ErrXrun, nil} {
		if queued, _, err := p.Wait(); queued != 200 || !errors.Is(err, want) {
			t.Errorf("wait: %d queued, %v, want %v", queued, err, want)
		}
		p.Write(block)
	}
	if p.Xruns() != 1 {
		t.Errorf("%d xruns", p.Xruns())
	}
}

// A block that is in the buffer in part when it runs dry is written anew as a whole.
func TestPlaybackUnderrunInPartOfWrite(t *testing.T) {
	_, _, p, dev := openPair(t, small)
	block := make([]float32, 200)
	p.Write(block)
	dev.pass(50)
	dev.late = map[uintptr]int{0: 400}
	if err := p.Write(block); err != nil || dev.avail() != 0 || p.Xruns() != 1 {
		t.Fatalf("write: %v, room for %d left, %d xruns", err, dev.avail(), p.Xruns())
	}
}

// An error of poll's that the state does not confirm must not be polled for ever.
func TestPollContradictsState(t *testing.T) {
	c, dev, p, out := openPair(t, small)
	dev.sick, out.sick = true, true
	_, _, waitErr := p.Wait()
	_, pollErr := c.Wait(-1)
	if !errors.Is(waitErr, ErrGone) || !errors.Is(pollErr, ErrGone) {
		t.Errorf("playback: %v; capture: %v", waitErr, pollErr)
	}
}

func TestResume(t *testing.T) {
	c, dev, p, out := openPair(t, small)
	c.Start()
	p.Wait()
	dev.asleep, out.asleep = true, true
	dev.state, out.state = state.Suspended, state.Suspended
	dev.calls, out.calls = nil, nil
	if _, err := c.Read(make([]float32, 10)); !errors.Is(err, ErrXrun) || !slices.Equal(dev.calls, []uintptr{reqResume}) {
		t.Errorf("capture: %v, mended by %#x", err, dev.calls)
	}
	if _, _, err := p.Wait(); !errors.Is(err, ErrXrun) || !slices.Equal(out.calls, []uintptr{reqResume}) {
		t.Errorf("playback: %v, mended by %#x", err, out.calls)
	}
}

// Every errno of a transfer ends in one of three ways; see the table at mend.
func TestErrnos(t *testing.T) {
	for _, e := range []struct {
		errno unix.Errno
		state state.State
		want  error
	}{
		{unix.EAGAIN, state.Running, nil},
		{unix.EINTR, state.Running, nil},
		{unix.EPIPE, state.Xrun, ErrXrun},
		{unix.EBADFD, state.Setup, ErrXrun},
		{unix.EBADFD, state.Draining, ErrXrun}, // a cable whose other end was changed
		{unix.EBADFD, state.Disconnected, ErrGone},
		{unix.EBADFD, state.Running, ErrGone},
		{unix.ENODEV, state.Running, ErrGone},
		{unix.EIO, state.Running, ErrGone},
		{unix.EFAULT, state.Running, ErrGone},
	} {
		c, dev, p, out := openPair(t, small)
		c.Start()
		p.Wait()
		dev.errnos[reqReadI], out.errnos[reqWriteI] = []unix.Errno{e.errno}, []unix.Errno{e.errno}
		dev.state, out.state = e.state, e.state
		if n, err := c.Read(make([]float32, 10)); n != 0 || !errors.Is(err, e.want) {
			t.Errorf("read answered %v in state %v: %v, want %v", e.errno, e.state, err, e.want)
		}
		err := p.Write(make([]float32, 200))
		if err == nil {
			_, _, err = p.Wait()
		}
		if !errors.Is(err, e.want) {
			t.Errorf("write answered %v in state %v: %v, want %v", e.errno, e.state, err, e.want)
		}
	}
}

// Once gone, a stream says so at every call, and asks the device nothing more.
func TestGone(t *testing.T) {
	c, dev, p, out := openPair(t, small)
	c.Start()
	p.Wait()
	dev.state, out.state = state.Disconnected, state.Disconnected
	for range 3 {
		_, readErr := c.Read(make([]float32, 10))
		_, _, waitErr := p.Wait()
		ready, pollErr := c.Wait(-1)
		for _, err := range []error{readErr, waitErr, pollErr, p.Write(make([]float32, 200)), p.Drain(), p.Drop(), c.Start()} {
			if !errors.Is(err, ErrGone) || !errors.Is(err, unix.ENODEV) || ready {
				t.Errorf("a call on a device that is gone: %v", err)
			}
		}
		dev.state, out.state = state.Running, state.Running // it must be opened anew
	}
	if err := errors.Join(c.Close(), p.Close()); err != nil || !dev.closed || !out.closed {
		t.Errorf("close: %v", err)
	}
}

// A cure that fails is not tried for ever.
func TestCureFails(t *testing.T) {
	c, dev, p, out := openPair(t, small)
	c.Start()
	p.Wait()
	dev.state, out.state = state.Xrun, state.Xrun
	dev.errnos[reqStart], out.errnos[reqPrepare] = []unix.Errno{unix.EIO}, []unix.Errno{unix.EIO}
	if _, err := c.Read(make([]float32, 10)); !errors.Is(err, ErrGone) || !errors.Is(err, unix.EIO) {
		t.Errorf("capture: %v", err)
	}
	if _, _, err := p.Wait(); !errors.Is(err, ErrGone) || !errors.Is(err, unix.EIO) {
		t.Errorf("playback: %v", err)
	}
}

func TestPlaybackStands(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, _, p, out := openPair(t, small)
		p.Wait()
		p.Write(make([]float32, 200))
		out.stuck = true
		start := time.Now()
		if _, _, err := p.Wait(); !errors.Is(err, ErrGone) || time.Since(start) != deadAfter {
			t.Errorf("wait on a card that stands still: %v after %v", err, time.Since(start))
		}
	})
}

// A capture that runs and stands still is gone after 10 s in which it was asked, and after its patience if it has
// delivered nothing at all. One that delivers now and then, or has just been started anew, has its time.
func TestCaptureStands(t *testing.T) {
	for _, patience := range []time.Duration{0, time.Minute} {
		synctest.Test(t, func(t *testing.T) {
			c := small
			c.Patience = patience
			in, _, _, _ := openPair(t, c)
			dst := make([]float32, 200)
			stands := func(about string, want time.Duration) (err error) {
				t.Helper()
				start := time.Now()
				for n := 0; n == 0 && err == nil; n, err = in.Read(dst) {
					time.Sleep(5 * time.Millisecond)
				}
				if took := time.Since(start); !errors.Is(err, ErrGone) || !errors.Is(err, unix.ETIMEDOUT) || took < want || took > want+5*time.Millisecond {
					t.Errorf("%s: %v after %v, want it after %v", about, err, took, want)
				}
				return err
			}
			in.Start()
			err := stands("at first", max(standsAfter, patience))
			t.Log(err)

			in, dev, _, _ := openPair(t, c)
			in.Start()
			for range 20 {
				dev.pass(1)
				if n, err := in.Read(dst); n != 1 || err != nil {
					t.Fatalf("read: %d, %v", n, err)
				}
				time.Sleep(standsAfter - 10*time.Millisecond)
				if n, err := in.Read(dst); n != 0 || err != nil {
					t.Fatalf("read of a card that stands still for a while: %d, %v", n, err)
				}
			}
			dev.pass(in.BufferFrames())
			if _, err := in.Read(dst); !errors.Is(err, ErrXrun) {
				t.Fatal(err)
			}
			stands("after an xrun", standsAfter)
			if _, again := in.Read(dst); !errors.Is(again, ErrGone) {
				t.Errorf("later: %v", again)
			}
		})
	}
}
