//go:build vm

package guest

import (
	"fmt"
	"testing"
	"time"
)

// cables is a configuration that plays SrcA, SrcB and SrcC, in step, on Out as streams a, b and c.
func cables(channels, block, periods int) string {
	toml := fmt.Sprintf(`
[mixer]
channels = %d
block = %d
limiter = false
[playback]
device = "hw:Out,0"
periods = %d
`, channels, block, periods)
	for i, card := range []string{"SrcA", "SrcB", "SrcC"} {
		toml += fmt.Sprintf(`
[[capture]]
name = "%c"
device = "hw:%s,1"
sync = "locked"
`, 'a'+i, card)
	}
	return toml
}

// coded is a signal that is found in the sum of three: for a while 5 bits of noise, the k-th five of a sample, then
// loud noise, which clips.
func coded(k int) tune {
	loud := noiseOf(int64(k))
	return func(frame int64, channel int) int16 {
		if frame < 4*48000 {
			return int16(random(int64(k), frame, channel)&31) << (5 * k)
		}
		return loud(frame, channel)
	}
}

// Three cables in step come out as the clipped sum, bit for bit.
func TestMixIsExact(t *testing.T) {
	const seconds = 10
	out := startRecorder(t, "hw:Out,1", 2)
	names := []string{"a", "b", "c"}
	var tunes []tune
	var players []*player
	for k, card := range []string{"SrcA", "SrcB", "SrcC"} {
		tunes = append(tunes, coded(k))
		players = append(players, startPlayer(t, "hw:"+card+",0", 2, 240, tunes[k]))
	}
	b := startBox(t, cables(2, 240, 3))
	for _, name := range names {
		b.is(name, "live", 2*time.Second)
	}
	out.sleepUntil(out.frames() + 4800)
	from := out.frames()
	cpu, start := cpuTime(t, b.pid()), time.Now()
	time.Sleep(seconds * time.Second)
	share := float64(cpuTime(t, b.pid())-cpu) / float64(time.Since(start)) * 100
	b.unharmed(names...)
	b.inTime()
	mix := out.stop()[2*from:]
	for _, p := range players {
		p.end() // comparing leaves no time for them
	}

	var first [3]int64
	for k, s := range tunes {
		first[k] = find(t, func(f int64, c int) int16 { return s(f, c) >> (5 * k) }, []int{0, 1}, 100,
			func(f, c int) int16 { return mix[2*f+c] >> (5 * k) & 31 })
	}
	clipped := 0
	for i, got := range mix {
		f, c := int64(i/2), i%2
		sum := 0
		for k, s := range tunes {
			sum += int(s(first[k]+f, c))
		}
		want := max(-32768, min(32767, sum))
		if want != sum {
			clipped++
		}
		if int(got) != want {
			t.Fatalf("frame %d of %d is %d, want %d", f, len(mix)/2, got, want)
		}
	}
	t.Logf("%.1f s bit-exact, %.0f %% of it clipped; %.2f %% of the processor with three streams at block 240",
		float64(len(mix)/2)/48000, 100*float64(clipped)/float64(len(mix)), share)
	if len(mix)/2 < seconds*48000 || clipped == 0 {
		t.Errorf("%d frames were compared, %d samples clipped", len(mix)/2, clipped)
	}
	if share > 4 {
		t.Errorf("%.2f %% of the processor, want 4 at most", share)
	}
}
