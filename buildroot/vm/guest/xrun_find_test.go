//go:build vm

package guest

import (
	"math"

	"submix/mixer/analyse"
)

// What is looked for in the recording of an xrunTest.

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

// silences are the runs of silence of stream k, of five frames and more. Within 5 ms they are one: noise that rings out is
// silent for some frames before it is for good.
func (x *xrunTest) silences(k, from, to int) []analyse.Gap {
	var list []analyse.Gap
	run := 0
	for f := from; f <= to; f++ {
		if f < to && x.sample(f, 2*k) == 0 {
			run++
			continue
		}
		if gap := (analyse.Gap{Frame: int64(f - run), Frames: run}); run >= 5 {
			if n := len(list) - 1; n >= 0 && gap.Frame < list[n].Frame+int64(list[n].Frames)+240 {
				gap = analyse.Gap{Frame: list[n].Frame, Frames: f - int(list[n].Frame)}
				list = list[:n]
			}
			list = append(list, gap)
		}
		run = 0
	}
	return list
}

// clicks are the places where the second derivative of the tone of stream k is beyond that of a tone with fades of 2 ms.
// Within 2 ms they are one.
func (x *xrunTest) clicks(k, from, to int) (places []int, most float64) {
	omega := 2 * math.Pi * xrunHz / 48000
	const fade, rounding = 96.0, 4.0 / 32768
	bound := xrunLevel*(omega*omega+1/fade) + rounding // where a fade begins on a crest
	last := from - 97
	at := func(f int) float64 { return float64(x.sample(f, 2*k+1)) / 32768 }
	for f := from; f < to; f++ {
		d := math.Abs(at(f) - 2*at(f-1) + at(f-2))
		most = max(most, d)
		if d > bound {
			if f > last+96 {
				places = append(places, f)
			}
			last = f
		}
	}
	return places, most
}

// astray is by how many units of 16 bits a sample of the tone of stream k is at most not what the two before it say of a
// tone. A frame that is missing, or there twice, makes 84 on a crest of the tone and 1280 between them; a twentieth of a
// frame, up to 64.
func (x *xrunTest) astray(k, from, to int) (most float64) {
	next := 2 * math.Cos(2*math.Pi*xrunHz/48000)
	at := func(f int) float64 { return float64(x.sample(f, 2*k+1)) }
	for f := from + 2; f < to; f++ {
		most = max(most, math.Abs(at(f)-next*at(f-1)+at(f-2)))
	}
	return most
}

// guess is about by how many frames the recording is behind the source k, within half a second of when it was played.
func (x *xrunTest) guess(k, frame int) int64 {
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

func lengths(gaps []analyse.Gap) (all []int) {
	for _, g := range gaps {
		all = append(all, g.Frames)
	}
	return all
}
