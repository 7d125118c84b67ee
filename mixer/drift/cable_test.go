package drift

import "math"

// A cable is snd-aloop as the kernel has it, with both ends open, a harder clock than
// buildroot/patches makes of it: 48 kHz, S32 stereo, ticks of 1 ms, its rate shifted to
// 48000*100000/shift. An end moves in whole frames, from tick to tick by what its
// share of the period says; when one moves further, the other is moved as far, and
// is to make up for it at its next tick. So both wander by frames, for seconds. See
// loopback_jiffies_timer_pos_update in sound/drivers/aloop.c of Linux 6.12.
type cable struct {
	shift uint64
	ends  [2]cableEnd
	moved uint64 // bytes, since the beginning
}

type cableEnd struct {
	period uint64 // in units of pos
	pos    uint64 // bytes times ticks a second, unshifted, within the period
	owes   uint64 // bytes
}

const (
	cableFrame   = 8                  // bytes
	cablePerTick = 48000 * cableFrame // units of pos
	cableTicks   = 1000               // a second
	cableNoShift = 100000
	cablePeriods = 240 * cableFrame // bytes
)

// newCable makes a cable about ppm fast, on which the second end starts some ticks
// after the first.
func newCable(ppm float64, apart int) *cable {
	c := &cable{shift: uint64(math.Round(cableNoShift / (1 + ppm*1e-6)))}
	for i := range c.ends {
		c.ends[i].period = c.shift * cablePeriods * cableTicks / cableNoShift
	}
	for range apart {
		c.ends[0].move(c.shift, 1)
	}
	return c
}

// wander is the timing of a cable, looked at at every tick, and how fast it is.
func wander(ppm float64, apart int) (t timing, truePPM float64) {
	c := newCable(ppm, apart)
	for range 1000 + apart {
		c.move(1)
	}
	begin, ticks := float64(c.moved), 0.0
	return timing{"a cable", func(s *sim) (float64, bool) {
		for range block / (48000 / cableTicks) {
			c.move(1)
			ticks++
		}
		even := ticks * cablePerTick / cableTicks * (1 + c.ppm()*1e-6)
		return s.captured + (float64(c.moved)-begin-even)/cableFrame - s.played, true
	}, 0, 1}, c.ppm()
}

// ppm is by how much it is fast.
func (c *cable) ppm() float64 { return (cableNoShift/float64(c.shift) - 1) * 1e6 }

// move moves both ends by so many ticks at once, as they are when nothing has
// looked at the cable in between.
func (c *cable) move(ticks uint64) {
	a, b := c.ends[0].move(c.shift, ticks), c.ends[1].move(c.shift, ticks)
	if a < b {
		c.ends[1].owes = b - a
	} else if a > b {
		c.ends[0].owes = a - b
	}
	c.moved += max(a, b)
}

// move returns by how many bytes the end would move.
func (e *cableEnd) move(shift, ticks uint64) (bytes uint64) {
	before := e.bytes(shift)
	e.pos += ticks * cablePerTick
	if bytes = e.bytes(shift) - before; bytes >= e.owes {
		bytes -= e.owes
	}
	e.owes = 0
	if e.pos >= e.period {
		e.pos %= e.period
	}
	return bytes
}

func (e *cableEnd) bytes(shift uint64) uint64 {
	x := cableNoShift * e.pos / (cableTicks * shift)
	return x - x%cableFrame
}
