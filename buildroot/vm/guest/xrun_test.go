//go:build vm

package guest

import (
	"fmt"
	"math"
	"strings"
	"syscall"
	"testing"
	"time"

	"submix/hw/alsa"
	"submix/hw/pcm"
)

// twoPeriods is the most that an xrun may cost, at blocks of 240 frames.
const twoPeriods = 480

// xrunLevel and xrunHz are of the tone in which edges are looked for.
const xrunLevel, xrunHz = 0.3, 997

// marked is, on the k-th pair of channels, noise by which each frame can be told and a tone; the others are silent.
func marked(k int) tune {
	noise := noiseOf(int64(k))
	tone := sine(xrunHz, 48000, xrunLevel)
	return func(frame int64, channel int) int16 {
		switch channel {
		case 2 * k:
			return noise(frame, 0) / 2
		case 2*k + 1:
			return int16(math.Round(float64(tone(frame, 0)) * 32768))
		}
		return 0
	}
}

// Where an xrun is made, if not at the capture of stream 0, 1 or 2.
const (
	ofOutput = -1
	ofMix    = -2 // which is late: an underrun of the output
	ofMixNow = -3 // which is late by little more than what the output has to play
)

// late is by how much.
func late(who int) time.Duration {
	switch who {
	case ofMix:
		return 40 * time.Millisecond
	case ofMixNow:
		return 16 * time.Millisecond
	}
	return 0
}

// injection is one xrun.
type injection struct {
	who   int
	frame int                  // that was recorded then
	told  [3]map[string]string // of the streams, just before
}

// xrunTest has three cards mixed, each on channels of its own, and the mix recorded.
type xrunTest struct {
	t          *testing.T
	out        *recorder
	box        *box
	players    []*player
	adaptive   bool
	injections []injection
	last       injection // none: when it was over
	outXruns   [2]string // before and after
	mix        []int16
	off, moved float64 // see untouched: at worst
}

func startXruns(t *testing.T, adaptive bool) *xrunTest {
	x := &xrunTest{t: t, adaptive: adaptive}
	x.out = startRecorder(t, "hw:Out,1", 6)
	var tunes []tune // all are made before the first plays: that takes the processor
	for k := range drifters {
		tunes = append(tunes, marked(k))
	}
	for k, s := range drifters {
		c := alsa.Config{Device: "hw:" + s.card + ",0", Channels: 6, PeriodFrames: 240, Periods: 10, Formats: []pcm.Format{pcm.S16LE}}
		x.players = append(x.players, startSignal(t, c, tunes[k].signal()))
	}
	toml := cables(6, 240, 3)
	if adaptive {
		toml = strings.ReplaceAll(toml, `sync = "locked"`, `latency = "25ms"`)
	}
	x.box = startBox(t, toml)
	for _, s := range drifters {
		x.box.is(s.name, "live", 2*time.Second)
	}
	if adaptive {
		for _, s := range drifters {
			within(t, 15*time.Second, "the clock of "+s.name+" is locked", func() bool {
				time.Sleep(500 * time.Millisecond)
				return x.box.stream(s.name)["lock"] == "locked"
			})
		}
		time.Sleep(10 * time.Second) // until they keep still
	}
	time.Sleep(2 * time.Second)
	return x
}

// turns are the output and the captures in turn.
func turns(length time.Duration) (whos []int) {
	for i := range int(length / time.Second) {
		if i%2 == 0 {
			whos = append(whos, ofOutput)
		} else {
			whos = append(whos, i/2%3)
		}
	}
	return whos
}

// inject makes an xrun each second.
func (x *xrunTest) inject(whos ...int) {
	x.outXruns[0] = x.box.status()["xruns"]
	start := time.Now()
	for i, who := range whos {
		// Each at another moment of a block, and of a tick.
		time.Sleep(time.Until(start.Add(time.Duration(i)*time.Second + time.Duration(i*i)*1370*time.Microsecond%(7*time.Millisecond))))
		x.injections = append(x.injections, x.now(who))
		switch {
		case who < ofOutput:
			x.box.cmd.Process.Signal(syscall.SIGSTOP)
			time.Sleep(late(who))
			x.box.cmd.Process.Signal(syscall.SIGCONT)
		case who == ofOutput:
			writeFile(x.t, "/proc/asound/Out/pcm0p/sub0/xrun_injection", "1")
		default:
			writeFile(x.t, "/proc/asound/"+drifters[who].card+"/pcm1c/sub0/xrun_injection", "1")
		}
	}
	time.Sleep(time.Second)
	x.last = x.now(ofOutput)
	x.outXruns[1] = x.box.status()["xruns"]
	time.Sleep(100 * time.Millisecond)
}

func (x *xrunTest) now(who int) injection {
	one := injection{who: who}
	for k, s := range drifters {
		one.told[k] = x.box.stream(s.name)
	}
	// What the card plays is recorded when one of its ends looks, some time after; 10 ms before, nothing has happened.
	one.frame = x.out.frameAt(time.Now()) - 480
	return one
}

