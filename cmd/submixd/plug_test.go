package main

import (
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"golang.org/x/sys/unix"

	"submix/cmd/submixd/config"
	"submix/control"
	"submix/hw/alsa"
	"submix/hw/sim"
	"submix/hw/uevent"
	"submix/mixer"
)

// udev gives a node its rights some milliseconds after the kernel has told of it: the box need not wait for the next event.
func TestNodeWithoutRightsAtFirst(t *testing.T) {
	inBubble(t, simulated3, func(r *rig) {
		time.Sleep(time.Second)
		r.denyOpen(fmt.Errorf("hw:Mic,0: %w", alsa.ErrNotFound))
		r.card("mic").Unplug()
		time.Sleep(time.Minute) // the pauses are long by now
		r.denyOpen(fmt.Errorf("hw:Mic,0: /dev/snd/pcmC1D0c may not be opened: %w", unix.EACCES))
		r.b.devices.ring()
		time.Sleep(45 * time.Millisecond)
		r.streams("mic gone", "line live")
		r.says("streams", `reason="hw:Mic,0: /dev/snd/pcmC1D0c may not be opened: permission denied"`)
		r.denyOpen(nil)
		start := time.Now()
		for r.stream("mic").State.String() != "live" {
			time.Sleep(time.Millisecond)
		}
		took := time.Since(start)
		t.Logf("live %v after it had its rights", took)
		if took > 60*time.Millisecond {
			t.Errorf("it took %v, want tens of ms", took)
		}
	})
}

// What only a person can mend is said once in the log and all the time in streams, and is tried less and less often.
func TestTroubleForAPerson(t *testing.T) {
	for _, trouble := range []error{
		fmt.Errorf("usb:1-1.2,0 (capture): %w: %w (the USB bus has no bandwidth left for it)", alsa.ErrUnsuitable, unix.ENOSPC),
		fmt.Errorf("usb:1-1.2,0 (capture): %w: asked for 48000 Hz; it offers 44100 Hz", alsa.ErrUnsuitable),
		fmt.Errorf("usb:1-1.2,0: %w: capture of card 1 is held by arecord (pid 4711): %w", alsa.ErrBusy, unix.EBUSY),
	} {
		synctest.Test(t, func(t *testing.T) {
			r := newRig(t, simulated3)
			r.denyOpen(trouble)
			attempts := 0
			open := r.b.openSource
			r.b.openSource = func(in *input) (*source, error) {
				if in.Name == "mic" {
					attempts++
				}
				return open(in)
			}
			r.run()
			time.Sleep(2 * time.Minute)
			r.says("streams", "stream mic state=gone", fmt.Sprintf("reason=%q", trouble))
			r.wantLogged(2, "stream gone") // of two streams
			t.Logf("%d attempts in 2 minutes", attempts)
			if attempts < 11 || attempts > 13 {
				t.Errorf("%d attempts in 2 minutes, want 9 in 20 s, then one each 30 s", attempts)
			}
			r.shutdown()
		})
	}
}

// stuckOpen is a rig on which the card of mic, when it is back, is opened by a driver that does not come back until
// freed is closed.
func stuckOpen(t *testing.T, test func(r *rig)) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, simulated3)
		stuck, freed := false, make(chan struct{})
		open := r.b.openSource
		r.b.openSource = func(in *input) (*source, error) {
			if in.Name != "line" && stuck {
				<-freed
			}
			return open(in)
		}
		r.run()
		time.Sleep(time.Second)
		stuck = true
		r.card("mic").Unplug()
		time.Sleep(9 * time.Second)
		test(r)
		close(freed)
		synctest.Wait()
		r.shutdown()
	})
}

func TestStuckOpenIsTold(t *testing.T) {
	stuckOpen(t, func(r *rig) {
		r.says("streams", `reason="the device has not answered for 8 s"`)
		r.wantLogged(2, "stream gone") // as it was lost, and as it did not answer
		if s := r.stream("line"); s.Short != 0 || s.State.String() != "live" {
			t.Errorf("the other stream is %+v", s)
		}
	})
}

func TestStuckOpenHoldsUpNobody(t *testing.T) {
	stuckOpen(t, func(r *rig) {
		r.within(slowAfter, "add", func() { r.refuses("add spare", control.CodeDevice, "has not answered for 2 s") })
		r.within(slowAfter+10*time.Millisecond, "remove", func() { r.says("remove mic") })
		r.configure("[playback]\ndevice = \"sim:null\"\n[[capture]]\nname = \"line\"\ndevice = \"sim:tone?hz=660\"\nmute = true\n" +
			"[[capture]]\nname = \"mic\"\ndevice = \"sim:noise\"\n")
		r.within(slowAfter, "reload", func() { r.says("reload") })
		r.within(0, "end", func() { r.says("end") })
		r.within(slowAfter+10*time.Millisecond, "the end", func() {
			for state, _ := r.b.State(); state != control.StateEnded; state, _ = r.b.State() {
				time.Sleep(time.Millisecond)
			}
		})
		r.within(slowAfter, "shutdown", r.shutdown)
	})
}

