//go:build vm

package guest

import (
	"os"
	"strconv"
	"strings"
	"testing"
	"time"
)

// A configuration that is read again under sound: what it does not name is heard on, bit for bit, while it takes a stream
// out, puts another in on the same card, and changes the gain of a third; and a file with mistakes is not heard at all.
func TestReloadLeavesTheOthersAlone(t *testing.T) {
	out := startRecorder(t, "hw:Out,1", 6)
	var players []*player
	for k, card := range []string{"SrcA", "SrcB", "SrcC"} {
		players = append(players, startPlayer(t, "hw:"+card+",0", 6, 240, inPair(k)))
	}
	first := strings.ReplaceAll(cables(6, 240, 3), `sync = "locked"`, "sync = \"locked\"\nlatency = \"25ms\"")
	b := startBox(t, first)
	// reload reads a file and returns when the streams are live; from is the frame before, to the one after.
	reload := func(toml string, live ...string) (from, to int) {
		t.Helper()
		b.configure(toml)
		from = out.frames()
		start := time.Now()
		b.do("reload")
		took := time.Since(start)
		for _, name := range live {
			b.is(name, "live", 2*time.Second)
		}
		out.sleepUntil(out.frames() + 4800) // what is heard now is recorded
		to = out.frames()
		t.Logf("reload answered after %.1f ms, all is live at %.1f ms", took.Seconds()*1000, time.Since(start).Seconds()*1000)
		out.sleepUntil(to + 24000)
		return from, to
	}
	for _, name := range []string{"a", "b", "c"} {
		b.is(name, "live", 2*time.Second)
	}
	out.sleepUntil(out.frames() + 48000) // locked streams have found their place
	begin := out.frames()
	out.sleepUntil(begin + 24000)

	soft := strings.NewReplacer(`name = "b"`, `name = "d"`, `name = "c"`, "name = \"c\"\ngain = -6.0").Replace(first)
	toD, isD := reload(soft, "a", "c", "d")
	if s := b.stream("b"); s != nil {
		t.Errorf("b is still there: %v", s)
	}
	if s := b.stream("c"); s["gain"] != "-6.0" {
		t.Errorf("c is %v", s)
	}
	b.configure(strings.Replace(soft, `name = "c"`, "nmae = \"c\"\nlatency = \"1\"", 1))
	text, err := os.ReadFile(b.config)
	if err != nil {
		t.Fatal(err)
	}
	_, verdict := b.try("reload")
	t.Logf("a bad file: %s", verdict)
	line := 1 + strings.Count(string(text)[:strings.Index(string(text), "nmae")], "\n")
	if !strings.HasPrefix(verdict, "ERR 34 ") || !strings.Contains(verdict, "submix.toml:"+strconv.Itoa(line)+": ") || !strings.Contains(verdict, "submix.toml:"+strconv.Itoa(line+1)+": ") {
		t.Errorf("lines %d and %d are not named: %s", line, line+1, verdict)
	}
	out.sleepUntil(out.frames() + 24000)
	toLoud, isLoud := reload(strings.ReplaceAll(soft, "gain = -6.0", "gain = 0.0"), "a", "c", "d")
	toB, isB := reload(first, "a", "b", "c")

	for _, name := range []string{"a", "c"} {
		if s := b.stream(name); s["short"] != "0" || s["stalls"] != "0" || s["xruns"] != "0" {
			t.Errorf("stream %s: %v", name, s)
		}
	}
	b.inTime()
	end := out.frames()
	mix := out.stop()
	for _, p := range players {
		p.end()
	}
	unbroken(t, mix, 0, begin, end)  // never named
	unbroken(t, mix, 1, begin, toD)  // b, until it was taken out
	unbroken(t, mix, 1, isD, toB)    // d, whose card it has then
	unbroken(t, mix, 1, isB, end)    // b again
	unbroken(t, mix, 2, begin, toD)  // c, until it is made softer
	unbroken(t, mix, 2, isLoud, end) // and as it was, also while b takes the place of d
	if loudest(mix, 2, isD, toLoud) > 32768/1.9 {
		t.Error("c is as loud as it was")
	}
}

// loudest is the highest level of the k-th pair of channels.
func loudest(mix []int16, k, from, to int) (most float64) {
	for i := from; i < to; i++ {
		most = max(most, float64(mix[6*i+2*k]), -float64(mix[6*i+2*k]))
	}
	return most
}