// check looks at each second after an injection.
func (x *xrunTest) check() {
	x.mix = x.out.stop()
	for _, p := range x.players {
		p.end()
	}
	var offsets [3]float64
	for k := range offsets {
		before := x.injections[0].frame - 9600
		if x.adaptive {
			offsets[k] = x.offset(k, before, x.guess(k, before))
		} else {
			offsets[k] = float64(int64(before) - find(x.t, marked(k), []int{2 * k}, 100, func(f, c int) int16 { return x.sample(before+f, c) }))
		}
	}
	var longest [2]int
	worst := 0.0
	for i, one := range x.injections {
		next := x.last
		if i+1 < len(x.injections) {
			next = x.injections[i+1]
		}
		to := next.frame
		for k := range offsets {
			hit := one.who < 0 || one.who == k
			silences := x.silences(k, one.frame, to)
			clicks, most := x.clicks(k, one.frame, to)
			offset := x.offset(k, to-9600, int64(math.Round(offsets[k])))
			moved := offset - offsets[k]
			worst = max(worst, math.Abs(moved))
			total := 0
			for _, s := range silences {
				total += s.Frames
			}
			x.t.Logf("%2d: xrun of %s: stream %c: silent for %v frames, latency moved by %+.2f frames (told %s, then %s ms), second derivative at most %.5f, %d clicks",
				i, name(one.who), 'a'+k, lengths(silences), moved, one.told[k]["latency"], next.told[k]["latency"], most, len(clicks))
			if math.Abs(moved) > 1 {
				x.t.Errorf("stream %c: the latency is another one", 'a'+k)
			}
			switch {
			case !hit && (len(silences) > 0 || len(clicks) > 0):
				x.t.Errorf("stream %c had no xrun and is broken at %v, %v", 'a'+k, silences, clicks)
			case len(silences) > 1 || total > twoPeriods+int(late(one.who)*48/time.Millisecond):
				x.t.Errorf("stream %c: silent for %v", 'a'+k, silences)
			case one.who != ofOutput && len(clicks) > 0 || len(clicks) > 1: // where the kernel stops the output, there is no fade
				x.t.Errorf("stream %c clicks at %v", 'a'+k, clicks)
			}
			kind := min(1, max(0, one.who+1))
			longest[kind] = max(longest[kind], total)
			if !hit {
				x.untouched(k, one.frame, to, offsets[k], moved)
			}
		}
	}
	x.t.Logf("%d xruns: the longest silence is %d frames for one of the output, %d for one of a capture; the latency moved by %.2f frames at most",
		len(x.injections), longest[0], longest[1], worst)
	if x.adaptive {
		x.t.Logf("of streams that had no xrun it moved by %.3f frames at most, and no sample is further from its tone than %.1f units of 16 bits", x.moved, x.off)
	}
	x.counted()
}

// roundedTwice is by how many units of 16 bits a sample of a tone may be off what the two before it say: 2 for what is rounded
// by half a unit where it is recorded, 2 and a little for what was where it is played, and was filtered since.
const roundedTwice = 5

// untouched checks that an xrun of another capture has left nothing in stream k: bit for bit, or, if its clock is followed
// and its frames are made anew for that, to within rounding.
func (x *xrunTest) untouched(k, from, to int, offset, moved float64) {
	if !x.adaptive {
		from, to = from-2400, to-2400
		if n := matches(marked(k), int64(from)-int64(offset), []int{2 * k, 2*k + 1}, to-from, func(f, c int) int16 { return x.sample(from+f, c) }); n < to-from {
			x.t.Errorf("stream %c had no xrun and is not bit-exact at frame %d", 'a'+k, from+n)
		}
		return
	}
	off := x.astray(k, from, to)
	x.off, x.moved = max(x.off, off), max(x.moved, math.Abs(moved))
	if off > roundedTwice || math.Abs(moved) > 0.5 {
		x.t.Errorf("stream %c had no xrun, but is off its tone by %.1f units, and moved by %.2f frames", 'a'+k, off, moved)
	}
}

// counted checks that every xrun was counted where it was, and nothing else.
func (x *xrunTest) counted() {
	want := map[int]int{}
	for _, one := range x.injections {
		want[max(one.who, ofOutput)]++
	}
	for k, s := range drifters {
		if info := x.last.told[k]; info["xruns"] != fmt.Sprint(want[k]) || info["short"] != "0" || info["stalls"] != "0" {
			x.t.Errorf("stream %s had %d xruns: %v", s.name, want[k], info)
		}
	}
	var counts [2]int
	for i, text := range x.outXruns {
		fmt.Sscan(text, &counts[i])
	}
	if n := counts[1] - counts[0]; n != want[ofOutput] {
		x.t.Errorf("the output had %d xruns, %d are counted", want[ofOutput], n)
	}
}

func name(who int) string {
	switch who {
	case ofMix, ofMixNow:
		return fmt.Sprintf("the output, as the mix is late by %v", late(who))
	case ofOutput:
		return "the output"
	}
	return "stream " + string(rune('a'+who))
}

// An xrun each second, of the output and of the captures in turn, is one gap of at most two periods; a second later every
// stream has the latency that it had before, to a frame; and there are no edges but faded ones.
func TestXrunLocked(t *testing.T) {
	x := startXruns(t, false)
	x.inject(turns(shorter(60*time.Second, 12*time.Second))...)
	x.check()
}

// The same with clocks that are followed.
func TestXrunAdaptive(t *testing.T) {
	x := startXruns(t, true)
	x.inject(turns(shorter(60*time.Second, 12*time.Second))...)
	x.check()
}

// A mix that is late lets the output run dry: that costs what it was late and the buffer, and no stream its latency. The
// sound rings out, whether the output stops then or goes on.
func TestXrunLate(t *testing.T) {
	x := startXruns(t, false)
	x.inject(ofMix, ofMixNow, ofMix, ofMixNow, ofMixNow, ofMixNow)
	x.check()
}
