package drift

import (
	"math"
	"testing"
)

// A clock that changes at once is followed before the cushion of 1 ms is used up
// and the buffer, of 16 blocks, full.
func TestSteps(t *testing.T) {
	rates := []float64{0, 300, -400, 600}
	cards := []struct {
		name  string
		end   float64
		drift func(float64) float64
	}{
		{"+200 ppm at 30 s", 45, step(30, 0, 200)},
		{"another rate every minute", 240, func(s float64) float64 { return rates[min(int(s/60), len(rates)-1)] }},
		{"+2000 ppm from the start", 20, constant(2000)},
		{"-2000 ppm from the start", 20, constant(-2000)},
		{"+2000 ppm at 30 s", 45, step(30, 0, 2000)},
		{"-2000 ppm at 30 s", 45, step(30, 0, -2000)},
	}
	for _, timing := range []timing{whole, both, bursts, jitter} {
		for _, block := range []int{240, 96} {
			for _, card := range cards {
				s := newSim(sameRates, block, timing, 1e-3, card.drift)
				need, room, settled, off := math.Inf(1), math.Inf(1), 0.0, 0.0
				s.run(card.end, func() {
					need = min(need, s.level()) // after a block was taken
					room = min(room, 15*s.block-s.captured+s.taken)
					if s.wrong() > 20 {
						settled = s.seconds()
					}
					off = max(off, math.Abs(s.off()))
				})
				if need < 0 || room < 0 || s.loop.Lock() != Locked {
					t.Errorf("%s, block %d, %s: %.1f frames left of the cushion, %.0f free, %v", timing.name, block, card.name, need, room, s.loop.Lock())
				}
				t.Logf("%-16s block %3d, %-25s: %5.1f of 48 frames of cushion left, %4.0f free; within 20 ppm from %6.2f s, fill off by %.2f ms at most",
					timing.name, block, card.name, need, room, settled, off*1e3)
			}
		}
	}
}

// A step that no crystal makes costs more than the cushion, not more than a second.
func TestGreatStep(t *testing.T) {
	for _, timing := range []timing{whole, bursts} {
		for _, ppm := range []float64{5000, -5000} {
			s := newSim(sameRates, block, timing, 1e-3, step(60, 0, ppm))
			settled, off := 0.0, 0.0
			s.run(70, func() {
				if s.wrong() > 20 {
					settled = s.seconds() - 60
				}
				off = max(off, math.Abs(s.off()))
			})
			t.Logf("%-16s %+.0f ppm at 60 s: within 20 ppm after %.2f s, fill off by %.2f ms at most", timing.name, ppm, settled, off*1e3)
			if settled > 1 || off > 2e-3 {
				t.Error("too far")
			}
		}
	}
}

// Also in jitter, whatever its course.
func TestStepInJitter(t *testing.T) {
	const runs = 20
	for _, block := range []int{240, 96} {
		for _, ppm := range []float64{-2000, -500} {
			mean, least := 0.0, math.Inf(1)
			for seed := range uint64(runs) {
				s := newSim(sameRates, block, jitter, 1e-3, step(20, 0, ppm))
				s.seed(seed)
				need := math.Inf(1)
				s.run(24, func() { need = min(need, s.level()) })
				mean, least = mean+need/runs, min(least, need)
			}
			t.Logf("block %3d, %+.0f ppm at 20 s, %d runs: %.1f of 48 frames of cushion left on average, %.1f at worst", block, ppm, runs, mean, least)
			if least < 0 {
				t.Error("shortage")
			}
		}
	}
}

// A clock that changes slowly is followed without losing lock or latency.
func TestTemperature(t *testing.T) {
	for _, timing := range []timing{whole, both, jitter} {
		for _, card := range []struct {
			name  string
			drift func(float64) float64
		}{
			{"1 ppm/s up by 100 ppm and back", func(s float64) float64 { return clamp(min(s-60, 260-s), 0, 100) }},
			{"20 ppm over 10 min", func(s float64) float64 { return 20 * math.Sin(2*math.Pi*s/600) }},
			{"warming up by 8 ppm", func(s float64) float64 { return 8 * (1 - math.Exp(-s/200)) }},
		} {
			s := newSim(sameRates, block, timing, 1e-3, card.drift)
			lock, off, wrong := locks{}, 0.0, 0.0
			s.run(400, func() {
				lock.note(s)
				if s.seconds() > 40 {
					off, wrong = max(off, math.Abs(s.off())), max(wrong, s.wrong())
				}
			})
			t.Logf("%-16s %-30s: fill off by %.3f ms, drift by %5.2f ppm at most", timing.name, card.name, off*1e3, wrong)
			if off > 0.55e-3 || lock.gained != 1 || lock.lost != 0 {
				t.Errorf("lock gained %d times, lost %d times", lock.gained, lock.lost)
			}
		}
	}
}
