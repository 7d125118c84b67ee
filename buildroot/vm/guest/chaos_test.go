//go:build vm

package guest

import (
	"bufio"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"strings"
	"testing"
	"time"

	"submix/hw/alsa"
	"submix/hw/pcm"
)

// chaos is a box with three cables, of which two have troubles, and the third must not be moved by them.
type chaos struct {
	*box
	rng     *rand.Rand
	cards   []*troubled
	serial  io.Writer
	clients []net.Conn
	done    map[string]int
}

// troubled is a cable that is unplugged and bound again, shifted, and without a player now and then.
type troubled struct {
	name   string // of the stream
	card   string
	index  int
	player *player // nil: nothing plays
}

// chaosBox has as much queued as followed, for the same reason.
func chaosBox() string {
	toml := strings.Replace(cables(6, 240, 8), "hw:SrcC,1\"\nsync = \"locked\"", "hw:SrcC,1\"", 1)
	return toml + "[serial]\nport = \"" + programEnd + "\"\nbaud = 115200\n"
}

// TestChaosOnDrivers is package submixd's TestChaos on real drivers: cables are unplugged, shifted and stopped, captures
// have xruns, the serial line and the socket are flooded, by a script made from a seed; one stream and the output play on.
func TestChaosOnDrivers(t *testing.T) {
	t.Setenv("GOGC", "10") // as the daemon has it collected, garbage would look like a leak for so short a time
	length := 20 * time.Second
	if *long {
		length = 70 * time.Second // a recorder holds 90
	}
	out := startRecorder(t, "hw:Out,1", 6)
	reference := startSignal(t, alsa.Config{Device: "hw:SrcA,0", Channels: 6, PeriodFrames: 240, Periods: 10, Formats: []pcm.Format{pcm.S16LE}}, inPair(0).signal())
	c := &chaos{rng: rand.New(rand.NewPCG(uint64(*seed), 0)), done: map[string]int{},
		cards: []*troubled{{name: "b", card: "SrcB", index: 1}, {name: "c", card: "SrcC", index: 2}}}
	for _, v := range c.cards {
		c.plays(t, v)
	}
	c.box = startBox(t, chaosBox())
	port := openSerial(t, testEnd, 115200)
	go io.Copy(io.Discard, port)
	c.serial = port
	c.all("live")
	begin := c.footprint()
	for range 15 { // the log fills
		c.step(t)
	}
	c.mend(t)
	start := c.footprint()
	out.sleepUntil(out.frames() + 4800)
	from := out.frames()
	var middle footprint
	for range 2 {
		middle = c.footprint()
		for end := time.Now().Add(length / 2); time.Now().Before(end) && !t.Failed(); {
			c.step(t)
			c.holds(t)
		}
		c.mend(t)
	}
	t.Logf("seed %d: %v", *seed, c.done)
	c.steady(begin, start, middle)
	out.sleepUntil(out.frames() + 4800)
	c.unharmed("a")
	c.inTime()
	mix := out.stop()
	reference.end()
	for _, v := range c.cards {
		v.player.end()
	}
	unbroken(t, mix, 0, from, len(mix)/6)
}

// plays starts what feeds a cable.
func (c *chaos) plays(t *testing.T, v *troubled) {
	v.player = startPlayerIn(t, "hw:"+v.card+",0", 6, 240, inPair(v.index), nil)
}

// step does one thing to the box.
func (c *chaos) step(t *testing.T) {
	time.Sleep(time.Duration(c.rng.Int64N(int64(400 * time.Millisecond))))
	v := c.cards[c.rng.IntN(len(c.cards))]
	choices := []struct {
		kind string
		do   func()
	}{
		{"unplug", func() { c.replug(t, v) }},
		{"xrun", func() {
			writeFile(t, fmt.Sprintf("/proc/asound/card%d/pcm1c/sub0/xrun_injection", v.index), "1")
		}},
		{"rate step", func() { setRateShift(t, v.card, 100000+int64(c.rng.IntN(61)-30)) }},
		{"no player", func() {
			v.player.end()
			time.Sleep(time.Duration(c.rng.Int64N(int64(500 * time.Millisecond))))
			c.plays(t, v)
		}},
		{"serial storm", func() { c.serialStorm() }},
		{"deaf client", func() { c.deafClient(t) }},
		{"hang-up", func() { c.hangUp(t) }},
		{"command", func() { c.try(c.command()) }},
	}
	what := choices[c.rng.IntN(len(choices))]
	c.done[what.kind]++
	what.do()
}

