package main

import (
	"context"
	"flag"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"path/filepath"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"submix/cmd/submixd/config"
	"submix/control"
	"submix/control/state"
)

var (
	chaosSeed  = flag.Uint64("seed", 2, "what the script of TestChaos is made from; if it is odd, it is loud: gains up to the top, and no limiter")
	chaosHours = flag.Float64("hours", 0.05, "simulated hours of TestChaos")
)

// TestChaos runs the whole box on simulated cards, in simulated time, through
// faults of all kinds from a script made from the seed. What is played is looked
// at block by block, the rest from step to step; once an hour everything is
// mended, and nothing may be left of what went before.
func TestChaos(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1)) // the same seed, the same order of events, as far as that goes
	begin := time.Now()
	synctest.Test(t, func(t *testing.T) {
		c := newChaos(t, *chaosSeed)
		stop := c.begin()
		c.play(time.Duration(*chaosHours * float64(time.Hour)))
		c.ear.loosen(time.Hour)
		c.shutdown()
		stop()
		c.flat()
		c.told()
	})
	took := time.Since(begin)
	t.Logf("%.2f simulated hours in %.1f s: %.0f hours an hour", *chaosHours, took.Seconds(), *chaosHours*3600/took.Seconds())
}

// The mix is as small as a real one can be, so that a month of it can be had.
const (
	chaosRate  = 8000
	chaosBlock = 160 // frames
	ownChannel = 2   // of the mix: the reference has it for itself
)

// chaos is a box whose cards, commands and consoles are all troublesome, but for
// one stream, the reference, which may not be moved by it.
type chaos struct {
	*rig
	seed    uint64
	loud    bool // no limiter, and gains up to the top
	rng     *rand.Rand
	began   time.Time
	ear     ear
	victims []*victim   // the reference is the first
	alone   chan func() // what the next save does besides, while no command can run
	serial  *serialConsole
	clients sync.WaitGroup // of consoles
	out     outside

	faults   map[string]int // done so far, by kind
	steps    int            // all of them
	commands atomic.Int64
	failures atomic.Int32
	glides   int // to a latency that was raised
	base     footprint
	last     footprint
	heaps    []float64 // KiB, of each hour
}

// outside is what is done to the playback card.
type outside struct {
	mu     sync.Mutex
	pulled time.Time     // until then it is unplugged
	halt   time.Duration // the next Wait takes so long
}

func newChaos(t *testing.T, seed uint64) *chaos {
	c := &chaos{seed: seed, loud: seed%2 == 1, rng: rand.New(rand.NewPCG(seed, 0)), began: time.Now(),
		alone: make(chan func(), 1), faults: map[string]int{}}
	c.ear.c = c
	tape := filepath.Join(t.TempDir(), "tape.wav")
	writeWAV(t, tape, chaosRate, 2, chaosTape())
	c.victims = newVictims(tape)
	dir := t.TempDir()
	kept, err := state.Open(filepath.Join(dir, "state.json"), filepath.Join(dir, "now.json"))
	if err != nil {
		t.Fatal(err)
	}
	c.rig = newRigWith(t, c.toml(0), kept)
	c.b.openSource = c.openSource
	c.b.openSink = c.openSink
	controls := c.b.controls(c.log)
	controls.Save = func() error {
		select {
		case f := <-c.alone:
			f()
		default:
		}
		return c.b.save()
	}
	c.d = control.NewDispatcher(controls)
	return c
}

// begin starts the box with what main gives it; stop ends that.
func (c *chaos) begin() (stop func()) {
	log := slog.New(c.log)
	saved := background(func(ctx context.Context) { saving(ctx, c.kept, log) })
	h := health{log: log, pulse: c.b.pulse, notify: func(string) {}, watchdog: 10 * time.Second,
		because: func(reason string) {
			if reason != "" {
				c.fail("%s", reason)
			}
		},
		giveUp: func() { c.fail("health has given up") }}
	watched := background(h.run)
	c.run()
	monitored := background(func(ctx context.Context) { monitor(ctx, c.b, log) })
	c.serial = newSerialConsole(c)
	c.serial.send([]byte("console off\n")) // nobody's hand is meant by what a storm ends with
	served := background(func(ctx context.Context) { c.serve(ctx, c.serial, "serial") })
	return func() {
		close(c.serial.in)
		served()
		c.clients.Wait()
		monitored()
		watched()
		saved()
	}
}

func (c *chaos) openSink(cfg *config.Config) (sink, error) {
	c.out.mu.Lock()
	defer c.out.mu.Unlock()
	if time.Now().Before(c.out.pulled) {
		return nil, errPulled
	}
	return c.ear.open(cfg)
}

// fail reports what was found, with what repeats it.
func (c *chaos) fail(format string, args ...any) {
	switch n := c.failures.Add(1); {
	case n > 20:
	case n == 20:
		c.Errorf("and so on")
	default:
		at := time.Since(c.began)
		c.Errorf("-seed %d, after %v (-hours %.4f): %s", c.seed, at, at.Hours()+0.001, fmt.Sprintf(format, args...))
	}
}

// told prints what was done, and what it has left.
func (c *chaos) told() {
	c.Logf("seed %d, loud: %v: %d blocks heard, %d commands, faults %v", c.seed, c.loud, c.ear.blocks.Load(), c.commands.Load(), c.faults)
	c.Logf("off its latency when nothing was wrong with it, at most, in ms:%s; %d times on the way to one that was raised", c.worst(), c.glides)
	if c.ear.bend == 0 {
		c.Error("nothing was listened to for hard edges")
	}
	c.Logf("second derivative at most %.2f of a hard edge's; all mended, at first: %v; at last: %v", c.ear.bend, c.base, c.last)
}
