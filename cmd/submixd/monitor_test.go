package main

import (
	"context"
	"log/slog"
	"testing"
	"time"
)

// Each change of state is logged once, counters once a second at most.
func TestMonitor(t *testing.T) {
	inBubble(t, simulated3, func(r *rig) {
		ctx, cancel := context.WithCancel(r.Context())
		defer cancel()
		time.Sleep(50 * time.Millisecond) // the streams are live, but nobody has looked yet
		go monitor(ctx, r.b, slog.New(r.log))
		time.Sleep(950 * time.Millisecond)
		r.wantLogged(0, "text=stream")

		r.card("mic").Stall(2 * time.Second)
		time.Sleep(1900 * time.Millisecond)
		r.wantLogged(1, `text="stream" stream=mic state=stalled`)
		time.Sleep(time.Second)
		r.wantLogged(1, `text="stream" stream=mic state=stalled`)
		r.wantLogged(1, `text="stream" stream=mic state=live`)
		r.wantLogged(0, `text="stream" stream=line`)

		r.b.mixer().Output().CountXrun()
		for range 30 { // three seconds of it
			r.b.mixer().Output().CountXrun()
			time.Sleep(100 * time.Millisecond)
		}
		if n := r.logged(`text="xrun" stream=out`); n < 3 || n > 4 {
			t.Errorf("31 xruns in 3 s are logged in %d entries", n)
		}
		time.Sleep(2 * time.Second)
		r.wantLogged(1, `in_all=31`)

		r.says("end")
		time.Sleep(300 * time.Millisecond)
		r.wantLogged(1, `stream=mic state=ended`)
		r.wantLogged(1, `stream=line state=ended`)
	})
}
