package main

import (
	"fmt"
	"strings"
	"time"

	"submix/control"
)

// settleTime is how long after its last trouble a stream must be as if there had
// been none: its card takes up to two seconds to open, and it has to fill and to
// come to its target.
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
			i, b := c.rng.IntN(len(line)), byte(c.rng.Uint32())
			if c.loud || line[i] != '-' { // of a gain, which would be loud without
				line[i] = b
			}
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
