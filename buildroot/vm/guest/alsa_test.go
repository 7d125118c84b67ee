//go:build vm

package guest

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"submix/hw/alsa"
	"submix/hw/pcm"
)

// A cable: what is played to device 0 of a card is captured from its device 1.

func openPlayback(t *testing.T, c alsa.Config) *alsa.Playback {
	t.Helper()
	p, err := alsa.OpenPlayback(c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { p.Close() })
	return p
}

func openCapture(t *testing.T, c alsa.Config) *alsa.Capture {
	t.Helper()
	r, err := alsa.OpenCapture(c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { r.Close() })
	return r
}

// noise returns random samples that every format but S16, or with bits = 16 every format, holds exactly.
func noise(n, bits int) []float32 {
	rng := rand.New(rand.NewPCG(1, 2))
	x := make([]float32, n)
	for i := range x {
		x[i] = float32(int32(rng.Uint32())>>(32-bits)) / float32(int32(1)<<(bits-1))
	}
	x[0] = 0.5 // not silence: the start is found by it
	return x
}

// play sends samples through a cable, drains, and returns what came out from the first that is not silence on.
func play(t *testing.T, p *alsa.Playback, c *alsa.Capture, samples []float32) []float32 {
	t.Helper()
	var got []float32
	buf := make([]float32, c.BufferFrames()*c.Channels())
	read := func() {
		n, err := c.Read(buf)
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, buf[:n*c.Channels()]...)
	}
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	for block := range slices.Chunk(samples, p.PeriodFrames()*p.Channels()) {
		queued, err := p.Wait()
		if err != nil || queued > p.BufferFrames()-p.PeriodFrames() {
			t.Fatalf("wait: %d frames queued, %v", queued, err)
		}
		read()
		if err := p.Write(block); err != nil {
			t.Fatal(err)
		}
	}
	if err := p.Drain(); err != nil {
		t.Fatal(err)
	}
	time.Sleep(10 * time.Millisecond) // the two ends of a cable move in ticks of their own
	read()
	start := slices.IndexFunc(got, func(x float32) bool { return x != 0 })
	return got[max(0, start):]
}

func TestALSAFormats(t *testing.T) {
	for _, f := range []pcm.Format{pcm.S16LE, pcm.S24LE, pcm.S24_3LE, pcm.S32LE, pcm.FloatLE} {
		t.Run(f.String(), func(t *testing.T) {
			config := alsa.Config{Device: "hw:SrcA,0", PeriodFrames: 96, Periods: 2, Formats: []pcm.Format{f}}
			p := openPlayback(t, config)
			config.Device = "hw:SrcA,1"
			c := openCapture(t, config)
			t.Log(p, "->", c)
			if p.Format() != f || c.Format() != f || p.PeriodFrames() != 96 || p.BufferFrames() != 192 || c.BufferFrames() < 4800 {
				t.Error("that is not what was asked for")
			}
			bits := 24
			if f == pcm.S16LE {
				bits = 16
			}
			want := noise(100*96*2, bits)
			got := play(t, p, c, want)
			clear(want[len(want)-96:]) // a cable loses the last millisecond, a tick, of a player that stops
			if len(got) < len(want) {
				t.Fatalf("%d samples of %d came out", len(got), len(want))
			}
			for i := range want {
				if got[i] != want[i] {
					t.Fatalf("sample %d of %d is %g, want %g", i, len(want), got[i], want[i])
				}
			}
			if p.Xruns() != 0 || c.Xruns() != 0 {
				t.Errorf("%d underruns, %d overruns", p.Xruns(), c.Xruns())
			}
		})
	}
}

func TestALSADefaults(t *testing.T) {
	if p := openPlayback(t, alsa.Config{Device: "hw:3,0"}); p.Format() != pcm.S32LE || p.PeriodFrames() != 240 || p.BufferFrames() != 720 {
		t.Errorf("playback with no wishes: %v", p)
	}
	if c := openCapture(t, alsa.Config{Device: "hw:SrcC,1", Channels: 1}); c.Channels() != 1 || c.BufferFrames() != 4800 {
		t.Errorf("capture of one channel: %v", c)
	}
}

func TestALSARefusals(t *testing.T) {
	held := openPlayback(t, alsa.Config{Device: "hw:SrcA,0"})
	for _, c := range []struct {
		config alsa.Config
		is     error
		says   []string
	}{
		{alsa.Config{Device: "hw:SrcA,0"}, alsa.ErrBusy, []string{"hw:SrcA,0", "guest.test (pid"}},
		{alsa.Config{Device: "hw:SrcX,0"}, alsa.ErrNotFound, []string{"hw:SrcX,0", "hw:SrcA (card 0), hw:SrcB (card 1)"}},
		{alsa.Config{Device: "usb:1-1.2"}, alsa.ErrNotFound, []string{"usb:1-1.2", "hw:Out (card 3)"}},
		{alsa.Config{Device: "hw:SrcB,9"}, alsa.ErrNotFound, []string{"card SrcB", "0 for capture"}},
		{alsa.Config{Device: "hw:SrcB,0", Rate: 4000}, alsa.ErrUnsuitable, []string{"hw:SrcB,0", "4000 Hz", "8000-", "S16_LE"}},
		{alsa.Config{Device: "hw:SrcB,0", Channels: 64}, alsa.ErrUnsuitable, []string{"64 channels", "1-32 channels"}},
	} {
		start := time.Now()
		_, err := alsa.OpenPlayback(c.config)
		if !errors.Is(err, c.is) || time.Since(start) > 20*time.Millisecond {
			t.Errorf("%v: %v after %v, want %v", c.config, err, time.Since(start), c.is)
			continue
		}
		for _, s := range c.says {
			if !strings.Contains(err.Error(), s) {
				t.Errorf("%q does not say %q", err, s)
			}
		}
		t.Log(err)
	}
	held.Close()
	openPlayback(t, alsa.Config{Device: "hw:SrcA,0"}) // Close returns when the device is free
}

