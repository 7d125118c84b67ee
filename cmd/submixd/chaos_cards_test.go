package main

import (
	"math"
	"slices"
	"sync"
	"time"

	"submix/hw/sim"
	"submix/mixer"
)

// A victim is a stream of the configuration whose card has troubles.
type victim struct {
	name   string
	device string
	more   string // lines of its configuration
	file   bool
	own    bool // the reference: it has the last channel, the others have the rest
	silent bool // a guest, whose device is anybody's guess

	mu      sync.Mutex
	card    *sim.Source // the one that was opened last
	out     time.Time   // until then it is unplugged,
	refused time.Time   // and until then it cannot be opened
	why     error       // for that reason
	slow    time.Duration
	held    time.Time // until then nothing is delivered
	once    error     // what the next Read returns
	spoiled bool      // the next frames have a sample that is no number
	absurd  bool      // the next Read returns nonsense
	calm    time.Time // since when nothing is wrong with it any more

	// The script's own.
	worst time.Duration // that its latency was off its target when nothing was wrong, and it was there
	far   time.Time     // not there; since then,
	off   time.Duration // when it was off by so much,
	goal  time.Duration // from this
}

const referenceGainDB = -6

func newVictims(tape string) []*victim {
	return []*victim{
		{name: "ref", device: "sim:ramp", more: "sync = \"locked\"\ngain = -6\n", own: true},
		{name: "mic", device: "sim:tone?hz=31&db=-26&ppm=120"},
		{name: "usb", device: "sim:tone?hz=37&db=-26&ppm=-80&burst=48&jitter=1ms"},
		{name: "cd", device: "sim:tone?hz=41&db=-26&ppm=30&rate=7350"}, // as 44.1 kHz in 48
		{name: "mono", device: "sim:tone?hz=43&db=-26&ppm=-200", more: "channels = [1, 1, 2]\n"},
		{name: "far", device: "sim:tone?hz=47&db=-26", more: "latency = \"80ms\"\nsync = \"locked\"\n"},
		{name: "twin", device: "sim:tone?hz=53&db=-26", more: "sync = \"locked\"\n"},
		{name: "tape", device: "file:" + tape, file: true},
	}
}

// chaosTape is what the file holds: 20 s of a tone.
func chaosTape() []float32 {
	samples := make([]float32, 2*20*chaosRate)
	for i := range samples {
		samples[i] = float32(0.05 * math.Sin(2*math.Pi*29/chaosRate*float64(i/2)))
	}
	return samples
}

func (c *chaos) victim(name string) *victim {
	i := slices.IndexFunc(c.victims, func(v *victim) bool { return v.name == name })
	if i < 0 {
		return nil
	}
	return c.victims[i]
}

// change changes the victim; it is disturbed by that until so long from now.
func (v *victim) change(disturbed time.Duration, f func()) {
	v.mu.Lock()
	defer v.mu.Unlock()
	f()
	if calm := time.Now().Add(disturbed); calm.After(v.calm) {
		v.calm = calm
	}
}

// restless reports whether something is wrong with it, or was a short while ago.
func (v *victim) restless() (restless, out bool) {
	v.mu.Lock()
	defer v.mu.Unlock()
	now := time.Now()
	return now.Before(v.calm), now.Before(v.out) || now.Before(v.refused)
}

func (c *chaos) openSource(in *input) (*source, error) {
	v := c.victim(in.Name)
	if v == nil {
		v = &victim{silent: true}
	}
	v.mu.Lock()
	slow := v.slow
	v.mu.Unlock()
	time.Sleep(slow)
	v.mu.Lock()
	defer v.mu.Unlock()
	switch now := time.Now(); {
	case now.Before(v.out):
		return nil, sim.ErrGone
	case now.Before(v.refused):
		return nil, v.why
	}
	v.once, v.spoiled, v.absurd = nil, false, false
	src, err := c.rig.openSource(in)
	if err != nil {
		return nil, err
	}
	if g, ok := src.Source.(gaps); ok {
		v.card = g.Clocked.(*sim.Source)
		src.Source = in.gaps(&troubled{Source: v.card, v: v})
	}
	return src, nil
}

// troubled is a simulated card with a victim's troubles. It is silent on the
// channels that are not its own.
type troubled struct {
	*sim.Source
	v     *victim
	ahead int
	at    time.Time
}

func (t *troubled) Ahead() (int, time.Time) {
	if !t.holds() {
		t.ahead, t.at = t.Source.Ahead()
	}
	return t.ahead, t.at
}

func (t *troubled) holds() bool {
	t.v.mu.Lock()
	defer t.v.mu.Unlock()
	return time.Now().Before(t.v.held)
}

func (t *troubled) Read(dst []float32) (int, error) {
	if t.holds() {
		return 0, nil
	}
	n, err := t.Source.Read(dst)
	channels := t.Channels()
	for i := range n {
		frame := dst[i*channels:][:channels]
		switch {
		case t.v.silent:
			clear(frame)
		case t.v.own:
			clear(frame[:channels-1])
		default:
			frame[channels-1] = 0
		}
	}
	t.v.mu.Lock()
	defer t.v.mu.Unlock()
	switch {
	case t.v.once != nil:
		n, err, t.v.once = 0, t.v.once, nil
	case t.v.absurd:
		n, t.v.absurd = []int{-1, len(dst) + 1}[n%2], false
	case t.v.spoiled && n > 0:
		dst[(n/2)*channels], t.v.spoiled = float32(math.Inf(n%2*2-1)), false
	}
	return n, err
}

var _ mixer.Clocked = (*troubled)(nil)
