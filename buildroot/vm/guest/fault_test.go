//go:build vm

package guest

import (
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// inPair is noise on the k-th pair of channels and silence on all others: a source that has channels of the mix to itself
// can be followed through it whatever the others do.
func inPair(k int) tune {
	noise := noiseOf(int64(k))
	return func(frame int64, channel int) int16 {
		if channel/2 != k {
			return 0
		}
		return noise(frame, channel)
	}
}

// unbroken checks that the k-th pair of channels carries its noise without a gap from frame from to frame to. It takes the
// processor for itself, 5 ms for each second that is looked at: the box is asked for its counters before. Its ordinary
// threads stand below the tests, and a garbage collection that has begun holds up the mixing thread until those have run.
func unbroken(t *testing.T, mix []int16, k, from, to int) {
	t.Helper()
	if to-from < 4800 {
		t.Fatalf("stream %c is looked at from frame %d to %d", 'a'+k, from, to)
	}
	channels := []int{2 * k, 2*k + 1}
	take := func(frame, channel int) int16 { return mix[6*(from+frame)+channel] }
	first := find(t, inPair(k), channels, 100, take)
	if n := matches(inPair(k), first, channels, to-from, take); n < to-from {
		t.Errorf("stream %c is broken after %.3f s of %.3f s", 'a'+k, float64(n)/48000, float64(to-from)/48000)
		return
	}
	t.Logf("stream %c: %.3f s bit-exact", 'a'+k, float64(to-from)/48000)
}

// silent checks that the k-th pair of channels carries nothing from frame from to frame to.
func silent(t *testing.T, mix []int16, k, from, to int) {
	t.Helper()
	for i := from; i < to; i++ {
		if mix[6*i+2*k] != 0 || mix[6*i+2*k+1] != 0 {
			t.Errorf("stream %c is heard at frame %d", 'a'+k, i)
			return
		}
	}
}

// promptWorkers gives the kernel's workers of high priority a real-time one, above the tests. They hand the ticks of a
// card's timer on to the cables that have it for a clock (snd_timer_interrupt, sound/core/timer.c), one period however
// many ticks have come: held up by tests and daemon for more than a period, a cable would lose time.
func promptWorkers(t *testing.T) {
	t.Helper()
	names, err := filepath.Glob("/proc/[0-9]*/comm")
	if err != nil {
		t.Fatal(err)
	}
	worker := regexp.MustCompile(`^kworker/\d+:\d+H`)
	found := 0
	for _, name := range names {
		if comm, err := os.ReadFile(name); err != nil || !worker.Match(comm) {
			continue
		}
		pid, err := strconv.Atoi(filepath.Base(filepath.Dir(name)))
		if err != nil {
			t.Fatal(err)
		}
		attr := unix.SchedAttr{Size: unix.SizeofSchedAttr, Policy: unix.SCHED_FIFO, Priority: testPriority + 10}
		if err := unix.SchedSetAttr(pid, &attr, 0); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		found++
	}
	if found == 0 {
		t.Fatal("no worker of high priority")
	}
}

// SrcB is clocked by Dummy here: when nothing plays on Dummy it runs and delivers nothing. It is opened anew, which helps
// nothing, and goes on when Dummy does.
func TestClockedFaultsOfOneStreamAreNotHeardOnOthers(t *testing.T) {
	promptWorkers(t)
	out := startRecorder(t, "hw:Out,1", 6)
	clock := startPlayer(t, "hw:Dummy,0", 2, 240, constant(0))
	var players []*player
	for k, card := range []string{"SrcA", "SrcB", "SrcC"} {
		players = append(players, startPlayer(t, "hw:"+card+",0", 6, 240, inPair(k)))
	}
	// SrcB moves by a block at a time, at Dummy's ticks, which may come just before Out's or just after: there is to be
	// room for one more.
	b := startBox(t, strings.ReplaceAll(cables(6, 240, 3), `sync = "locked"`, "sync = \"locked\"\nlatency = \"25ms\""))
	for _, name := range []string{"a", "b", "c"} {
		b.is(name, "live", 2*time.Second)
	}
	out.sleepUntil(out.frames() + 4800)
	begin := out.frames()
	out.sleepUntil(begin + 48000)

	clock.end()
	stopped := time.Now()
	s := b.is("b", "stalled", time.Second)
	t.Logf("stalled %v after the card stopped: %v", time.Since(stopped), s)
	time.Sleep(time.Until(stopped.Add(11 * time.Second))) // it stands still, and has been opened anew by now
	s = b.is("b", "stalled", time.Millisecond)
	t.Logf("10 s later: %s", s["reason"])
	if !strings.Contains(s["reason"], "delivered nothing for 10s") || s["stalls"] != "1" || s["unplugs"] != "1" {
		t.Errorf("the stream that stands still says %v", s)
	}
	clock = startPlayer(t, "hw:Dummy,0", 2, 240, constant(0))
	resumed := time.Now()
	b.is("b", "live", 2*time.Second)
	t.Logf("live again %v after it went on", time.Since(resumed))
	time.Sleep(500 * time.Millisecond)

	pulled := out.frames()
	gone := unplug(t, 2)
	at := time.Now()
	s = b.is("c", "gone", time.Second)
	t.Logf("gone %v after it was pulled: %s", time.Since(at), s["reason"])
	if s["reason"] == "" || s["unplugs"] != "1" {
		t.Errorf("the pulled stream says %v", s)
	}
	if err := <-gone; err != nil {
		t.Fatal(err)
	}
	idle := cpuTime(t, b.pid())
	time.Sleep(2 * time.Second)
	share := (cpuTime(t, b.pid()) - idle).Seconds() / 2 * 100
	t.Logf("%.2f %% of the processor while a card is gone", share)
	if share > 6 {
		t.Errorf("something spins: %.1f %% of the processor", share)
	}
	if err := <-plug(t, 2); err != nil {
		t.Fatal(err)
	}
	at = time.Now()
	players[2] = startPlayerIn(t, "hw:SrcC,0", 6, 240, inPair(2), nil) // the box may have opened its end first
	b.is("c", "live", 3*time.Second)
	t.Logf("live again %v after it was back", time.Since(at))
	time.Sleep(300 * time.Millisecond)
	for name, stalls := range map[string]string{"a": "0", "b": "1", "c": "0"} {
		if s := b.stream(name); s["stalls"] != stalls || s["state"] != "live" {
			t.Errorf("stream %s: %v", name, s)
		}
	}
	for name, short := range map[string]string{"a": "0", "b": "1"} {
		if s := b.stream(name); s["short"] != short || s["xruns"] != "0" {
			t.Errorf("stream %s: %v", name, s)
		}
	}

	mix := out.stop()
	for _, p := range append(players, clock) {
		p.end()
	}
	end := len(mix) / 6
	stopFrame, goFrame := out.frameAt(stopped), out.frameAt(resumed)
	unbroken(t, mix, 0, begin, end)
	unbroken(t, mix, 2, begin, pulled)
	unbroken(t, mix, 1, begin, stopFrame-480)
	silent(t, mix, 1, stopFrame+2400, goFrame)
	unbroken(t, mix, 1, pulled-4800, end)
	unbroken(t, mix, 2, end-9600, end)
}

// A missing playback card is waited for, and a card that comes back plays.
func TestNoOutputIsWaitedFor(t *testing.T) {
	if err := <-unplug(t, 3); err != nil {
		t.Fatal(err)
	}
	startPlayer(t, "hw:SrcA,0", 2, 240, constant(1000))
	b := startBox(t, cables(2, 240, 3))
	within(t, 2*time.Second, "no-output", func() bool { return b.status()["state"] == "no-output" })
	t.Log(b.status()["reason"])
	b.is("a", "live", 2*time.Second)
	if err := <-plug(t, 3); err != nil {
		t.Fatal(err)
	}
	out := startRecorder(t, "hw:Out,1", 2)
	within(t, 3*time.Second, "running", func() bool { return b.status()["state"] == "running" })
	time.Sleep(300 * time.Millisecond)
	n := out.frames()
	if x := out.part(n-1, n); x[0] != 1000 {
		t.Errorf("the output plays %v", x)
	}
}
