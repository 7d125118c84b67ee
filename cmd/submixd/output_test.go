package main

import (
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"submix/cmd/submixd/config"
	"submix/hw/sim"
)

// card is a playback card that can be pulled: its Wait then returns an error, or
// does not return.
type card struct {
	sink
	left  int // blocks until it is pulled
	stuck chan struct{}
}

func (*card) Drain() error { return errNotDrained }

var (
	errPulled     = errors.New("the card was pulled")
	errNotDrained = errors.New("the end was not played")
)

func (c *card) Wait() (int, time.Time, error) {
	if c.left == 0 {
		if c.stuck == nil {
			return 0, time.Time{}, errPulled
		}
		<-c.stuck
		return 0, time.Time{}, sim.ErrClosed
	}
	c.left--
	return c.sink.Wait()
}

func (c *card) Close() error {
	if c.stuck != nil {
		select {
		case <-c.stuck:
		default:
			close(c.stuck)
		}
	}
	return c.sink.Close()
}

func stuckAfter(blocks int) func(*config.Config) (sink, error) {
	return func(cfg *config.Config) (sink, error) {
		s, err := newSim(cfg, sim.SinkConfig{})
		return &card{s, blocks, make(chan struct{})}, err
	}
}

func TestNoPlaybackDevice(t *testing.T) {
	const toml = `
playback.device = "hw:Nope,0"
[[capture]]
name = "mic"
device = "sim:tone"
`
	inBubble(t, toml, func(r *rig) {
		time.Sleep(20 * time.Second)
		r.says("status", "state: no-output", "reason: \"hw:Nope,0: no such sound device")
		r.streams("mic live")
		out := r.b.mixer().Output().Info()
		if n := int(out.Blocks); n < 3950 || n > 4050 {
			t.Errorf("%d blocks in 20 s, want 4000: the mix keeps its pace", n)
		}
		if s := r.stream("mic"); s.Latency > 30*time.Millisecond || s.Short != 0 {
			t.Errorf("mic is %+v, want it as with a card", s)
		}
		r.wantLogged(1, "no output")
		r.says("add new sim:noise")
		r.says("remove mic")
		r.configure(toml + "\n[[capture]]\nname = \"line\"\ndevice = \"sim:tone\"\n")
		r.says("reload")
		time.Sleep(100 * time.Millisecond)
		r.streams("new live", "line live")
		r.says("end")
		time.Sleep(100 * time.Millisecond)
		r.says("status", "state: ended")
		r.says("start")
		time.Sleep(100 * time.Millisecond)
		r.says("status", "state: no-output")
	})
}

// A card that is there, plays for a second, is pulled, and then opens but does not
// play: it is tried less and less often, until the kernel tells of a change.
func TestPlaybackIsLostAndBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, simulated3)
		opened := 0
		plays := []int{200, 0, 0, 0, 0, 0, 10000} // blocks each time it is opened
		r.b.openSink = func(cfg *config.Config) (sink, error) {
			s, err := newSim(cfg, sim.SinkConfig{})
			opened++
			return &card{sink: s, left: plays[opened-1]}, err
		}
		r.run()
		time.Sleep(900 * time.Millisecond)
		r.says("status", "state: running")
		time.Sleep(time.Second)
		r.says("status", "state: no-output", "reason: \"the card was pulled")
		time.Sleep(2 * time.Second)
		if opened != 6 {
			t.Errorf("it was opened %d times, want 20, 50, 125, 312 and 781 ms after one another", opened)
		}
		r.wantLogged(1, "no output")
		r.b.devices.ring()
		time.Sleep(20 * time.Millisecond)
		r.says("status", "state: running")
		if s := r.stream("mic"); s.Short > 2 || s.Xruns != 0 || s.Latency > 30*time.Millisecond {
			t.Errorf("mic is %+v, want no more of it than a gap each time the pace changes", s)
		}
		r.shutdown()
	})
}

// The card goes for good while the mix is ending.
func TestEndWithoutPlayback(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, simulated3)
		r.b.openSink = func(cfg *config.Config) (sink, error) {
			s, err := newSim(cfg, sim.SinkConfig{})
			return &card{sink: s, left: 200}, err
		}
		r.run()
		time.Sleep(997 * time.Millisecond)
		r.says("end")
		time.Sleep(100 * time.Millisecond)
		r.says("status", "state: ended")
		r.shutdown()
	})
}

// full is a card that plays what it holds when it drains, and whose driver takes its time to close.
type full struct {
	simulated
	holds  time.Duration
	played *bool // to the end
}

func (f full) Drain() error {
	time.Sleep(f.holds)
	*f.played = true
	return nil
}

func (f full) Close() error {
	time.Sleep(slowAfter - time.Millisecond)
	return f.simulated.Close()
}

// A stop plays what the longest buffers hold, in order, and takes no longer than systemd waits, also if the card is stuck
// and the log is not read.
func TestStopWithLongBuffers(t *testing.T) {
	for _, c := range []struct{ block, periods int }{{240, 3}, {4800, 20}, {24000, 4}, {48000, 2}} {
		stop := func(open func(cfg *config.Config) (sink, error), shutdown func(r *rig)) (took time.Duration) {
			synctest.Test(t, func(t *testing.T) {
				r := newRig(t, fmt.Sprintf("playback = {device = \"hw:Out,0\", periods = %d}\nmixer.block = %d\n"+
					"[[capture]]\nname = \"mic\"\ndevice = \"sim:tone\"\n", c.periods, c.block))
				r.b.openSink = open
				r.run()
				time.Sleep(20*time.Second + time.Millisecond)
				began := time.Now()
				shutdown(r)
				took = time.Since(began)
			})
			return took
		}
		played := false
		took := stop(func(cfg *config.Config) (sink, error) {
			s, err := newSim(cfg, sim.SinkConfig{})
			return full{s, cfg.Queue() - cfg.Mixer.Duration(c.block), &played}, err
		}, func(r *rig) { r.shutdown() })
		if !played {
			t.Errorf("%+v: what was queued was cut off", c)
		}
		stuck := stop(func(cfg *config.Config) (sink, error) {
			s, err := newSim(cfg, sim.SinkConfig{})
			return &slowClose{card{s, 15, make(chan struct{})}, slowAfter}, err
		}, func(r *rig) {
			if err := r.b.shutdown(r.mixing, r.cancel); err == nil {
				t.Errorf("%+v: shutdown says that the mix has ended", c)
			}
		})
		t.Logf("%d periods of %5d frames: stopped in %v; in %v with a card that is stuck", c.periods, c.block, took, stuck)
		if systemd := 10 * time.Second; stuck+spoolEnd >= systemd {
			t.Errorf("%+v: systemd waits for %v", c, systemd)
		}
	}
}

// What goes wrong at the very end is not lost.
func TestEndIsNotPlayed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, simulated3)
		r.b.openSink = func(cfg *config.Config) (sink, error) {
			s, err := newSim(cfg, sim.SinkConfig{})
			return &card{sink: s, left: 1000}, err
		}
		r.run()
		r.shutdown()
		r.wantLogged(1, errNotDrained.Error())
	})
}
