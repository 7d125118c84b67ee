package initial

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"submix/hw/alsa"
	"submix/hw/gpio"
)

// file is a configuration that is being written.
type file struct{ strings.Builder }

// line adds one, in which comments about devices may have any bytes: TOML takes no control characters, and no text that
// is not UTF-8.
func (f *file) line(format string, args ...any) {
	s := strings.Map(func(r rune) rune {
		if r < ' ' || r > '~' {
			return '?'
		}
		return r
	}, fmt.Sprintf(format, args...))
	f.WriteString(strings.TrimRight(s, " ") + "\n")
}

// lines adds several.
func (f *file) lines(all ...string) {
	for _, s := range all {
		f.line("%s", s)
	}
}

// Config returns a configuration for the machine, with which the box can be started as it is: in what it has no card
// for, simulated ones take part.
func (m Machine) Config() string {
	var f file
	f.lines("# The configuration of this box, as submixd -init found its hardware.",
		"# Check what you change:           submixd -config FILE -check",
		"# Take it over while it plays:     submixctl reload",
		"# Look what may be wrong:          submixctl doctor",
		"# Every key, with its default:     man submix.toml, or example.toml of the sources")
	p, others, ok := m.playback()
	m.playbackPart(&f, p, others, ok)
	m.capturePart(&f, p)
	m.gpioPart(&f)
	m.serialPart(&f)
	return f.String()
}

func (m Machine) playbackPart(f *file, p pcm, others []pcm, ok bool) {
	if !ok {
		f.lines("", "# No sound card was found that plays. Nothing is heard: time passes as on a card. Plug one in and write its address",
			"# here, as submixctl devices shows it, such as usb:1-1.1 or hw:Out,0.",
			"[playback]", `device = "sim:null"`)
		return
	}
	mixerPart(f, p)
	f.lines("", "# The card the mix is played on: its clock is the clock of the mix.")
	if len(others) > 0 {
		f.line("# These could play it as well:")
	}
	for _, o := range others {
		f.line("#   %-20s %s", o.address(), o.about())
	}
	f.line("[playback]")
	f.line("device = %-22q # %s", p.address(), p.about())
	f.line("periods = 3                     # of the card's buffer: 2 is sooner, more is safer")
}

// The defaults of [mixer].
const (
	rate  = 48000
	block = 240
)

// mixerPart is written if the card that plays cannot do what is usual.
func mixerPart(f *file, p pcm) {
	if p.Busy || p.Offer == nil {
		return
	}
	r, n := within(p.Offer.Rate, rate), within(p.Offer.PeriodFrames, block)
	mono := p.Offer.Channels.Max == 1
	if r == rate && n == block && !mono {
		return
	}
	f.lines("", "# What the card that plays can do.", "[mixer]")
	f.line("rate = %d", r)
	f.line("block = %d", n)
	if mono {
		f.line("channels = 1")
	}
}

func within(r alsa.Range, want int) int { return max(r.Min, min(r.Max, want)) }

func (m Machine) capturePart(f *file, playback pcm) {
	captures := m.captures(playback)
	if len(captures) == 0 {
		f.lines("", "# No sound card was found to capture from: a simulated one stands here. Plug one in and write its address, as",
			"# submixctl devices shows it, such as usb:1-1.2 or hw:Mic,0.",
			"[[capture]]", `name = "tone"`, `device = "sim:tone?hz=440"`, "gain = -20                      # dB")
		return
	}
	f.lines("", "# What is mixed. usb: is a socket: whatever is plugged into it takes this part.")
	for i, name := range names(captures) {
		c := captures[i]
		f.lines("", "[[capture]]")
		f.line("name = %q", name)
		f.line("device = %-22q # %s", c.address(), c.about())
		f.line("gain = 0.0                      # dB")
		if c.Offer != nil && c.Offer.Channels.Max == 1 {
			f.line("channels = [1]                  # mono, to both sides")
		}
		if c.sameCard(playback) {
			f.line(`sync = "locked"                 # it has the clock of the card that plays`)
		}
	}
}

// gpioPart shows a button and a light: on which lines they are nobody but the owner knows.
func (m Machine) gpioPart(f *file) {
	const board = "pinctrl-" // how the chips of a Pi's pins are called
	f.lines("", "# A button between a GPIO line and ground, and a light. Take the # away where you have wired one.")
	if len(m.Chips) == 0 {
		f.lines("# No GPIO chip was found, or none that this user may open.")
	}
	chip, button, light := "pinctrl-bcm2711", "GPIO17", "GPIO22"
	at := max(0, slices.IndexFunc(m.Chips, func(c gpio.Chip) bool { return strings.HasPrefix(c.Label, board) }))
	for i, c := range m.Chips {
		if i == at {
			chip, button, light = c.Label, pin(c, button, 0), pin(c, light, 1)
		} else {
			f.line("# There is also the chip %q, with %d lines.", c.Label, len(c.Pins))
		}
	}
	f.line("#[[button]]")
	f.line("#name = \"red\"")
	f.line("#chip = %q", chip)
	f.line("#line = %q", button)
	f.line("#press = \"toggle out\"")
	f.line("#hold = \"end\"")
	f.line("")
	f.line("#[[led]]")
	f.line("#chip = %q", chip)
	f.line("#line = %q", light)
	f.line("#shows = \"muted out\"")
}

// pin returns the name if the chip has it, or else what its nth line is called.
func pin(c gpio.Chip, name string, n int) string {
	if len(c.Pins) == 0 || slices.ContainsFunc(c.Pins, func(p gpio.Pin) bool { return p.Name == name }) {
		return name
	}
	n = min(n, len(c.Pins)-1)
	return cmp.Or(c.Pins[n].Name, fmt.Sprint(n))
}

func (m Machine) serialPart(f *file) {
	f.lines("", "# Commands over a serial line. Neither the kernel's console nor a login may be on it.")
	ports := m.Ports
	if len(ports) == 0 {
		f.line("# No serial port was found.")
		ports = []string{"/dev/ttyAMA0"}
	}
	f.line("#[serial]")
	for i, p := range ports {
		f.line("#%sport = %q", strings.Repeat("#", min(1, i)), p)
	}
	f.line("#baud = 115200")
}
