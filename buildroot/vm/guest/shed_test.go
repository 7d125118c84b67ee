//go:build vm

package guest

import (
	"errors"
	"fmt"
	"os/exec"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"submix/hw/rt"
)

// Something of higher priority takes so much of the processor that the mix cannot keep up: streams are shed, those of the
// highest priority play on, bit for bit, and the others are back when it has ended. Players and recorder stand above
// it all, which is why this has a machine of its own. The card has 45 ms queued, for the blocks that take too long until
// enough is shed: with 25 ms it has run dry once, 78 ms after the rival began.
func TestShed(t *testing.T) {
	const rivalPriority, rivalPercent = 61, 81
	rival := run(t, exec.Command("/bin/burn", "fifo", fmt.Sprint(rivalPriority), fmt.Sprint(rivalPercent)))
	signal := func(s syscall.Signal) {
		if err := syscall.Kill(rival, s); err != nil {
			t.Error(err)
		}
	}
	time.Sleep(100 * time.Millisecond) // it has started, at its priority
	signal(syscall.SIGSTOP)
	if err := errors.Join(rt.TimerThreads(rivalPriority+2), rt.Process(rivalPriority+1)); err != nil {
		t.Fatal(err)
	}
	out := startRecorder(t, "hw:Out,1", 6)
	var players []*player
	for k, card := range []string{"SrcA", "SrcB", "SrcC"} {
		players = append(players, startPlayer(t, "hw:"+card+",0", 6, 480, inPair(k)))
	}
	b := startBox(t, strings.ReplaceAll(cables(6, 240, 10), `sync = "locked"`, "sync = \"locked\"\npriority = 9"))
	for _, name := range []string{"a", "b", "c"} {
		b.is(name, "live", 2*time.Second)
	}
	spares := []string{"s0", "s1", "s2", "s3"} // on cables that nobody plays to, adaptive
	for i, name := range spares {
		b.do(fmt.Sprintf("add %s hw:SrcA,1 priority=%d", name, i))
		b.is(name, "live", 2*time.Second)
	}
	time.Sleep(time.Second)
	from := out.frames()
	before := b.status()

	signal(syscall.SIGCONT)
	time.Sleep(2500 * time.Millisecond) // one that is shed returns after 3 s, for the first time
	during := b.status()
	signal(syscall.SIGSTOP)
	ended := time.Now()
	within(t, 30*time.Second, "all are back", func() bool {
		time.Sleep(100 * time.Millisecond)
		return !slices.ContainsFunc(spares, func(name string) bool { return b.stream(name)["state"] != "live" })
	})
	shed := b.shed()
	t.Logf("beside a rival with %d %% of the processor %v are shed, and back %.1f s after it has ended; load %s, %s, then %s %%; xruns %s, %s, then %s",
		rivalPercent, shed, time.Since(ended).Seconds(), before["load"], during["load"], b.status()["load"],
		before["xruns"], during["xruns"], b.status()["xruns"])
	if n := len(shed); n == 0 || n > len(spares) || !slices.Equal(shed, spares[:n]) {
		t.Errorf("want one or more shed, each once, from the lowest priority up")
	}
	b.unharmed("a", "b", "c")
	b.inTime()
	mix := out.stop()
	for _, p := range players {
		p.end() // comparing leaves no time for them
	}
	for k := range 3 {
		unbroken(t, mix, k, from, len(mix)/6)
	}
}

// shed returns the streams that were shed, by the log, in that order: a stream is in it as often as it was.
func (b *box) shed() (streams []string) {
	b.t.Helper()
	for _, line := range b.do("log 256") {
		if e := fields(line); e["text"] == "stream shed" {
			streams = append(streams, e["stream"])
			b.t.Log(e["stream"], e["reason"])
		}
	}
	return streams
}
