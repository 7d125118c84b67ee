package config

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"github.com/BurntSushi/toml"

	"submix/hw/sim"
)

// checkTogether checks what one key alone cannot show, and fills in the defaults that depend on
// other keys.
func (c *checker) checkTogether() {
	c.checkBlock()
	c.checkQueue()
	for i := range c.config.Captures {
		c.checkCapture(i)
	}
	c.checkButtons()
	for i := range c.config.Encoders {
		c.checkEncoder(i)
	}
	c.checkLines()
	for i := range c.config.LEDs {
		c.checkLED(i)
	}
}

func (c *checker) checkBlock() {
	m := &c.config.Mixer
	const shortest = 16 // frames: 0.3 ms at 48 kHz, less than any card's smallest period
	switch {
	case m.Block == 0:
		m.Block = m.Rate / 10
	case m.Block < shortest || m.Block > m.Rate:
		if at := c.mixer.find("block"); at != nil {
			c.report(at.line, "[mixer] block", "%d is not 0 (a tenth of a second) or %d to %d (one second) frames", m.Block, shortest, m.Rate)
		}
	}
}

// checkQueue reports a card's buffer that is too long for the end: what is in it is played out, while no block advances,
// which is taken for a card that is stuck after 3 s, and whoever stops the daemon waits for it.
func (c *checker) checkQueue() {
	const longest = 2 * time.Second
	queue, t, at := c.config.Queue(), c.playback, c.playback.find("periods")
	if at == nil {
		t, at = c.mixer, c.mixer.find("block")
	}
	if queue > longest && at != nil && !c.reported("[mixer] block") && !c.reported("[playback] periods") {
		c.report(at.line, label(t, at.key), "%d periods of %d frames are %.1f s in the card's buffer; it may have %.0f s: take fewer periods or a smaller block",
			c.config.Playback.Periods, c.config.Mixer.Block, queue.Seconds(), longest.Seconds())
	}
}

// checkCapture compares a capture with the mix and with the captures before it.
func (c *checker) checkCapture(i int) {
	s, t := c.config.Captures[i], c.captures[i]
	for j, other := range c.config.Captures[:i] {
		c.checkName(t, s.Name, c.captures[j], other.Name)
		shared := s.Device.Kind == HW || s.Device.Kind == USB
		if shared && s.Device == other.Device && s.Add && other.Add {
			at := t.find("device")
			c.report(at.line, label(t, "device"), "%s is already captured by %q (line %d), and can be only once at a time; give one of them add = false",
				s.Device, other.Name, c.captures[j].line)
		}
	}
	mix := c.config.Mixer.Channels
	if n := len(s.Channels); n > 1 && n != mix && !c.reported("[mixer] channels") {
		at := t.find("channels")
		c.report(at.line, label(t, "channels"), "the list has %d channels; it may have 1 (for every channel of the mix) or %d (one for each)", n, mix)
	}
	if p := c.config.Playback.Device; p.Kind == File && s.Device == p {
		at := t.find("device")
		c.report(at.line, label(t, "device"), "%s is what [playback] writes to", p)
	}
}

func (c *checker) checkButtons() {
	for i := range c.config.Buttons {
		b, t := &c.config.Buttons[i], c.buttons[i]
		for j, other := range c.config.Buttons[:i] {
			c.checkName(t, b.Name, c.buttons[j], other.Name)
		}
		c.checkGestures(t)
		b.Pull = pullFor(b.Pull, b.ActiveLow)
	}
}

// checkGestures reports commands that do not go together, and times that have no use.
func (c *checker) checkGestures(t *table) {
	if !slices.ContainsFunc([]string{"press", "release", "hold", "double", "repeat"}, t.has) && !c.torn {
		c.report(t.line, label(t, ""), `has no command; give it press, release, hold, double or repeat, as press = "toggle mic"`)
	}
	for _, pair := range [][3]string{
		{"hold", "release", "with hold, press waits until the button is let go"},
		{"double", "release", "with double, press waits until after the button is let go"},
		{"hold", "repeat", "both run while the button is held"},
	} {
		if t.has(pair[0]) && t.has(pair[1]) {
			c.report(t.find(pair[1]).line, label(t, pair[1]), "does not go with %s: %s", pair[0], pair[2])
		}
	}
	for _, need := range [][]string{{"hold_time", "hold", "repeat"}, {"double_time", "double"}, {"repeat_rate", "repeat"}} {
		if key := need[0]; t.has(key) && !slices.ContainsFunc(need[1:], t.has) && !c.torn {
			c.report(t.find(key).line, label(t, key), "has no use without %s", strings.Join(need[1:], " or "))
		}
	}
}

// pullFor is the pull of an input: the one given, else that which keeps it from being active by itself.
func pullFor(pull string, activeLow bool) string {
	switch {
	case pull != "":
		return pull
	case activeLow:
		return "up"
	}
	return "down"
}

