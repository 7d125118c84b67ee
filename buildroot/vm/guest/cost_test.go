//go:build vm

package guest

import (
	"fmt"
	"runtime"
	"testing"
	"time"

	"submix/hw/alsa"
	"submix/hw/pcm"
	"submix/mixer"
)

// What the daemon takes of the processor with three and with eight adaptive streams, S16 stereo, at block 240, and
// where it goes. The streams share a card, of which the scenario has eight substreams.
func TestCost(t *testing.T) {
	for _, c := range []struct {
		streams int
		most    float64 // percent
	}{{3, 4.5}, {8, 11}} {
		locked, adaptive := daemonCost(t, c.streams, "locked"), daemonCost(t, c.streams, "adaptive")
		mixing := mixerCost(t, c.streams, true)
		resampling := mixerCost(t, c.streams, false) - mixing
		t.Logf("%d adaptive streams: %.2f %% of the processor: resampling and following %.2f, mixing %.2f, system calls and all else %.2f; locked they take %.2f %%",
			c.streams, adaptive, resampling, mixing, adaptive-resampling-mixing, locked)
		if adaptive > c.most {
			t.Errorf("want %g %% at most", c.most)
		}
	}
}

// daemonCost is what all threads of submixd take, percent.
func daemonCost(t *testing.T, streams int, sync string) (percent float64) {
	t.Run(fmt.Sprintf("%d %s", streams, sync), func(t *testing.T) {
		for range streams {
			startSignal(t, alsa.Config{Device: "hw:SrcA,0", Channels: 2, PeriodFrames: 240, Formats: []pcm.Format{pcm.S16LE}}, constant(1000).signal())
		}
		listen(t, alsa.Config{Device: "hw:Out,1", Channels: 2, Formats: []pcm.Format{pcm.S16LE}}, func([]float32) {})
		b := startBox(t, "[playback]\ndevice = \"hw:Out,0\"\n")
		for i := range streams {
			name := fmt.Sprint("s", i)
			b.do(fmt.Sprintf("add %s hw:SrcA,1 sync=%s", name, sync))
			b.is(name, "live", 2*time.Second)
		}
		time.Sleep(3 * time.Second)
		cpu, start := cpuTime(t, b.pid()), time.Now()
		time.Sleep(5 * time.Second)
		percent = float64(cpuTime(t, b.pid())-cpu) / float64(time.Since(start)) * 100
		for i := range streams {
			b.unharmed(fmt.Sprint("s", i))
		}
		b.inTime()
	})
	return percent
}

// memory is a source that costs nothing: silence, by the clock of who pulls the mix.
type memory struct {
	now   *time.Time
	start time.Time
	given int
}

func (m *memory) Ahead() (int, time.Time) { return m.there() - m.given, *m.now }

func (m *memory) there() int { return int(m.now.Sub(m.start) * 48000 / time.Second) }

func (m *memory) Read(dst []float32) (int, error) {
	n := min(len(dst)/2, m.there()-m.given)
	m.given += n
	return n, nil
}

// mixerCost is what the mixer alone takes, percent.
func mixerCost(t *testing.T, streams int, locked bool) (percent float64) {
	const block, blocks = 240, 2000
	m, err := mixer.New(mixer.Config{Rate: 48000, Channels: 2, Block: block, Limiter: true})
	if err != nil {
		t.Fatal(err)
	}
	now := time.Now()
	for i := range streams {
		c := mixer.StreamConfig{Name: fmt.Sprint(i), Source: &memory{now: &now, start: now}, Format: mixer.Format{Rate: 48000, Channels: 2}, Live: true, Locked: locked}
		if _, err := m.Add(c); err != nil {
			t.Fatal(err)
		}
	}
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	dst := make([]float32, 2*block)
	pull := func() {
		now = now.Add(block * time.Second / 48000)
		if err := m.Pull(dst, 2*block, now, time.Time{}); err != nil {
			t.Fatal(err)
		}
	}
	for range 100 {
		pull()
	}
	start := threadTime(t)
	for range blocks {
		pull()
	}
	spent := threadTime(t) - start
	for _, s := range m.Streams() {
		if s.State != mixer.Live || s.Adaptive == locked {
			t.Fatalf("%+v", s)
		}
	}
	return float64(spent) / float64(blocks*block*time.Second/48000) * 100
}