// What the library opens goes on under another number than the lowest one free, which an own open gets; the library's
// own descriptor, and with it the Go poller's watch over it, is gone.
func TestALSALibrary(t *testing.T) {
	for _, f := range alsa.DefaultFormats() {
		null, err := os.Open(os.DevNull)
		if err != nil {
			t.Fatal(err)
		}
		lowest := fmt.Sprint(null.Fd())
		null.Close()
		p := openPlayback(t, alsa.Config{Device: "hw:SrcA,0", Formats: []pcm.Format{f}})
		var held, watched []string
		links, err := os.ReadDir("/proc/self/fd")
		if err != nil {
			t.Fatal(err)
		}
		for _, l := range links {
			if target, _ := os.Readlink("/proc/self/fd/" + l.Name()); target == "/dev/snd/pcmC0D0p" {
				held = append(held, l.Name())
			}
			info, _ := os.ReadFile("/proc/self/fdinfo/" + l.Name())
			for line := range strings.Lines(string(info)) {
				var st unix.Stat_t
				if err := unix.Stat("/dev/snd/pcmC0D0p", &st); err != nil {
					t.Fatal(err)
				}
				if strings.HasPrefix(line, "tfd:") && strings.Contains(line, fmt.Sprintf(" ino:%x ", st.Ino)) {
					watched = append(watched, line)
				}
			}
		}
		if byLibrary := f != pcm.S24_3LE; len(held) != 1 || (held[0] != lowest) != byLibrary || len(watched) != 0 {
			t.Errorf("%v: the device is open as %v (%s was free), and watched: %q", f, held, lowest, watched)
		}
		p.Close()
	}
}

// What Wait, Read and Write of a block of 2 ms cost on a processor that does 1000 instructions a microsecond.
func TestALSACost(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(2))
	for _, hold := range []bool{false, true} {
		config := alsa.Config{Device: "hw:SrcA,0", PeriodFrames: 96, Periods: 2, Formats: []pcm.Format{pcm.S16LE}, HoldProcessor: hold}
		p := openPlayback(t, config)
		config.Device = "hw:SrcA,1"
		c := openCapture(t, config)
		block := make([]float32, 192)
		const blocks = 2000
		before := cpuTime(t, os.Getpid())
		for range blocks {
			if _, err := p.Wait(); err != nil {
				t.Fatal(err)
			}
			if _, err := c.Read(block); err != nil {
				t.Fatal(err)
			}
			if err := p.Write(block); err != nil {
				t.Fatal(err)
			}
		}
		cost := (cpuTime(t, os.Getpid()) - before) / blocks
		t.Logf("HoldProcessor %v: %v a block", hold, cost)
		if limit := map[bool]time.Duration{false: 80 * time.Microsecond, true: 30 * time.Microsecond}[hold]; cost > limit {
			t.Errorf("HoldProcessor %v: %v of processor time a block, more than %v", hold, cost, limit)
		}
		p.Close()
		c.Close()
	}
}

// Forced by the kernel, and real ones: counted, told once, and the queue is as long as before.
func TestALSAXruns(t *testing.T) {
	p := openPlayback(t, alsa.Config{Device: "hw:SrcA,0", PeriodFrames: 240})
	c := openCapture(t, alsa.Config{Device: "hw:SrcA,1", PeriodFrames: 240})
	block, buf := make([]float32, 480), make([]float32, 2*c.BufferFrames())
	run := func(blocks int) (underruns, overruns int) {
		for range blocks {
			queued, err := p.Wait()
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
	if _, err := p.Wait(); err != nil {
		t.Fatal(err)
	}
	if err := p.Write(make([]float32, 2*period)); err != nil {
		t.Fatal(err)
	}
	results := make(chan error, 2)
	go func() { _, err := p.Wait(); results <- err }()
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
			if _, err := p.Wait(); err != nil {
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
		if busy := d.Number == 1 && !d.Capture; d.Err != nil || d.Busy != busy || d.Busy == (d.Offer != nil) || busy != strings.Contains(d.Owner, "guest.test (pid") {
			t.Errorf("%+v", d)
		}
	}
	t.Log(list[1].Devices[0].Offer, list[4].Devices[0].Offer)
}