func (c *chaos) replug(t *testing.T, v *troubled) {
	gone := unplug(t, v.index)
	v.player.end()
	if err := <-gone; err != nil {
		t.Fatal(err)
	}
	time.Sleep(time.Duration(c.rng.Int64N(int64(1500 * time.Millisecond))))
	if err := <-plug(t, v.index); err != nil {
		t.Fatal(err)
	}
	c.plays(t, v)
}

// command is a line about a troubled stream.
func (c *chaos) command() string {
	name := c.cards[c.rng.IntN(len(c.cards))].name
	return []string{"mute " + name, "unmute " + name, "toggle " + name, fmt.Sprintf("gain %s =%d", name, c.rng.IntN(80)-60),
		"remove " + name, "add " + name, "log 256", "streams", "help", "reload"}[c.rng.IntN(10)]
}

// lines are commands, halves of them, and bytes that are none.
func (c *chaos) lines() []byte {
	var b []byte
	for range 1 + c.rng.IntN(20) {
		line := []byte(c.command())
		switch c.rng.IntN(4) {
		case 0:
			line = line[:c.rng.IntN(len(line))]
		case 1:
			for range c.rng.IntN(300) {
				line = append(line, byte(c.rng.Uint32()))
			}
		}
		b = append(append(b, line...), '\n')
	}
	return b
}

func (c *chaos) serialStorm() {
	for _, line := range strings.SplitAfter(string(c.lines()), "\n") {
		io.WriteString(c.serial, line)
		time.Sleep(time.Millisecond)
	}
}

// deafClient sends commands, never reads, and stays until the box drops it.
func (c *chaos) deafClient(t *testing.T) {
	conn, err := net.Dial("unix", c.socket)
	if err != nil {
		t.Fatal(err)
	}
	conn.SetWriteDeadline(time.Now().Add(100 * time.Millisecond))
	for err == nil {
		_, err = conn.Write([]byte("help\nlog 256\n"))
	}
	c.clients = append(c.clients, conn)
}

func (c *chaos) hangUp(t *testing.T) {
	conn, err := net.Dial("unix", c.socket)
	if err != nil {
		t.Fatal(err)
	}
	conn.Write(c.lines())
	bufio.NewReader(io.LimitReader(conn, 100)).ReadString('\n')
	conn.Close()
}

// holds checks what must hold at all times.
func (c *chaos) holds(t *testing.T) {
	begin := time.Now()
	s := c.status()
	if took := time.Since(begin); took > time.Second {
		t.Errorf("status took %v", took)
	}
	if s["state"] != "running" || s["xruns"] != "0" {
		t.Errorf("status: %v", s)
	}
	if a := c.stream("a"); a["state"] != "live" || a["short"] != "0" || a["xruns"] != "0" || a["stalls"] != "0" {
		t.Errorf("the undisturbed stream: %v", a)
	}
}

// all waits until every stream is in a state.
func (c *chaos) all(state string) {
	for _, name := range []string{"a", "b", "c"} {
		c.is(name, state, 5*time.Second)
	}
}

// mend puts everything right, and waits for the box to be as it was.
func (c *chaos) mend(t *testing.T) {
	for _, conn := range c.clients {
		conn.Close()
	}
	c.clients = nil
	for _, v := range c.cards {
		setRateShift(t, v.card, 100000)
		c.try("remove " + v.name)
		c.do("add " + v.name)
	}
	c.all("live")
	time.Sleep(time.Second)
}
