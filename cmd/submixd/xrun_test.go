package main

import (
	"testing"
	"testing/synctest"
	"time"

	"submix/cmd/submixd/config"
	"submix/hw/sim"
)

// late is a sink whose writer is late, once.
type late struct {
	sink
	block int // that is late, counted down
	by    time.Duration
}

func (l *late) Write(block []float32) error {
	if l.block--; l.block == 0 {
		time.Sleep(l.by)
	}
	return l.sink.Write(block)
}

// With simulated cards, too, xruns of the output and of captures are counted, and a second later every stream has the
// latency that it had before, to a frame, and has not been short.
func TestXrunsKeepTheLatency(t *testing.T) {
	const toml = `
playback.device = "sim:null"
[[capture]]
name = "followed"
device = "sim:noise?ppm=150"
latency = "30ms"
[[capture]]
name = "locked"
device = "sim:noise"
sync = "locked"
`
	for _, x := range []struct {
		late     time.Duration
		captures uint64 // xruns of each
	}{{20 * time.Millisecond, 0}, {60 * time.Millisecond, 0}, {200 * time.Millisecond, 1}} {
		synctest.Test(t, func(t *testing.T) {
			r := newRig(t, toml)
			r.b.openSink = func(cfg *config.Config) (sink, error) {
				s, err := newSim(cfg, sim.SinkConfig{})
				return &late{s, 20 * 200, x.late}, err
			}
			r.run()
			time.Sleep(19 * time.Second)
			before := r.b.mixer().Streams()
			time.Sleep(3 * time.Second)
			for i, s := range r.b.mixer().Streams() {
				moved := s.Latency - before[i].Latency
				t.Logf("late by %v: %s: latency %v, %v before; %d xruns, %d short", x.late, s.Name, s.Latency, before[i].Latency, s.Xruns, s.Short)
				if moved.Abs() > time.Second/48000+time.Microsecond || s.Xruns != x.captures || s.Short+s.Stalls > 0 {
					t.Errorf("%+v", s)
				}
			}
			if n := r.b.mixer().Output().Info().Xruns; n != 1 {
				t.Errorf("%d xruns of the output", n)
			}
			r.shutdown()
		})
	}
}
