package drift

import (
	"flag"
	"math"
	"testing"
)

var hours = flag.Float64("hours", 0.5, "simulated hours of TestDay, which with 24 takes a minute under the race detector")

// After a day the latency is what it was, also if the rooms warm up and cool
// down meanwhile.
func TestDay(t *testing.T) {
	for _, card := range []struct {
		name  string
		drift func(float64) float64
	}{
		{"steady", constant(86)},
		{"20 ppm up and down a day", func(s float64) float64 { return 86 + 20*math.Sin(2*math.Pi*s/86400) }},
	} {
		s := newSim(sameRates, block, whole, 1e-3, card.drift)
		s.run(60, nil)
		start, lock, off := s.off(), locks{}, 0.0
		s.run(*hours*3600, func() {
			off = max(off, math.Abs(s.off()-start))
			lock.note(s)
		})
		t.Logf("%s, %g hours: latency %+.4f ms from that after a minute, %.4f ms at most on the way; drift off by %.4f ppm", card.name, *hours, (s.off()-start)*1e3, off*1e3, s.wrong())
		if math.Abs(s.off()-start) > 0.1e-3 || off > 0.1e-3 || lock.gained != 1 || lock.lost != 0 {
			t.Errorf("lock gained %d times, lost %d times", lock.gained, lock.lost)
		}
	}
}

// A new target is approached without a jump of the ratio, and lock is kept.
func TestSetTarget(t *testing.T) {
	for _, timing := range []timing{whole, bursts} {
		for _, change := range []float64{144, -144} { // 3 ms
			s := newSim(sameRates, block, timing, 10e-3, constant(-120))
			s.run(60, nil)
			s.loop.SetTarget(s.loop.steering.target + change)
			lock := locks{was: s.loop.Lock()}
			most, jump, lag, arrived, last := 0.0, 0.0, 0.0, 0.0, s.loop.Ratio()
			s.run(90, func() {
				lock.note(s)
				ratio := s.loop.Ratio()
				most = max(most, math.Abs(ratio-1+120e-6))
				jump = max(jump, math.Abs(ratio-last))
				last = ratio
				if math.Abs(s.off()) > 0.1e-3 {
					arrived = s.seconds() - 60
				}
				lag = max(lag, math.Abs(s.fill()-s.loop.steering.reference)/s.rate)
			})
			t.Logf("%-16s target %+.0f ms: within 0.1 ms after %.1f s, %.3f ms off its way at most; ratio moved by %.0f ppm at most, by %.1f in a block", timing.name, change/48, arrived, lag*1e3, most*1e6, jump*1e6)
			if lock.lost != 0 || most > 550e-6 || jump > 30e-6 || arrived > 12 || lag > 0.1e-3 {
				t.Errorf("lock lost %d times", lock.lost)
			}
		}
	}
}

// After a gap the fill is known at once and the drift still.
func TestResync(t *testing.T) {
	for _, timing := range []timing{whole, bursts, jitter} {
		s := newSim(sameRates, block, timing, 1e-3, constant(333))
		s.run(60, nil)
		lock := locks{was: s.loop.Lock()}
		s.captured += 5000 // the refill put the fill at its target but for 3 frames
		s.played += 5003
		s.taken += 5003
		s.burst = math.Floor(s.captured/512) * 512
		s.loop.Resync()
		wrong, moved := 0.0, 0.0
		s.run(120, func() {
			lock.note(s)
			wrong = max(wrong, s.wrong())
			if s.seconds() > 61 {
				moved = max(moved, math.Abs((s.loop.Ratio()-1)*1e6-333))
			}
		})
		t.Logf("%-16s drift off by %.3f ppm at most after a gap, the ratio by %.2f; fill off by %.3f ms a minute later", timing.name, wrong, moved, s.off()*1e3)
		if wrong > 1 || lock.lost != 0 || math.Abs(s.off()) > 0.1e-3 {
			t.Errorf("lock lost %d times", lock.lost)
		}
	}
}

// A gap that is not refilled to the target costs lock, not the drift.
func TestResyncFarOff(t *testing.T) {
	s := newSim(sameRates, block, whole, 1e-3, constant(333))
	s.run(60, nil)
	s.captured += 480
	s.loop.Resync()
	lock := locks{was: s.loop.Lock()}
	wrong := 0.0
	s.run(120, func() {
		lock.note(s)
		wrong = max(wrong, s.wrong())
	})
	t.Logf("10 ms too much after a gap: drift off by %.3f ppm at most, locked again after %.1f s", wrong, lock.first-60)
	if wrong > 0.1 || lock.lost != 1 || lock.gained != 1 || lock.first > 90 {
		t.Errorf("lock lost %d times, gained %d times", lock.lost, lock.gained)
	}
}

// A clock that is too far off is said to be, and nothing is wound up by it.
func TestOutOfRange(t *testing.T) {
	for _, timing := range []timing{whole, bursts, jitter} {
		for _, far := range []float64{15000, -15000} {
			s := newSim(sameRates, block, timing, 1e-3, step(30, far, 100))
			said, highest := 0.0, 0.0
			s.run(30, func() {
				if s.loop.Lock() != OutOfRange {
					said = s.seconds()
				}
				highest = max(highest, math.Abs(s.loop.Ratio()-1))
			})
			back, lock, lost := 0.0, locks{}, 0
			s.run(60, func() {
				lock.note(s)
				if s.wrong() > 2 {
					back = s.seconds() - 30
				}
				// What has run away while the clock was out of range is dropped by the mixer.
				if math.Abs(s.off()) > 0.1 {
					s.played += s.off() * s.rate
					s.loop.Resync()
					lost++
				}
			})
			t.Logf("%-16s %+6.0f ppm: out of range after %.2f s, ratio moved by %.0f ppm at most; back at 100 ppm within 2 ppm after %.2f s, locked after %.2f s",
				timing.name, far, said, highest*1e6, back, lock.first-30)
			if said > 2 || highest > Limit+1e-12 || highest < Limit-1e-12 || lock.gained != 1 || lock.first-30 > 15 || lost > 1 {
				t.Errorf("locked %d times, dropped %d times", lock.gained, lost)
			}
		}
	}
	// At the edge it does not flap.
	s := newSim(sameRates, block, whole, 1e-3, func(s float64) float64 { return 9500 + 50*math.Sin(s) })
	changes, was := 0, s.loop.Lock()
	s.run(60, func() {
		if now := s.loop.Lock(); now != was {
			changes, was = changes+1, now
		}
	})
	t.Logf("9450 to 9550 ppm: %d changes in a minute, %v", changes, was)
	if changes > 2 {
		t.Error("it flaps")
	}
}
