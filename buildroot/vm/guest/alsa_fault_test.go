//go:build vm

package guest

import (
	"errors"
	"os"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"submix/hw/alsa"
	"submix/hw/pcm"
)

// Forced by the kernel, and real ones: counted, told once, and the queue is as long as before.
func TestALSAXruns(t *testing.T) {
	p := openPlayback(t, alsa.Config{Device: "hw:SrcA,0", PeriodFrames: 240})
	c := openCapture(t, alsa.Config{Device: "hw:SrcA,1", PeriodFrames: 240})
	block, buf := make([]float32, 480), make([]float32, 2*c.BufferFrames())
	run := func(blocks int) (underruns, overruns int) {
		for range blocks {
			queued, _, err := p.Wait()
			if errors.Is(err, alsa.ErrXrun) && errors.Is(err, unix.EPIPE) {
				underruns++
			} else if err != nil {
				t.Fatal(err)
			}
			if queued > 480 || queued < 240 {
				t.Errorf("%d frames queued before a write", queued)
			}
			if _, err = c.Read(buf); errors.Is(err, alsa.ErrXrun) && errors.Is(err, unix.EPIPE) {
				overruns++
			} else if err != nil {
				t.Fatal(err)
			}
			if err := p.Write(block); err != nil {
				t.Fatal(err)
			}
		}
		return underruns, overruns
	}
	for _, x := range []struct {
		about        string
		cause        func()
		under, overs int
	}{
		{"none", func() {}, 0, 0},
		{"forced underrun", func() { writeFile(t, "/proc/asound/card0/pcm0p/sub0/xrun_injection", "1") }, 1, 0},
		{"forced overrun", func() { writeFile(t, "/proc/asound/card0/pcm1c/sub0/xrun_injection", "1") }, 0, 1},
		{"late by 50 ms", func() { time.Sleep(50 * time.Millisecond) }, 1, 0},
		{"late by 500 ms", func() { time.Sleep(500 * time.Millisecond) }, 1, 1},
	} {
		under, overs := p.Xruns(), c.Xruns()
		x.cause()
		gotUnder, gotOvers := run(20)
		if gotUnder != x.under || gotOvers != x.overs {
			t.Errorf("%s: %d underruns, %d overruns told, want %d, %d", x.about, gotUnder, gotOvers, x.under, x.overs)
		}
		if int(p.Xruns()-under) != x.under || int(c.Xruns()-overs) != x.overs {
			t.Errorf("%s: %d underruns, %d overruns counted", x.about, p.Xruns()-under, c.Xruns()-overs)
		}
	}
}

// The first word of a call that Close ends, and how long after Close it came.
func TestALSACloseEndsWait(t *testing.T) {
	const period = 24000 // half a second, so that Wait is blocked for long
	p := openPlayback(t, alsa.Config{Device: "hw:SrcA,0", PeriodFrames: period, Periods: 2})
	c := openCapture(t, alsa.Config{Device: "hw:SrcA,1", PeriodFrames: period})
	if _, _, err := p.Wait(); err != nil {
		t.Fatal(err)
	}
	if err := p.Write(make([]float32, 2*period)); err != nil {
		t.Fatal(err)
	}
	results := make(chan error, 2)
	go func() { _, _, err := p.Wait(); results <- err }()
	go func() { _, err := c.Wait(-1); results <- err }()
	time.Sleep(50 * time.Millisecond)
	start := time.Now()
	p.Close()
	c.Close()
	for range 2 {
		if err := <-results; !errors.Is(err, alsa.ErrClosed) {
			t.Errorf("blocked call: %v", err)
		}
	}
	if d := time.Since(start); d > 10*time.Millisecond {
		t.Errorf("close took %v", d)
	}
}

func TestALSAUnplug(t *testing.T) {
	config := alsa.Config{PeriodFrames: 240, Formats: []pcm.Format{pcm.S16LE}}
	config.Device = "hw:SrcB,0"
	p := openPlayback(t, config)
	config.Device = "hw:SrcB,1"
	c := openCapture(t, config)
	blocked := make(chan error)
	go func() {
		for {
			if _, _, err := p.Wait(); err != nil {
				blocked <- err
				return
			}
			p.Write(make([]float32, 480))
		}
	}()
	buf := make([]float32, 480)
	for range 10 {
		if _, err := c.Wait(-1); err != nil {
			t.Fatal(err)
		}
		if _, err := c.Read(buf); err != nil {
			t.Fatal(err)
		}
	}
	unplugged := unplug(t, 1)
	err := <-blocked
	if !errors.Is(err, alsa.ErrGone) {
		t.Errorf("wait for an unplugged playback: %v", err)
	}
	t.Log(err)
	for range 3 {
		ready, err := c.Wait(-1)
		if !ready && err == nil {
			t.Fatal("wait without a limit came to it")
		}
		if n, err := c.Read(buf); n != 0 || !errors.Is(err, alsa.ErrGone) {
			t.Errorf("read of an unplugged capture: %d, %v", n, err)
		} else {
			t.Log(err)
		}
	}
	if _, err := alsa.OpenCapture(config); !errors.Is(err, alsa.ErrNotFound) {
		t.Errorf("open of an unplugged card: %v", err)
	}
	p.Close()
	c.Close()
	if err := <-unplugged; err != nil {
		t.Fatal(err)
	}
	if err := <-plug(t, 1); err != nil {
		t.Fatal(err)
	}
	within(t, time.Second, "the card is back", func() bool {
		c, err := alsa.OpenCapture(config)
		if err == nil {
			c.Close()
		}
		return err == nil
	})
}

func TestALSACards(t *testing.T) {
	openPlayback(t, alsa.Config{Device: "hw:SrcB,1"})
	list, err := alsa.Cards()
	if err != nil || len(list) != 5 || list[1].ID != "SrcB" || list[1].LongName != "Loopback 2" || list[3].ID != "Out" || list[4].ID != "Dummy" {
		t.Fatalf("%+v, %v", list, err)
	}
	if len(list[1].Devices) != 4 {
		t.Fatalf("%+v", list[1])
	}
	for _, d := range list[1].Devices {
		if d.Name != "Loopback PCM" {
			t.Errorf("it is called %q", d.Name)
		}
		if busy := d.Number == 1 && !d.Capture; d.Err != nil || d.Busy != busy || d.Offer == nil || busy != (d.PID == os.Getpid()) || busy != strings.Contains(d.Owner, "guest.test (pid") {
			t.Errorf("%+v", d)
		} else if busy && d.Offer.Rate != (alsa.Range{Min: 48000, Max: 48000}) {
			t.Errorf("in use it is set to %v", d.Offer)
		}
	}
	t.Log(list[1].Devices[0].Offer, list[4].Devices[0].Offer)
}
