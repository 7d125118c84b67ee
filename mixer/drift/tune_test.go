package drift

import (
	"fmt"
	"math"
	"testing"
)

var cd = Config{48000, 48000}

func TestTune(t *testing.T) {
	for _, tm := range []timing{clean, ticks, bursts, jitter} {
		for _, ppm := range []float64{500, -500, 200, -200, 1, 0} {
			s := newSim(cd, 240, tm, 288, constant(ppm))
			last, lockAt, lost := 0.0, -1.0, 0
			was := Seeking
			var sq, n float64
			worstFill := 0.0
			s.run(240, func() {
				if math.Abs(s.loop.PPM()-ppm) > 2 {
					last = s.seconds()
				}
				if l := s.loop.Lock(); l != was {
					if l == Locked && lockAt < 0 {
						lockAt = s.seconds()
					}
					if was == Locked {
						lost++
					}
					was = l
				}
				worstFill = max(worstFill, math.Abs(s.fill()-s.loop.target))
				if s.seconds() > 30 {
					d := (s.loop.Ratio()-1)*1e6 - ppm
					sq += d * d
					n++
				}
			})
			fmt.Printf("%-26s %5.0f: 2ppm at %5.2f s, lock %5.2f, lost %d, wobble %.4f ppm, worst fill %.1f, sd %.3f end err %.3f mem %.1f noise %.2f\n", tm.name, ppm, last, lockAt, lost, math.Sqrt(sq/n), worstFill, math.Sqrt(s.loop.pdd)*1e6, s.loop.PPM()-ppm, s.loop.known()/48000, math.Sqrt(s.loop.variance))
		}
	}
}

func TestTuneSNR(t *testing.T) {
	for _, tm := range []timing{clean, ticks, bursts, jitter} {
		for _, ppm := range []float64{200, -200, 200.37, 0, 1, 2, -2.6, 7.3, 23, 55} {
			s := newSim(cd, 240, tm, 288, constant(ppm))
			var ratios []float64
			s.run(620, func() { ratios = append(ratios, s.loop.Ratio()) })
			out := ""
			for _, from := range []int{5, 10, 20, 40, 60, 120, 300} {
				w := 0.0
				for k := from; k < min(from*2, 619); k++ {
					w = max(w, residual(ratios[k*200:(k+1)*200], 240))
				}
				out += fmt.Sprintf(" %d:%.1f", from, dB(w))
			}
			fmt.Printf("%-26s %6.1f: worst 1 s window dB from s%s\n", tm.name, ppm, out)
		}
	}
}

func dB(frames float64) float64 { return -20 * math.Log10(frames*2*math.Pi*10000/48000) }

// rms of integrated ratio after linear fit
func residual(ratios []float64, block float64) float64 {
	n := float64(len(ratios))
	var x float64
	var sx, st, sxt, stt float64
	xs := make([]float64, len(ratios))
	for i, r := range ratios {
		x += (r - ratios[0]) * block
		xs[i] = x
		ti := float64(i) - (n-1)/2
		sx += x
		st += ti
		sxt += x * ti
		stt += ti * ti
	}
	b := sxt / stt
	m := sx / n
	e := 0.0
	for i := range xs {
		ti := float64(i) - (n-1)/2
		d := xs[i] - m - b*ti
		e += d * d
	}
	return math.Sqrt(e / n)
}
func TestTuneStep(t *testing.T) {
	for _, tm := range []timing{clean, ticks, bursts, jitter} {
		for _, block := range []int{240, 96} {
			for _, step := range []float64{200, -200, 500, 1000, 2000, -2000, 4000} {
				for _, at := range []float64{0, 60} {
					s := newSim(cd, block, tm, float64(block)+48, stepAt(at, 0, step))
					lo, hi, fixed := math.Inf(1), 0.0, 0.0
					s.run(90, func() {
						lo = min(lo, s.level()-0)
						hi = max(hi, s.level()+float64(block))
						if math.Abs(s.loop.PPM()-step) > 20 && s.seconds() > at {
							fixed = s.seconds() - at
						}
					})
					fmt.Printf("%-26s block %d step %5.0f at %2.0f: low %6.1f high %6.1f, 20 ppm after %.2f s; %v\n", tm.name, block, step, at, lo, hi, fixed, s.loop.Lock())
				}
			}
		}
	}
}
func TestTuneRamp(t *testing.T) {
	tri := func(t float64) float64 {
		switch {
		case t < 30:
			return 0
		case t < 130:
			return t - 30
		case t < 230:
			return 230 - t
		}
		return 0
	}
	sine := func(t float64) float64 { return 20 * math.Sin(2*math.Pi*t/600) }
	for _, tm := range []timing{clean, ticks, bursts, jitter} {
		for i, f := range []func(float64) float64{tri, sine} {
			s := newSim(cd, 240, tm, 288, f)
			worst, lost, was, wp := 0.0, 0, Seeking, 0.0
			s.run(900, func() {
				if s.seconds() > 30 {
					worst = max(worst, math.Abs(s.fill()-s.loop.target))
					wp = max(wp, math.Abs(s.loop.PPM()-s.ppm))
				}
				if was == Locked && s.loop.Lock() != Locked {
					lost++
				}
				was = s.loop.Lock()
			})
			fmt.Printf("%-26s ramp %d: worst fill %.2f frames = %.3f ms, worst ppm %.2f, lost %d\n", tm.name, i, worst, worst/48, wp, lost)
		}
	}
}
