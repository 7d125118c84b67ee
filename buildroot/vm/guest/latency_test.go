//go:build vm

package guest

import (
	"testing"
	"time"
)

// every is how many frames lie between two impulses; odd, so that they meet every phase of blocks and ticks.
const every = 4801

// Latency from the playing of a frame on SrcA to its being captured from Out, and no xrun in 60 s while a process
// of ordinary priority uses up the processor.
func TestLatencyUnderLoad(t *testing.T) {
	length := shorter(60*time.Second, 12*time.Second)
	out := startRecorder(t, "hw:Out,1", 2)
	impulses := startPlayer(t, "hw:SrcA,0", 2, 96, func(frame int64, _ int) int16 {
		if frame%every == 0 {
			return int16(1000 + frame/every)
		}
		return 0
	})
	players := []*player{impulses}
	for _, card := range []string{"SrcB", "SrcC"} {
		players = append(players, startPlayer(t, "hw:"+card+",0", 2, 96, constant(0)))
	}
	b := startBox(t, cables(2, 96, 2))
	for _, name := range []string{"a", "b", "c"} {
		b.is(name, "live", 2*time.Second)
	}
	from, xruns := out.frames(), b.status()["xruns"]
	burner := burn(t, 0)
	cpu, start := cpuTime(t, b.pid()), time.Now()
	var played []time.Time // of impulse first+i
	first := int64(0)
	for time.Since(start) < length {
		time.Sleep(100 * time.Millisecond)
		for {
			next := first + int64(len(played))
			at := impulses.when(next * every)
			if len(played) == 0 && at.Before(start) {
				first++
				continue
			}
			if at.After(time.Now()) {
				break
			}
			played = append(played, at)
		}
	}
	share := float64(cpuTime(t, b.pid())-cpu) / float64(time.Since(start)) * 100
	burnt := float64(cpuTime(t, burner)) / float64(time.Since(start)) * 100
	reported := b.stream("a")["latency"]
	b.unharmed("a", "b", "c")
	if n := b.status()["xruns"]; n != xruns || n == "" {
		t.Errorf("xruns of the output: %s, after %s at the start", n, xruns)
	}

	var sum, least, most time.Duration
	n := 0
	mix := out.stop()[2*from:]
	for _, p := range players {
		p.end() // measuring leaves no time for them
	}
	for i := 0; i < len(mix); i += 2 {
		k := int64(mix[i]) - 1000 - first
		if mix[i] == 0 || k < 0 || k >= int64(len(played)) {
			continue
		}
		d := out.when(from + i/2).Sub(played[k])
		if n == 0 || d < least {
			least = d
		}
		most = max(most, d)
		sum += d
		n++
	}
	t.Logf("the busy loop had %.0f %% of the processor", burnt)
	if burnt < 80 {
		t.Error("that is no busy loop")
	}
	if n < len(played)-2 || n < 100 {
		t.Fatalf("%d of %d impulses came through", n, len(played))
	}
	t.Logf("latency at block 96, 2 periods: %.2f ms in the mean of %d impulses (%.2f to %.2f, ticks are 1 ms), reported %s ms; %.2f %% of the processor",
		(sum/time.Duration(n)).Seconds()*1000, n, least.Seconds()*1000, most.Seconds()*1000, reported, share)
	if most > 9*time.Millisecond {
		t.Errorf("latency %v, want 9 ms at most", most)
	}
}
