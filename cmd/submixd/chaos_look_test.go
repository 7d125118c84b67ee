package main

import (
	"fmt"
	"math"
	"runtime"
	"strings"
	"time"

	"submix/control"
	"submix/mixer"
)

// A footprint is what the box takes when all is well.
type footprint struct {
	heap       uint64 // bytes, after a collection
	goroutines int
	open       int32 // sources
}

func (f footprint) String() string {
	return fmt.Sprintf("%d KiB, %d goroutines, %d sources", f.heap>>10, f.goroutines, f.open)
}

// look checks what must hold at all times.
func (c *chaos) look() {
	if n := len(c.log.Tail(1 << 20)); n > control.LogEntries {
		c.fail("the log holds %d entries", n)
	}
	if n := runtime.NumGoroutine(); n > 200 {
		c.fail("%d goroutines", n)
	}
	seen := map[string]bool{}
	streams := c.b.mixer().Streams()
	if n := int(c.open.Load()); n > len(streams)+2 { // one is being added, one removed
		c.fail("%d sources are open for %d streams", n, len(streams))
	}
	for _, s := range streams {
		if seen[s.Name] {
			c.fail("%s is in the mix twice", s.Name)
		}
		seen[s.Name] = true
		c.lookAt(s)
	}
	if !seen["ref"] && !c.ear.isLoose() {
		c.fail("the reference is not in the mix")
	}
}

func (c *chaos) lookAt(s mixer.StreamInfo) {
	v := c.victim(s.Name)
	for _, x := range []float64{s.PeakDB, s.RMSDB, s.DriftPPM, s.GainDB} {
		if math.IsNaN(x) || math.IsInf(x, 1) {
			c.fail("%s has a figure that is none: %+v", s.Name, s)
		}
	}
	if s.Latency < 0 || s.Latency > 2*time.Second || s.Target < 0 || s.Target > 2*time.Second {
		c.fail("%s: latency %v of %v", s.Name, s.Latency, s.Target)
	}
	if v == nil || v.own && c.ear.isLoose() {
		return
	}
	if s.State == mixer.Failed || s.State == mixer.Ended && !v.file {
		if state, _ := c.b.State(); state != control.StateEnded && state != control.StateEnding {
			c.fail("%s is %s: %s", s.Name, s.State, s.Reason)
		}
	}
	restless, out := v.restless()
	if restless {
		v.far = time.Time{}
	}
	switch {
	case restless || v.file && s.State == mixer.Ended || s.State == mixer.Gone && out:
	case s.State != mixer.Live:
		c.fail("%s is %s (%s), though nothing has been wrong with it for a while", s.Name, s.State, s.Reason)
	case !v.file:
		v.lookAtLatency(c, s)
	}
}

// latencyBound is how far a stream may be from the latency that it is held at
// when nothing has been wrong with it for settleTime: a block and a millisecond; if
// no clock is followed, a millisecond. Beyond, it must be on its way there: a target
// that was raised is not jumped to.
func (v *victim) latencyBound() time.Duration {
	if strings.Contains(v.more, "locked") {
		return time.Millisecond
	}
	return chaosBlock*time.Second/chaosRate + time.Millisecond
}

func (v *victim) lookAtLatency(c *chaos, s mixer.StreamInfo) {
	off, now := (s.Latency - s.Target).Abs(), time.Now()
	switch {
	case off <= v.latencyBound():
		v.worst, v.far = max(v.worst, off), time.Time{}
	case v.far.IsZero() || s.Target != v.goal:
		v.far, v.off, v.goal = now, off, s.Target
		c.glides++
	case now.Sub(v.far) < time.Second:
	case off > v.off-500*time.Microsecond:
		c.fail("%s: latency %v, target %v, and a second ago it was not further off: %v", s.Name, s.Latency, s.Target, v.off)
		fallthrough
	default:
		v.far, v.off = now, off
	}
}

// worst says by how much each stream was off its latency at worst.
func (c *chaos) worst() string {
	var b strings.Builder
	for _, v := range c.victims {
		fmt.Fprintf(&b, " %s %.2f", v.name, v.worst.Seconds()*1000)
	}
	return b.String()
}

func (c *chaos) plugAll() {
	for _, v := range c.victims {
		v.change(0, func() { v.out, v.refused, v.slow = time.Time{}, time.Time{}, 0 })
	}
	c.b.devices.ring()
}

// mend puts everything right, and everything must be as in the beginning.
func (c *chaos) mend() {
	c.plugAll()
	c.rest(20 * time.Second)
	c.clients.Wait()
	c.sendHome()
	for _, v := range c.victims[1:] {
		c.order("remove " + v.name)
		c.order("add " + v.name)
	}
	c.rest(2 * settleTime)
	for _, v := range c.victims {
		if s, ok := c.b.mixer().Stream(v.name); !ok {
			c.fail("%s is not in the mix", v.name)
		} else if info := s.Info(); info.State != mixer.Live {
			c.fail("%s is %s after all was mended", v.name, info.State)
		}
	}
	c.last = c.measure()
	if c.base == (footprint{}) {
		c.base = c.last
	}
	c.heaps = append(c.heaps, float64(c.last.heap)/1024)
	if c.last.goroutines != c.base.goroutines || c.last.open != c.base.open || c.last.heap > c.base.heap+96<<10 {
		c.fail("at first there were %v; now %v", c.base, c.last)
	}
}

// Of a day: by how many KiB the heap of its last quarter may be larger than that of its
// second, in which all is there that is made once. It is 26,000 faults later: a byte and
// a half that each leaves behind is found.
const (
	flatDay = 24
	flatKiB = 32
)

// flat checks that the heap did not grow, if it was looked at for a day.
func (c *chaos) flat() {
	if len(c.heaps) < flatDay {
		return
	}
	mean := func(from, to int) (sum float64) {
		for _, kiB := range c.heaps[from:to] {
			sum += kiB / float64(to-from)
		}
		return sum
	}
	n := len(c.heaps)
	second, last := mean(n/4, n/2), mean(n*3/4, n)
	c.Logf("heap: %.0f KiB in the second quarter, %.0f in the last", second, last)
	if last > second+flatKiB {
		c.fail("the heap grows: %.0f KiB", c.heaps)
	}
}

func (c *chaos) measure() footprint {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return footprint{m.HeapAlloc, runtime.NumGoroutine(), c.open.Load()}
}

// sendHome removes the streams that are not of the configuration.
func (c *chaos) sendHome() {
	for _, s := range c.b.mixer().Streams() {
		if c.victim(s.Name) == nil {
			c.b.Remove(s.Name)
		}
	}
}
