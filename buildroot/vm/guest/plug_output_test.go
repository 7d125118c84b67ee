//go:build vm

package guest

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"
	"testing"
	"time"
)

// waitFor waits until the box is in a state, and returns when it was, to a few milliseconds.
func (b *box) waitFor(state string, limit time.Duration) time.Time {
	b.t.Helper()
	within(b.t, limit, state, func() bool {
		time.Sleep(4 * time.Millisecond)
		return b.status()["state"] == state
	})
	return time.Now()
}

// inPlace checks that the captures have kept their latencies, and that they were neither short nor had an xrun while the
// output was gone.
func (b *box) inPlace(want map[string]float64, streams ...string) (worst float64) {
	b.t.Helper()
	for _, name := range streams {
		s := b.stream(name)
		worst = max(worst, math.Abs(b.ms(name, "latency")-want[name]))
		if s["state"] != "live" || s["short"] != "0" || s["xruns"] != "0" || s["stalls"] != "0" || s["unplugs"] != "0" {
			b.t.Errorf("stream %s: %v", name, s)
		}
	}
	return worst
}

func (b *box) latencies(streams ...string) map[string]float64 {
	ms := map[string]float64{}
	for _, name := range streams {
		ms[name] = b.ms(name, "latency")
	}
	return ms
}

// settled is how long after the output's return latencies are looked at. They are right to a frame after half a second, and
// soon to within the ticks of cards.
const settled, soon = 700 * time.Millisecond, 150 * time.Millisecond

// The playback card is pulled and put back under sound, again and again.
func TestPlugPlayback(t *testing.T) {
	t.Setenv("GOGC", "10")
	names := []string{"a", "b", "c"}
	var players []*player
	for i, s := range drifters {
		players = append(players, startPlayer(t, "hw:"+s.card+",0", 6, 240, inPair(i)))
	}
	out := startRecorder(t, "hw:Out,1", 6)
	b := startBox(t, strings.ReplaceAll(cables(6, 240, 3), `sync = "locked"`, "sync = \"locked\"\nlatency = \"25ms\""))
	for _, name := range names {
		b.is(name, "live", 2*time.Second)
	}
	time.Sleep(time.Second)
	latency := map[string]float64{"a": 25, "b": 25, "c": 25} // as set, to within a tick, by which cables move
	start := b.footprint()
	t.Logf("latencies %v ms; at the start %v", b.latencies(names...), start)
	var back spans
	worst := 0.0
	for i := range pulls() {
		gone := unplug(t, 3)
		out.end() // or the card is not free
		if err := <-gone; err != nil {
			t.Fatal(err)
		}
		b.waitFor("no-output", 100*time.Millisecond)
		time.Sleep(away(i))
		for _, name := range names {
			b.is(name, "live", 50*time.Millisecond) // as before, and discarded
		}
		bound := plug(t, 3)
		there := node(t, "pcmC3D1c")
		out = startRecorderIn(t, "hw:Out,1", 6, nil) // the box may have opened its end first
		back = append(back, out.heardAgain(i%3, 0).Sub(there))
		if err := <-bound; err != nil {
			t.Fatal(err)
		}
		b.waitFor("running", 100*time.Millisecond)
		time.Sleep(settled)
		worst = max(worst, b.inPlace(latency, names...))
	}
	b.noMore(start)
	t.Logf("heard again %v after its node was there; the latencies were %.2f ms off at worst", back, worst)
	if slices.Max(back) > backWithin || worst > 1.1 {
		t.Errorf("want %v and 1.1 ms at most", backWithin)
	}
	for _, p := range players {
		p.end()
	}
}

// A USB card that is pulled for real, by its socket. What it plays cannot be heard in here: the box says that it plays,
// the kernel that the card moves.
func TestPlugUSBPlayback(t *testing.T) {
	t.Setenv("GOGC", "10")
	usb := openUSBSocket(t)
	usb.do("plug")
	node(t, "pcmC5D0p")
	names := []string{"a", "b", "c"}
	for i, s := range drifters {
		startPlayer(t, "hw:"+s.card+",0", 2, 240, constant(int16(1000*i)))
	}
	b := startBox(t, strings.ReplaceAll(strings.ReplaceAll(adaptive(240, 3), "hw:Out,0", usbPath), ",1\"\n", ",1\"\nlatency = \"40ms\"\n"))
	for _, name := range names {
		b.is(name, "live", 2*time.Second)
	}
	b.waitFor("running", 2*time.Second)
	time.Sleep(3 * time.Second)
	latency := map[string]float64{"a": 40, "b": 40, "c": 40} // as set
	start := b.footprint()
	t.Logf("latencies %v ms; at the start %v", b.latencies(names...), start)
	var gone, back spans
	worst, early := 0.0, 0.0
	for range pulls() {
		at := time.Now()
		usb.do("unplug")
		gone = append(gone, b.waitFor("no-output", time.Second).Sub(at))
		time.Sleep(500 * time.Millisecond)
		worst = max(worst, b.inPlace(latency, names...))
		usb.do("plug")
		there := node(t, "pcmC5D0p")
		running := b.waitFor("running", time.Second)
		within(t, time.Second, "the card plays", func() bool { return plays(5) })
		back = append(back, running.Sub(there))
		time.Sleep(time.Until(running.Add(soon)))
		early = max(early, b.inPlace(latency, names...))
		time.Sleep(settled - soon)
		worst = max(worst, b.inPlace(latency, names...))
	}
	b.noMore(start)
	t.Logf("no-output %v after it was pulled; plays again %v after its node was there; the latencies were %.2f ms off at worst, and %.2f ms soon after", gone, back, worst, early)
	if slices.Max(back) > backWithin || worst > 0.2 || early > 1.5 {
		t.Errorf("want %v, 0.2 ms and 1.5 ms at most", backWithin)
	}
}

