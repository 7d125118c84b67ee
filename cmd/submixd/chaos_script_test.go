package main

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"submix/control"
	"submix/hw/sim"
)

// settleTime is how long after its last trouble a stream must be as if there had
// been none: a second until its card is looked for, which then takes up to two to
// open, and time to fill and to come to its target.
const settleTime = 5 * time.Second

// play runs the script for so long.
func (c *chaos) play(length time.Duration) {
	c.rest(2 * settleTime)
	for hour := 1; c.failures.Load() == 0; hour++ {
		end := min(time.Duration(hour)*time.Hour, length)
		for time.Since(c.began) < end && c.failures.Load() == 0 {
			time.Sleep(time.Duration(c.rng.ExpFloat64() * float64(1500*time.Millisecond)))
			c.step()
			c.look()
		}
		c.mend()
		c.Logf("-seed %d: %.1f hours, %d faults: %v", c.seed, time.Since(c.began).Hours(), c.steps, c.last)
		if end == length {
			return
		}
	}
}

// rest waits, and looks now and then.
func (c *chaos) rest(d time.Duration) {
	for end := time.Now().Add(d); time.Now().Before(end); {
		time.Sleep(200 * time.Millisecond)
		c.look()
	}
}

// step does one thing to the box.
func (c *chaos) step() {
	choices := []struct {
		weight int
		kind   string
		do     func()
	}{
		{20, "stall", c.stall}, {20, "hold", c.hold}, {20, "unplug", c.unplug}, {20, "rate step", c.rateStep},
		{20, "xrun", c.xrun}, {8, "no number", c.spoil}, {5, "nonsense", c.talkNonsense}, {8, "open fails", c.failOpen},
		{30, "command", func() { c.order(c.command()) }}, {15, "storm", func() { c.storm(c.lines()) }},
		{15, "serial storm", func() { c.serial.send(c.lines()) }}, {4, "deaf client", func() { c.deaf(c.lines()) }},
		{6, "hang-up", func() { c.hangUp(c.lines(), c.rng) }}, {6, "reload", c.reload}, {6, "file again", c.rewind},
		{3, "playback xrun", c.halt}, {2, "playback unplug", c.pull}, {2, "end", c.end}, {2, "mute out", c.muteOut},
		{2, "all unplugged", c.silence}, {3, "end now", c.endNow},
	}
	total := 0
	for _, s := range choices {
		total += s.weight
	}
	n := c.rng.IntN(total)
	for _, s := range choices {
		if n -= s.weight; n < 0 {
			c.faults[s.kind]++
			c.steps++
			s.do()
			return
		}
	}
}

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

func (c *chaos) unplug() {
	v, d, slow := c.some(), c.upTo(50*time.Millisecond, 8*time.Second), time.Duration(c.rng.Int64N(int64(2*time.Second)))
	v.change(d+slow+settleTime, func() { v.pull(d, slow) })
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
	v.change(2*settleTime, func() { v.absurd = true })
}

func (c *chaos) failOpen() {
	v, d := c.some(), c.upTo(time.Second, 8*time.Second)
	v.change(d+settleTime, func() {
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

// command is a line that changes a victim, or shows something.
func (c *chaos) command() string {
	v := c.some()
	v.change(settleTime, func() {})
	most := 0
	if c.loud {
		most = control.MaxGainDB
	}
	switch c.rng.IntN(10) {
	case 0:
		return "mute " + v.name
	case 1:
		return "unmute " + v.name
	case 2:
		return "toggle " + v.name
	case 3, 4:
		return fmt.Sprintf("gain %s =%d", v.name, c.rng.IntN(60+most)-60)
	case 5:
		return "remove " + v.name
	case 6:
		return "add " + v.name
	case 7:
		c.disturb(settleTime) // it may take its time
		return fmt.Sprintf("add guest%d sim:tone?hz=%d&db=-40 latency=%dms", c.rng.IntN(2), 20+c.rng.IntN(40), 1+c.rng.IntN(200))
	case 8:
		return fmt.Sprintf("remove guest%d", c.rng.IntN(2))
	}
	return []string{"status", "streams", "log 256", "help", "help add", "version", "log"}[c.rng.IntN(7)]
}

// lines are commands, halves of commands, and bytes that are none.
func (c *chaos) lines() []byte {
	c.disturb(2 * settleTime)
	var b []byte
	for range 1 + c.rng.IntN(40) {
		line := []byte(c.command())
		switch c.rng.IntN(6) {
		case 0:
			line = line[:c.rng.IntN(len(line))]
		case 1:
			line[c.rng.IntN(len(line))] = byte(c.rng.Uint32())
		case 2:
			for range c.rng.IntN(400) {
				line = append(line, byte(c.rng.Uint32()))
			}
		case 3:
			line = append(line, " gain=3 latency=1000000h sync=maybe channels=0"...)
		}
		b = append(append(b, line...), []string{"\n", "\r", "\r\n", "\n\n"}[c.rng.IntN(4)]...)
	}
	return b
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

// toml is the configuration; some of the captures differ from variant to variant.
func (c *chaos) toml(variant int) string {
	var b strings.Builder
	fmt.Fprintf(&b, "[mixer]\nrate = %d\nchannels = %d\nblock = %d\nlimiter = %v\n[playback]\ndevice = \"sim:null\"\n",
		chaosRate, ownChannel+1, chaosBlock, !c.loud)
	for i, v := range c.victims {
		fmt.Fprintf(&b, "[[capture]]\nname = %q\ndevice = %q\n%s", v.name, v.device, v.more)
		if i > 0 && (i+variant)%4 == 0 && variant > 0 {
			fmt.Fprintf(&b, "mute = true\nadd = %v\n", variant == 1)
		}
	}
	return b.String()
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

// silence unplugs everything but the reference, keeps commands out, and listens.
func (c *chaos) silence() {
	const pause, length = 3 * time.Second, 4 * time.Second // a card that is being opened is in first, and goes
	c.turn <- struct{}{}
	defer func() { <-c.turn }()
	c.sendHome()
	c.do("remove tape")
	for _, v := range c.victims[1:] {
		v.change(length+2*settleTime, func() { v.pull(length, 0) })
	}
	time.Sleep(pause)
	c.ear.quiet.Store(true)
	time.Sleep(length - pause)
	c.ear.quiet.Store(false)
}
