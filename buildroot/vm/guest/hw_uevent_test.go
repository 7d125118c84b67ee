//go:build vm

package guest

import (
	"context"
	"os"
	"testing"
	"time"

	"submix/hw/uevent"
)

// hearEvents has handle called for the kernel's events until the test ends; it must have begun to listen.
func hearEvents(t *testing.T, handle func(uevent.Event)) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	begun, ended := make(chan struct{}), make(chan error, 1)
	go func() {
		first := true
		ended <- uevent.Run(ctx, func(e uevent.Event) {
			if first {
				first = false
				if e.Action != uevent.Missed {
					t.Errorf("the first event is %+v", e)
				}
				close(begun)
				return
			}
			handle(e)
		})
	}()
	t.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
	<-begun
}

// A card that is pulled and put back is told of, and when its node is, it is there.
func TestHWUevent(t *testing.T) {
	type event struct {
		uevent.Event
		at   time.Time
		node error
	}
	events := make(chan event, 100)
	hearEvents(t, func(e uevent.Event) {
		_, err := os.Stat("/dev/" + e.DevName)
		events <- event{e, time.Now(), err}
	})
	if err := <-unplug(t, 1); err != nil {
		t.Fatal(err)
	}
	start := time.Now()
	if err := <-plug(t, 1); err != nil {
		t.Fatal(err)
	}
	removed := false
	timeout := time.After(time.Second)
	for {
		select {
		case e := <-events:
			removed = removed || e.Action == "remove" && e.DevName == "snd/pcmC1D1c"
			if e.Action != "add" || e.DevName != "snd/pcmC1D1c" {
				continue
			}
			t.Logf("%+v, %v after the card was put back", e.Event, e.at.Sub(start))
			if e.Subsystem != "sound" || e.DevPath != "/devices/platform/snd_aloop.1/sound/card1/pcmC1D1c" || e.node != nil || !removed {
				t.Errorf("%+v; removed before: %v", e, removed)
			}
			return
		case <-timeout:
			t.Fatal("no event tells of the card")
		}
	}
}

// What comes faster than it is taken is told as missed, and what comes after that is heard.
func TestHWUeventMissed(t *testing.T) {
	free := make(chan struct{})
	var heard, missed int
	last := make(chan struct{})
	hearEvents(t, func(e uevent.Event) {
		<-free
		switch {
		case e.Action == uevent.Missed:
			missed++
		case e.Action == "change":
			heard++
		case e.Action == "add" && e.DevPath == "/devices/virtual/mem/null":
			close(last)
		}
	})
	const changes = 2000
	for range changes {
		writeFile(t, "/sys/class/sound/card0/uevent", "change")
	}
	close(free)
	time.Sleep(100 * time.Millisecond)
	writeFile(t, "/sys/class/mem/null/uevent", "add")
	select {
	case <-last:
	case <-time.After(time.Second):
		t.Fatal("nothing is heard after that")
	}
	t.Logf("of %d events %d were heard, and %d times some were missed", changes, heard, missed)
	if missed == 0 || heard == 0 || heard == changes {
		t.Error("want some of each")
	}
}
