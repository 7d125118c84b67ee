//go:build vm

package guest

import (
	"fmt"
	"math"
	"os"
	"runtime"
	"testing"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"

	"submix/hw/alsa"
	"submix/hw/rt"
)

// elemValue is struct snd_ctl_elem_value of a 64-bit kernel, with struct snd_ctl_elem_id in it
// (include/uapi/sound/asound.h).
type elemValue struct {
	numid, iface, device, subdevice uint32
	name                            [44]byte
	index                           uint32
	_                               uint64
	integer                         [128]int64
	_                               [128]byte
}

// setDrift makes the clock of a cable, of both of its ends, fast by about ppm, from its next period on until the test
// ends, and returns by how much exactly.
func setDrift(t *testing.T, card string, ppm float64) (truePPM float64) {
	t.Helper()
	const unshifted = 100000
	value := math.Round(unshifted / (1 + ppm*1e-6))
	setRateShift(t, card, int64(value))
	t.Cleanup(func() { setRateShift(t, card, unshifted) })
	return (unshifted/value - 1) * 1e6
}

func setRateShift(t *testing.T, card string, value int64) {
	t.Helper()
	const (
		elemWrite = 0xc4c85513 // SNDRV_CTL_IOCTL_ELEM_WRITE
		ifacePCM  = 3
	)
	f, err := os.OpenFile(fmt.Sprintf("/dev/snd/controlC%d", cardIndex(t, card)), os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	v := elemValue{iface: ifacePCM, device: 1}
	copy(v.name[:], "PCM Rate Shift 100000")
	v.integer[0] = value
	if _, _, e := unix.Syscall(unix.SYS_IOCTL, f.Fd(), elemWrite, uintptr(unsafe.Pointer(&v))); e != 0 {
		t.Fatalf("rate shift of %s: %v", card, e)
	}
}

// track is what is known of a card's clock: how many frames it had moved when.
type track struct {
	name   string
	rate   int             // nominal
	times  []time.Duration // of the moves that were told, each once
	frames []int64
	asked  int
}

// newTrack makes a track with room for so many blocks.
func newTrack(name string, rate, blocks int) *track {
	return &track{name: name, rate: rate, times: make([]time.Duration, 0, blocks), frames: make([]int64, 0, blocks)}
}

func (tr *track) add(frames int64, at time.Duration) {
	tr.asked++
	if n := len(tr.times); n == 0 || tr.times[n-1] != at {
		tr.times, tr.frames = append(tr.times, at), append(tr.frames, frames)
	}
}

// fit puts a line through the moves, by least squares, and returns by how many ppm it is steeper than the nominal rate,
// and how far, in frames, the moves are from it: in the root of the mean square, and at most.
func (tr *track) fit() (ppm, rms, worst float64) {
	rate := float64(tr.rate)
	var n, st, sf, stt, stf float64
	x := func(i int) float64 { return (tr.times[i] - tr.times[0]).Seconds() }
	y := func(i int) float64 { return float64(tr.frames[i]-tr.frames[0]) - rate*x(i) } // small numbers: exact sums
	for i := range tr.times {
		n, st, sf, stt, stf = n+1, st+x(i), sf+y(i), stt+x(i)*x(i), stf+x(i)*y(i)
	}
	slope := (n*stf - st*sf) / (n*stt - st*st)
	mean := (sf - slope*st) / n
	for i := range tr.times {
		d := y(i) - mean - slope*x(i)
		rms += d * d
		worst = max(worst, math.Abs(d))
	}
	return slope / rate * 1e6, math.Sqrt(rms / n), worst
}

// check prints how well a clock was told, and fails the test if its rate is further from the truth than within, if the
// moves are off by more than rms frames, or if there was no news for more than one block in ten.
func (tr *track) check(t *testing.T, truePPM, within, rms float64) {
	t.Helper()
	ppm, off, worst := tr.fit()
	fresh := 100 * float64(len(tr.times)) / float64(tr.asked)
	t.Logf("%-4s %+8.2f ppm of %d Hz, truly %+8.2f; %5.1f %% of %d blocks had news; residual %.2f frames rms, %.2f at most",
		tr.name, ppm, tr.rate, truePPM, fresh, tr.asked, off, worst)
	if math.Abs(ppm-truePPM) > within || off > rms || fresh < 90 {
		t.Errorf("%s: want %g ppm, %g frames and 90 %%", tr.name, within, rms)
	}
}

// follow opens the captures and the playback as submixd does, has them run for a time, and returns what was told of their
// clocks: those of the captures, and the playback's.
func follow(t *testing.T, captures []string, block, periods int, length time.Duration) []*track {
	t.Helper()
	blocks := int(length) / (block * int(time.Second) / 48000)
	out := openPlayback(t, alsa.Config{Device: "hw:Out,0", PeriodFrames: block, Periods: periods, HoldProcessor: true})
	defer out.Close()
	var tracks []*track
	var cards []*alsa.Capture
	for _, name := range captures {
		c := openCapture(t, alsa.Config{Device: "hw:" + name + ",1", PeriodFrames: block, AnyRate: true})
		defer c.Close()
		if err := c.Start(); err != nil {
			t.Fatal(err)
		}
		cards, tracks = append(cards, c), append(tracks, newTrack(name, c.Rate(), blocks))
	}
	played := newTrack("Out", out.Rate(), blocks)
	done := make(chan error)
	go func() {
		done <- func() error {
			if err := rt.Thread(mixingPriority); err != nil {
				return err
			}
			return mixSilence(out, cards, played, tracks, blocks)
		}()
		runtime.Goexit() // and with it the thread
	}()
	if err := <-done; err != nil {
		t.Error(err)
	}
	for _, c := range cards {
		if c.Xruns() != 0 {
			t.Errorf("%v: %d xruns", c, c.Xruns())
		}
	}
	return append(tracks, played)
}

// Priorities of submixd's.
const (
	mixingPriority = 60
	timerPriority  = 55
)

func mixSilence(out *alsa.Playback, cards []*alsa.Capture, played *track, tracks []*track, blocks int) error {
	silence := make([]float32, out.PeriodFrames()*out.Channels())
	buf := make([]float32, 4800)
	read := make([]int64, len(cards))
	written := int64(0)
	start := time.Now()
	const warmUp = 20
	for i := range warmUp + blocks {
		queued, at, err := out.Wait()
		if err != nil {
			return err
		}
		if i >= warmUp {
			played.add(written-int64(queued), at.Sub(start))
		}
		for k, c := range cards {
			frames, at := c.Ahead()
			if i >= warmUp {
				tracks[k].add(read[k]+int64(frames), at.Sub(start))
			}
			n, err := c.Read(buf)
			if err != nil {
				return err
			}
			read[k] += int64(n)
		}
		if err := out.Write(silence); err != nil {
			return err
		}
		written += int64(out.PeriodFrames())
	}
	return nil
}

// The clocks of three cards and of the output, as the kernel tells them. An end of a cable keeps its rate exactly, in steps
// of whole frames, except that it cuts its period to what it counts in, which is 0.8 ppm of 96 frames at most; and so do
// both, when both are open.
func TestClockPositions(t *testing.T) {
	if err := rt.TimerThreads(timerPriority); err != nil {
		t.Fatal(err)
	}
	sources := []string{"SrcA", "SrcB", "SrcC"}
	truth := []float64{setDrift(t, "SrcA", 200), setDrift(t, "SrcB", -200), 0, 0}
	for _, c := range []struct {
		block, periods    int
		busy, bothEnds    bool
		withinPPM, frames float64
	}{
		{240, 3, false, false, 1, 1},
		{96, 2, true, false, 1.8, 1},
		{240, 3, true, true, 1, 1},
	} {
		t.Run(fmt.Sprintf("block %d, busy %v, both ends %v", c.block, c.busy, c.bothEnds), func(t *testing.T) {
			if c.busy {
				burn(t, 0)
			}
			for _, card := range sources {
				if c.bothEnds {
					startPlayer(t, "hw:"+card+",0", 2, 240, constant(0))
				}
			}
			for i, tr := range follow(t, sources, c.block, c.periods, 10*time.Second) {
				tr.check(t, truth[i], c.withinPPM, c.frames)
			}
		})
	}
}
