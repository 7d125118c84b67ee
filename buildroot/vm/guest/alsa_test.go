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
		queued, _, err := p.Wait()
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

// What Wait, Ahead, Read and Write of a block of 2 ms cost on a processor that does 1000 instructions a microsecond.
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
			if _, _, err := p.Wait(); err != nil {
				t.Fatal(err)
			}
			c.Ahead()
			if _, err := c.Read(block); err != nil {
				t.Fatal(err)
			}
			if err := p.Write(block); err != nil {
				t.Fatal(err)
			}
		}
		cost := (cpuTime(t, os.Getpid()) - before) / blocks
		t.Logf("HoldProcessor %v: %v a block", hold, cost)
		if limit := map[bool]time.Duration{false: 80 * time.Microsecond, true: 33 * time.Microsecond}[hold]; cost > limit {
			t.Errorf("HoldProcessor %v: %v of processor time a block, more than %v", hold, cost, limit)
		}
		p.Close()
		c.Close()
	}
}
