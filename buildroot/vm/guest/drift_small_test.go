//go:build vm

package guest

import (
	"testing"
	"time"

	"submix/hw/alsa"
	"submix/hw/pcm"
	"submix/mixer/analyse"
)

// The smallest block and buffer, with clocks 2000 ppm off: latency from the playing of a frame on SrcA to its being
// captured from Out, and not a frame lost.
func TestDriftSmall(t *testing.T) {
	length := shorter(60*time.Second, 12*time.Second)
	out := startRecorder(t, "hw:Out,1", 2)
	plan := analyse.Plan{Rate: 48000, WindowFrames: 12000, Hz: make([][]float64, 1), GlitchLimit: 5e-3, GapFrames: 20}
	var impulses *player
	var players []*player
	var tones []signal // all are made before the first plays: that takes the processor
	for i, s := range drifters {
		ppm := setDrift(t, s.card, []float64{2000, -2000, 0}[i])
		plan.Hz[0] = append(plan.Hz[0], float64(s.hz[0])*(1+ppm*1e-6))
		tones = append(tones, sine(s.hz[0], 48000, drifterLevel))
	}
	for i, s := range drifters {
		tone := tones[i]
		c := alsa.Config{Device: "hw:" + s.card + ",0", Channels: 2, PeriodFrames: 240, Periods: 10, Formats: []pcm.Format{pcm.S16LE}}
		players = append(players, startSignal(t, c, func(frame int64, channel int) float32 {
			switch {
			case channel == 0:
				return tone(frame, 0)
			case i == 0 && frame%every == 0:
				return 0.9
			}
			return 0
		}))
	}
	impulses = players[0]
	b := startBox(t, adaptive(96, 2))
	for _, s := range drifters {
		within(t, 15*time.Second, "the clock of "+s.name+" is locked", func() bool {
			time.Sleep(250 * time.Millisecond)
			return b.stream(s.name)["lock"] == "locked"
		})
	}
	time.Sleep(5 * time.Second) // until the latency is chosen
	from, xruns := out.frames(), b.status()["xruns"]
	first := int64(0)
	for impulses.when(first * every).Before(time.Now()) {
		first++
	}
	var played []time.Time
	for end := time.Now().Add(length); time.Now().Before(end); time.Sleep(50 * time.Millisecond) {
		for next := impulses.when((first + int64(len(played))) * every); next.Before(time.Now()); next = impulses.when((first + int64(len(played))) * every) {
			played = append(played, next)
		}
	}
	for _, s := range drifters {
		info := b.stream(s.name)
		t.Logf("%s: drift %s ppm, latency %s ms as told", s.name, info["drift"], info["latency"])
		b.unharmed(s.name)
	}
	if n := b.status()["xruns"]; n != xruns {
		t.Errorf("%s xruns of the output, after %s before", n, xruns)
	}
	mix := out.stop()[2*from:]
	for _, p := range players {
		p.end()
	}
	samples := make([]float32, len(mix))
	for i, v := range mix {
		samples[i] = float32(v) / 32768
	}
	track := analyse.NewTrack(plan)
	left := make([]float32, 0, len(samples)/2)
	for i := 0; i < len(samples); i += 2 {
		left = append(left, samples[i])
	}
	track.Feed(left)
	r := track.Record(0)
	t.Logf("%d windows, %d glitches, %d gaps, roughest %.1e, SNR of 16 bits %.1f dB at worst", len(r.Fits), len(r.Glitches), len(r.Gaps), r.Roughest, r.WorstSNR(0))
	if len(r.Fits) == 0 || len(r.Glitches)+len(r.Gaps) > 0 {
		t.Errorf("glitches %v, gaps %v", r.Glitches[:min(5, len(r.Glitches))], r.Gaps)
	}
	var least, most, sum time.Duration
	n := 0
	for i := 3; i < len(mix)-1; i += 2 {
		if mix[i] < 13000 || mix[i] < mix[i-2] || mix[i] <= mix[i+2] {
			continue
		}
		heard := out.when(from + i/2)
		for _, at := range played {
			if d := heard.Sub(at); d > 0 && d < 50*time.Millisecond {
				if n == 0 || d < least {
					least = d
				}
				most, sum, n = max(most, d), sum+d, n+1
			}
		}
	}
	if n < len(played)-2 || n == 0 {
		t.Fatalf("%d of %d impulses came through", n, len(played))
	}
	t.Logf("latency at block 96, 2 periods, +-2000 ppm: %.2f ms in the mean of %d impulses (%.2f to %.2f, ticks are 1 ms)",
		(sum/time.Duration(n)).Seconds()*1000, n, least.Seconds()*1000, most.Seconds()*1000)
	if most > 10*time.Millisecond {
		t.Errorf("latency %v, want 10 ms at most", most)
	}
}
