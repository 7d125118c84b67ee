package main

import (
	"context"
	"log/slog"
	"math"
	"testing"
	"time"

	"submix/mixer"
)

const drifting = `
[playback]
device = "sim:null?ppm=-50"

[[capture]]
name = "fast"
device = "sim:tone?hz=440&ppm=250"

[[capture]]
name = "slow"
device = "sim:tone?hz=660&ppm=-350"
latency = "30ms"

[[capture]]
name = "wild"
device = "sim:silence?ppm=10000"

[[capture]]
name = "locked"
device = "sim:tone?hz=880"
sync = "locked"
`

// driftOf is the drift between clocks that are off by so much.
func driftOf(sourcePPM, sinkPPM float64) float64 {
	return ((1+sourcePPM*1e-6)/(1+sinkPPM*1e-6) - 1) * 1e6
}

// The drift of each card is found, told and remembered; nothing falls short.
func TestDrift(t *testing.T) {
	file := forget(t)
	inBubble(t, drifting, func(r *rig) {
		r.b.drifts = newDrifts(file, slog.New(r.log))
		ctx, cancel := context.WithCancel(r.Context())
		defer cancel()
		go monitor(ctx, r.b, slog.New(r.log))
		near := func(name string, want float64) {
			t.Helper()
			s := r.stream(name)
			t.Logf("%s: %s, %s, %+.2f ppm of %+.2f, latency %v of %v, short %d", name, s.State, s.Lock, s.DriftPPM, want, s.Latency, s.Target, s.Short)
			if s.State != mixer.Live || s.Lock != mixer.Locked || math.Abs(s.DriftPPM-want) > 5 || s.Short > 0 ||
				(s.Latency-s.Target).Abs() > 200*time.Microsecond {
				t.Errorf("%s is %+v", name, s)
			}
		}
		time.Sleep(time.Minute)
		near("fast", driftOf(250, -50))
		near("slow", driftOf(-350, -50))
		if s := r.stream("slow"); (s.Target - 30*time.Millisecond).Abs() > 100*time.Microsecond {
			t.Errorf("a latency of 30 ms is held at %v", s.Target)
		}
		if s := r.stream("wild"); s.Lock != mixer.OutOfRange {
			t.Errorf("a card off by 1 %% is %+v", s)
		}
		r.says("streams", "sync=adaptive lock=locked drift=+300.", "sync=locked lock=- drift=+0.0", "lock=out-of-range drift=+100")
		r.wantLogged(1, `text="clock locked" stream=fast drift=+`)
		r.wantLogged(1, `text="clock locked" stream=slow drift=-`)
		r.wantLogged(1, `text="clock out of range" stream=wild`)
		r.wantLogged(0, "clock lost")
		r.wantLogged(0, `text="latency chosen" stream=slow`)
		if r.logged(`text="latency chosen" stream=fast`) == 0 {
			t.Error("it is not told which latency was chosen")
		}

		r.says("remove fast")
		r.says("add fast")
		time.Sleep(500 * time.Millisecond)
		if s := r.stream("fast"); math.Abs(s.DriftPPM-300) > 5 {
			t.Errorf("half a second after it was added again, %+.1f ppm are known of it", s.DriftPPM)
		}
	})
	var kept map[string]float64
	err := file.Get(driftSection, &kept)
	for dev, want := range map[string]float64{"sim:tone?hz=440&ppm=250": driftOf(250, -50), "sim:tone?hz=660&ppm=-350": driftOf(-350, -50)} {
		if err != nil || math.Abs(kept[dev]-want) > 5 || len(kept) != 2 {
			t.Errorf("kept are %v, %v; want %+.1f for %s", kept, err, want, dev)
		}
	}
}
