package main

import (
	"errors"
	"strings"
	"time"

	"submix/control"
	"submix/hw/sim"
)

// some is a victim, not the reference.
func (c *chaos) some() *victim { return c.victims[1+c.rng.IntN(len(c.victims)-1)] }

// upTo is a time from least to most, short ones as often as long ones.
func (c *chaos) upTo(least, most time.Duration) time.Duration {
	d := least
	for d < most && c.rng.IntN(4) > 0 {
		d *= 2
	}
	return min(most, d+time.Duration(c.rng.Int64N(int64(d))))
}

func (c *chaos) stall() {
	v, d := c.some(), c.upTo(10*time.Millisecond, 4*time.Second)
	v.change(d+settleTime, func() {
		if v.card != nil {
			v.card.Stall(d)
		}
	})
}

// hold keeps what is captured back, for longer than the card has room for or not,
// and has it come at once.
func (c *chaos) hold() {
	v, d := c.some(), c.upTo(5*time.Millisecond, 300*time.Millisecond)
	v.change(d+settleTime, func() { v.held = time.Now().Add(d) })
}

// plugged has the kernel tell that a card is there again.
func (c *chaos) plugged(after time.Duration) { time.AfterFunc(after, c.b.devices.ring) }

func (c *chaos) unplug() {
	v, d, slow := c.some(), c.upTo(50*time.Millisecond, 8*time.Second), time.Duration(c.rng.Int64N(int64(2*time.Second)))
	v.change(d+slow+settleTime, func() { v.pull(d, slow) })
	c.plugged(d)
}

// pull unplugs it for d; mu is held.
func (v *victim) pull(d, slow time.Duration) {
	v.out, v.slow = time.Now().Add(d), slow
	if v.card != nil {
		v.card.Unplug()
	}
}

func (c *chaos) rateStep() {
	v, ppm := c.some(), c.rng.Float64()*600-300
	if strings.Contains(v.more, "locked") {
		return // it has the playback card's clock
	}
	v.change(4*settleTime, func() {
		if v.card != nil {
			v.card.SetPPM(ppm)
		}
	})
}

func (c *chaos) xrun() {
	v := c.some()
	v.change(settleTime, func() { v.once = sim.ErrXrun })
}

func (c *chaos) spoil() {
	v := c.some()
	v.change(settleTime, func() { v.spoiled = true })
}

func (c *chaos) talkNonsense() {
	v := c.some()
	v.change(longestPause+2*settleTime, func() { v.absurd = true })
}

func (c *chaos) failOpen() {
	v, d := c.some(), c.upTo(time.Second, 8*time.Second)
	v.change(d+longestPause+settleTime, func() { // of which the kernel tells nothing
		v.refused = time.Now().Add(d)
		v.why = []error{control.ErrBusy, control.ErrUnsuitable, errors.New("the hub has no bandwidth left")}[c.rng.IntN(3)]
		if v.card != nil {
			v.card.Unplug()
		}
	})
}

// disturb says that streams come and go.
func (c *chaos) disturb(d time.Duration) {
	for _, v := range c.victims[1:] {
		v.change(d, func() {})
	}
}

func (c *chaos) reload() {
	c.disturb(2 * settleTime)
	text := c.toml(c.rng.IntN(4))
	if c.rng.IntN(4) == 0 {
		text = text[:c.rng.IntN(len(text))]
	}
	c.configure(text)
	if !strings.Contains(text, "\"mic\"") {
		defer c.ear.loosened()() // half a file that is one may be one without the reference
	}
	c.order("reload")
	c.configure(c.toml(0))
	if reply := c.order("reload"); reply.Err != nil {
		c.fail("reload: %v", reply)
	}
}

// rewind plays the file again if it has ended.
func (c *chaos) rewind() {
	c.victim("tape").change(settleTime, func() {})
	c.order("add tape")
}

// halt has the card of the playback run dry, or nearly.
func (c *chaos) halt() {
	d := c.upTo(10*time.Millisecond, 500*time.Millisecond)
	c.disturb(d + 2*settleTime)
	c.ear.loosen(d + settleTime)
	c.out.mu.Lock()
	defer c.out.mu.Unlock()
	c.out.halt = d
}

// pull unplugs the playback card for a while.
func (c *chaos) pull() {
	d := c.upTo(50*time.Millisecond, 8*time.Second)
	c.disturb(d + 2*settleTime)
	c.ear.loosen(d + 2*settleTime)
	c.out.mu.Lock()
	defer c.out.mu.Unlock()
	c.out.pulled = time.Now().Add(d)
	c.plugged(d)
}

func (c *chaos) end()    { c.endWith("end") }
func (c *chaos) endNow() { c.endWith("end now") }

func (c *chaos) endWith(line string) {
	defer c.ear.loosened()()
	c.disturb(10 * time.Minute)
	c.order(line)
	for range 600 { // a file plays on, a card that is being opened is waited for
		if time.Sleep(100 * time.Millisecond); c.order("start").Err == nil {
			for _, v := range c.victims {
				v.calm = time.Now().Add(2 * settleTime)
			}
			return
		}
	}
	c.fail("the mix has not ended a minute after %s", line)
}

func (c *chaos) muteOut() {
	defer c.ear.loosened()()
	c.order("mute out")
	time.Sleep(c.upTo(10*time.Millisecond, 2*time.Second))
	c.order("unmute out")
}

// silence unplugs everything but the reference, while a command that lasts keeps others out, and listens.
func (c *chaos) silence() {
	const pause, length = 3 * time.Second, 4 * time.Second // a card that is being opened is in first, and goes
	over := make(chan struct{})
	c.alone <- func() {
		defer close(over)
		c.sendHome()
		c.b.Remove("tape") // which may be out
		for _, v := range c.victims[1:] {
			v.change(length+2*settleTime, func() { v.pull(length, 0) })
		}
		c.plugged(length)
		time.Sleep(pause)
		c.ear.quiet.Store(true)
		time.Sleep(length - pause)
		c.ear.quiet.Store(false)
	}
	c.do("save") // or another that came first
	<-over
}