// slowCard is has the box play on a card that takes long to open and to close, and is lost after so many blocks.
func slowCard(r *rig, opens, closes time.Duration, blocks int) {
	r.b.openSink = func(cfg *config.Config) (sink, error) {
		time.Sleep(opens)
		s, err := newSim(cfg, sim.SinkConfig{})
		return &slowClose{card{sink: s, left: blocks}, closes}, err
	}
}

type slowClose struct {
	card
	closes time.Duration
}

func (c *slowClose) Close() error {
	time.Sleep(c.closes)
	return c.card.Close()
}

func (c *slowClose) Drain() error { return nil }

// The mix goes on at its pace, and its captures at their latency, while the playback card is opened and closed, however
// long that takes.
func TestSlowPlaybackCard(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, simulated3)
		slowCard(r, time.Second, 1500*time.Millisecond, 400)
		r.run()
		time.Sleep(2500 * time.Millisecond)
		r.says("status", "state: running")
		before, blocks := r.stream("mic"), r.b.mixer().Output().Info().Blocks
		for range 20 {
			time.Sleep(time.Second)
			if s := r.stream("mic"); s.State == mixer.Live && s.Latency > before.Latency+200*time.Microsecond {
				t.Errorf("the latency is %v, and was %v", s.Latency, before.Latency)
			}
		}
		s := r.stream("mic")
		mixed := r.b.mixer().Output().Info().Blocks - blocks
		t.Logf("%d blocks in 20 s; %d short, %d xruns", mixed, s.Short, s.Xruns)
		if s.Xruns != 0 || s.Short > 20 || mixed < 3990 || mixed > 4050 {
			t.Errorf("%d blocks in 20 s, want 4000; mic is %+v", mixed, s)
		}
		r.shutdown()
	})
}

// A card that never closes is told, and neither the end of the mix nor the next one waits for it.
func TestPlaybackThatNeverCloses(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, simulated3)
		slowCard(r, 0, time.Hour, 100000)
		r.run()
		time.Sleep(time.Second)
		r.says("end")
		time.Sleep(100*time.Millisecond + slowAfter)
		r.says("status", "state: ended")
		r.wantLogged(1, errSlow.Error())
		r.says("start")
		time.Sleep(time.Second)
		r.says("status", "state: running")
		r.shutdown()
		time.Sleep(time.Hour)
	})
}

func TestPlaybackThatNeverOpens(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, simulated3)
		slowCard(r, time.Hour, 0, 1000)
		r.run()
		time.Sleep(9 * time.Second)
		r.says("status", "state: no-output", `reason: "the device has not answered for 8 s"`)
		r.wantLogged(1, "no output")
		r.streams("mic live", "line live")
		r.shutdown()
		time.Sleep(time.Hour)
	})
}

func TestEventsOfSound(t *testing.T) {
	for e, want := range map[uevent.Event]bool{
		{Action: "add", Subsystem: "sound", DevName: "snd/pcmC1D0c"}: true,
		{Action: "change", Subsystem: "sound"}:                       true,
		{Action: "bind", Subsystem: "sound"}:                         true,
		{Action: uevent.Missed}:                                      true,
		{Action: "remove", Subsystem: "sound"}:                       false,
		{Action: "add", Subsystem: "block"}:                          false,
	} {
		if got := ofSound(e); got != want {
			t.Errorf("%+v: %v, want %v", e, got, want)
		}
	}
}

func TestTrouble(t *testing.T) {
	var w trouble
	for i, c := range []struct {
		err  error
		news bool
	}{
		{nil, false},
		{fmt.Errorf("%w: SrcA", alsa.ErrNotFound), true}, {fmt.Errorf("%w: SrcB", alsa.ErrNotFound), false},
		{alsa.ErrBusy, true}, {alsa.ErrBusy, false},
		{slowFor(2 * time.Second), true}, {slowFor(4 * time.Second), false},
		{errors.New("a"), true}, {errors.New("b"), true}, {nil, true}, {nil, false},
	} {
		if got := w.news(c.err); got != c.news {
			t.Errorf("%d: %v is news: %v", i, c.err, got)
		}
	}
}