// Cards come back with other numbers: two cables with each other's, the USB card with another one. They are found by id
// and by socket.
func TestPlugSwapped(t *testing.T) {
	usb := openUSBSocket(t)
	usb.do("plug")
	node(t, "pcmC5D0p")
	play := func(k int) *player {
		return startPlayerIn(t, "hw:"+drifters[k].card+",0", 2, 240, constant(int16(1000*(k+1))), nil)
	}
	players := []*player{play(0), play(1)}
	out := startRecorder(t, "hw:Out,1", 2)
	heard := func(want int16) func() bool {
		return func() bool {
			n := out.frames()
			return n > 0 && out.part(n-1, n)[0] == want
		}
	}
	b := startBox(t, `
[mixer]
limiter = false
[playback]
device = "hw:Out,0"
[[capture]]
name = "a"
device = "hw:SrcA,1"
sync = "locked"
[[capture]]
name = "b"
device = "hw:SrcB,1"
sync = "locked"
`)
	within(t, 2*time.Second, "both are heard", heard(3000))
	for _, k := range []int{0, 1} {
		if err := <-unplug(t, k); err != nil {
			t.Fatal(err)
		}
		players[k].end()
	}
	within(t, time.Second, "neither is heard", heard(0))
	for _, k := range []int{1, 0} { // SrcB takes the lowest number first
		if err := <-plug(t, k); err != nil {
			t.Fatal(err)
		}
	}
	if got := cards(t); got[0] != "SrcB" || got[1] != "SrcA" {
		t.Fatalf("the cards are not swapped: %v", got)
	}
	b.do("mute b")
	for k := range players {
		players[k] = play(k)
	}
	within(t, time.Second, "SrcA alone is heard", heard(1000))
	b.do("unmute b")
	b.do("mute a")
	within(t, time.Second, "SrcB alone is heard", heard(2000))
	t.Logf("heard as streams a and b: %v", cards(t))

	for k := range players { // and back
		players[k].end()
	}
	b.do("remove a")
	b.do("remove b")
	for _, k := range []int{0, 1} {
		if err := <-unplug(t, k); err != nil {
			t.Fatal(err)
		}
	}
	for _, k := range []int{0, 1} {
		if err := <-plug(t, k); err != nil {
			t.Fatal(err)
		}
	}
	if got := cards(t); got[0] != "SrcA" || got[1] != "SrcB" {
		t.Fatalf("%v", got)
	}
}

// The USB card with another number: by id, and by socket.
func TestPlugUSBNumber(t *testing.T) {
	for _, device := range []string{usbCard, usbPath} {
		t.Run(strings.Split(device, ":")[0], func(t *testing.T) {
			usb := openUSBSocket(t)
			usb.do("plug")
			node(t, "pcmC5D0p")
			b := startBox(t, fmt.Sprintf("playback.device = %q\n[[capture]]\nname = \"a\"\ndevice = \"hw:SrcA,1\"\n", device))
			b.waitFor("running", time.Second)
			within(t, time.Second, "it plays", func() bool { return plays(5) })
			usb.do("unplug")
			b.waitFor("no-output", time.Second)
			writeFile(t, "/sys/bus/platform/drivers/snd_dummy/unbind", "snd_dummy.0") // number 4 is free now
			usb.do("plug")
			node(t, "pcmC4D0p")
			b.waitFor("running", time.Second)
			within(t, time.Second, "it plays", func() bool { return plays(4) })
			got := cards(t)
			t.Logf("%s plays as card 4 of %v", device, got)
			if !maps.Equal(got, map[int]string{0: "SrcA", 1: "SrcB", 2: "SrcC", 3: "Out", 4: "Audio"}) {
				t.Error("that is not another number")
			}
			usb.do("unplug")
			b.waitFor("no-output", time.Second)
			writeFile(t, "/sys/bus/platform/drivers/snd_dummy/bind", "snd_dummy.0")
		})
	}
}