func (c *checker) checkEncoder(i int) {
	e, t := &c.config.Encoders[i], c.encoders[i]
	for j, other := range c.config.Encoders[:i] {
		c.checkName(t, e.Name, c.encoders[j], other.Name)
	}
	c.checkStream(t, "turns", "gain", e.Turns, []string{"out"})
	if at := cmp.Or(t.find("max"), t.find("min")); e.MinDB >= e.MaxDB && at != nil {
		c.report(at.line, label(t, at.key), "min = %g is not below max = %g", e.MinDB, e.MaxDB)
	}
	e.Pull = pullFor(e.Pull, e.ActiveLow)
}

// checkName reports a name that another table of the section has.
func (c *checker) checkName(t *table, name string, other *table, otherName string) {
	if name != "" && name == otherName {
		c.report(t.find("name").line, label(t, "name"), "%q is already the name of the %s of line %d", name, header(t), other.line)
	}
}

// checkLines reports a gpio line that is used twice.
func (c *checker) checkLines() {
	used := map[string]*table{}
	check := func(chip, line string, t *table, key string) {
		if chip == "" || line == "" {
			return
		}
		where := chip + " " + line
		if other := used[where]; other != nil {
			at := t.find(key)
			c.report(at.line, label(t, key), "%s of %s is already used by the %s of line %d", line, chip, header(other), other.line)
			return
		}
		used[where] = t
	}
	for i, b := range c.config.Buttons {
		check(b.Chip, b.Line, c.buttons[i], "line")
	}
	for i, e := range c.config.Encoders {
		check(e.Chip, e.LineA, c.encoders[i], "line_a")
		check(e.Chip, e.LineB, c.encoders[i], "line_b")
	}
	for i, l := range c.config.LEDs {
		check(l.Chip, l.Line, c.leds[i], "line")
	}
}

// checkLED reports a LED that shows a stream of which the file knows nothing.
func (c *checker) checkLED(i int) {
	s, t := c.config.LEDs[i].Shows, c.leds[i]
	known := []string{"any"}
	if slices.Contains([]string{"muted", "clip", "fault"}, s.What) {
		known = append(known, "out")
	}
	c.checkStream(t, "shows", s.What, s.Name, known)
	if s.What == "heartbeat" && t.has("as") {
		c.report(t.find("as").line, label(t, "as"), "a heartbeat flashes in its own way")
	}
}

// checkStream reports a name behind a word of a key that is neither a capture nor one of others.
func (c *checker) checkStream(t *table, key, word, name string, others []string) {
	known := others
	for _, capture := range c.config.Captures {
		known = append(known, capture.Name)
	}
	if name != "" && !c.torn && !slices.Contains(known, name) {
		c.report(t.find(key).line, label(t, key), "%q is no [[capture]] of this file; allowed after %q: %s", name, word, strings.Join(known, ", "))
	}
}

func (c *checker) reported(key string) bool {
	return slices.ContainsFunc(c.problems, func(p Problem) bool { return p.Key == key })
}

// find returns the newest entry of a key, nil if there is none (or no table).
func (t *table) find(key string) *entry {
	if t == nil {
		return nil
	}
	for i := range slices.Backward(t.entries) {
		if t.entries[i].key == key {
			return &t.entries[i]
		}
	}
	return nil
}

func (t *table) has(key string) bool { return t.find(key) != nil }

// header returns a table's header as it stands in the file.
func header(t *table) string {
	if t.array {
		return "[[" + quote(t.section) + "]]"
	}
	return "[" + quote(t.section) + "]"
}

// label says where a key stands, with the name of its table if that has one: [[capture]] mic gain.
func label(t *table, key string) string {
	s := header(t)
	if e := t.find("name"); e != nil && key != "name" {
		if name, ok := e.value.(string); ok && nameForm.MatchString(name) {
			s += " " + name
		}
	}
	if key != "" {
		s += " " + quote(key)
	}
	return s
}

// quote writes a key as the file needs it: in quotes if it is not a plain word.
func quote(key string) string { return toml.Key{key}.String() }

// turns reads what an encoder turns.
func turns(dst *string) setter {
	return func(value any) error {
		v, _ := value.(string)
		words := strings.Fields(v)
		if len(words) != 2 || words[0] != "gain" {
			return refuse(value, `"gain NAME" with the name of a capture, or out`)
		}
		*dst = words[1]
		return nil
	}
}

// shows reads what a LED shows.
func shows(dst *Shows) setter {
	return func(value any) error {
		v, _ := value.(string)
		words := strings.Fields(v)
		switch {
		case len(words) == 1 && (words[0] == "running" || words[0] == "heartbeat"):
			*dst = Shows{What: words[0]}
		case len(words) == 2 && slices.Contains([]string{"muted", "live", "heard", "stalled", "clip", "fault"}, words[0]):
			*dst = Shows{What: words[0], Name: words[1]}
		default:
			return refuse(value, `"running", "heartbeat", or "muted NAME", "live NAME", "heard NAME", "stalled NAME", "clip NAME" or "fault NAME" with the name of a capture, any, or out`)
		}
		return nil
	}
}

func acceptCapture(d Device) (err error) {
	if d.Kind == Sim {
		_, err = sim.ParseSource(d.String())
	}
	return err
}

func acceptPlayback(d Device) (err error) {
	if d.Kind == Sim {
		_, err = sim.ParseSink(d.String())
	}
	return err
}
