//go:build vm

package guest

import (
	"fmt"
	"math"
	"strings"
	"testing"
	"time"

	"submix/mixer/analyse"
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

// injection is one xrun of a device: of the output, or of stream who.
type injection struct {
	who   int                  // -1: the output
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
}

func startXruns(t *testing.T, adaptive bool) *xrunTest {
	x := &xrunTest{t: t, adaptive: adaptive}
	x.out = startRecorder(t, "hw:Out,1", 6)
	for k, card := range []string{"SrcA", "SrcB", "SrcC"} {
		x.players = append(x.players, startPlayer(t, "hw:"+card+",0", 6, 240, marked(k)))
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
		time.Sleep(10 * time.Second)
	}
	time.Sleep(2 * time.Second)
	return x
}

// inject forces an xrun each second, at the output and at the captures in turn.
func (x *xrunTest) inject(length time.Duration) {
	paths := map[int]string{-1: "/proc/asound/Out/pcm0p/sub0/xrun_injection"}
	for k, s := range drifters {
		paths[k] = "/proc/asound/" + s.card + "/pcm1c/sub0/xrun_injection"
	}
	x.outXruns[0] = x.box.status()["xruns"]
	start := time.Now()
	for i := range int(length / time.Second) {
		// Each at another moment of a block, and of a tick.
		time.Sleep(time.Until(start.Add(time.Duration(i)*time.Second + time.Duration(i*i)*1370*time.Microsecond%(7*time.Millisecond))))
		who := -1
		if i%2 == 1 {
			who = i / 2 % 3
		}
		x.injections = append(x.injections, x.now(who))
		writeFile(x.t, paths[who], "1")
	}
	time.Sleep(time.Second)
	x.last = x.now(-1)
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

func (x *xrunTest) sample(frame, channel int) int16 { return x.mix[6*frame+channel] }

// offset is by how many frames the recording is behind the source k at a frame of the recording, if it was about guess.
func (x *xrunTest) offset(k, frame int, guess int64) float64 {
	const frames, reach = 4800, 1000
	source := marked(k)
	if !x.adaptive {
		for off := guess - reach; off <= guess+reach; off++ {
			if matches(source, int64(frame)-off, []int{2 * k}, 200, func(f, c int) int16 { return x.sample(frame+f, c) }) == 200 {
				return float64(off)
			}
		}
		x.t.Fatalf("stream %c: its signal is not in the mix at frame %d", 'a'+k, frame)
	}
	a, b := make([]float64, frames), make([]float64, frames)
	for i := range a {
		a[i], b[i] = float64(source(int64(frame+i)-guess, 2*k)), float64(x.sample(frame+i, 2*k))
	}
	return float64(guess) + analyse.Delay(a, b, reach)
}

// silences are the runs of silence of stream k, of five frames and more.
func (x *xrunTest) silences(k, from, to int) []analyse.Gap {
	var list []analyse.Gap
	run := 0
	for f := from; f <= to; f++ {
		if f < to && x.sample(f, 2*k) == 0 {
			run++
			continue
		}
		if run >= 5 {
			list = append(list, analyse.Gap{Frame: int64(f - run), Frames: run})
		}
		run = 0
	}
	return list
}

// clicks are the places where the second derivative of the tone of stream k is beyond that of a tone with fades of 2 ms.
func (x *xrunTest) clicks(k, from, to int) (places []int, most float64) {
	omega := 2 * math.Pi * xrunHz / 48000
	const fade, rounding = 96.0, 4.0 / 32768
	bound := xrunLevel*(omega*omega+1/fade) + rounding // where a fade begins on a crest
	at := func(f int) float64 { return float64(x.sample(f, 2*k+1)) / 32768 }
	for f := from; f < to; f++ {
		d := math.Abs(at(f) - 2*at(f-1) + at(f-2))
		most = max(most, d)
		if n := len(places); d > bound && (n == 0 || f > places[n-1]+5) {
			places = append(places, f)
		}
	}
	return places, most
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
			case len(silences) > 1 || total > twoPeriods:
				x.t.Errorf("stream %c: silent for %v", 'a'+k, silences)
			case one.who >= 0 && len(clicks) > 0 || len(clicks) > 1: // where the output stops, there is no fade
				x.t.Errorf("stream %c clicks at %v", 'a'+k, clicks)
			}
			longest[min(1, one.who+1)] = max(longest[min(1, one.who+1)], total)
			if !hit && !x.adaptive {
				from := one.frame - 2400
				if n := matches(marked(k), int64(from)-int64(offsets[k]), []int{2 * k, 2*k + 1}, to-from-2400, func(f, c int) int16 { return x.sample(from+f, c) }); n < to-from-2400 {
					x.t.Errorf("stream %c had no xrun and is not bit-exact at frame %d", 'a'+k, from+n)
				}
			}
		}
	}
	x.t.Logf("%d xruns: the longest silence is %d frames for one of the output, %d for one of a capture; the latency moved by %.2f frames at most",
		len(x.injections), longest[0], longest[1], worst)
	x.counted()
}

// guess is about where stream k is, by the tone's correlation: the noise is looked for over a second.
func (x *xrunTest) guess(k, frame int) int64 {
	const frames = 4800
	source := marked(k)
	now := x.players[k].played - int64(len(x.mix)/6-frame) // about the frame that was played then
	best, most := int64(0), 0.0
	for back := int64(-24000); back < 24000; back++ {
		sum := 0.0
		for i := range 64 {
			sum += float64(source(now-back+int64(i), 2*k)) * float64(x.sample(frame+i, 2*k))
		}
		if sum > most {
			best, most = int64(frame)-now+back, sum
		}
	}
	return best
}

// counted checks that every xrun was counted where it was, and nothing else.
func (x *xrunTest) counted() {
	want := map[int]int{}
	for _, one := range x.injections {
		want[one.who]++
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
	if n := counts[1] - counts[0]; n != want[-1] {
		x.t.Errorf("the output had %d xruns, %d are counted", want[-1], n)
	}
}

func name(who int) string {
	if who < 0 {
		return "the output"
	}
	return "stream " + string(rune('a'+who))
}

func lengths(gaps []analyse.Gap) (all []int) {
	for _, g := range gaps {
		all = append(all, g.Frames)
	}
	return all
}

// An xrun each second, of the output and of the captures in turn, is one gap of at most two periods; a second later every
// stream has the latency that it had before, to a frame; and there are no edges but faded ones.
func TestXrunLocked(t *testing.T) {
	x := startXruns(t, false)
	x.inject(shorter(60 * time.Second))
	x.check()
}

// The same with clocks that are followed.
func TestXrunAdaptive(t *testing.T) {
	x := startXruns(t, true)
	x.inject(shorter(60 * time.Second))
	x.check()
}
