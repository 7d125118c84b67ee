package main

import (
	"context"
	"log/slog"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"submix/mixer"
)

// costly is a card each read of which takes a while.
type costly struct {
	mixer.Source
	cost *atomic.Int64 // ns
}

func (c costly) Read(dst []float32) (int, error) {
	time.Sleep(time.Duration(c.cost.Load()))
	return c.Source.Read(dst)
}

// A stream that is shed, and its return, are logged once each, with what helps.
func TestShedIsLogged(t *testing.T) {
	toml := strings.Replace(simulated3, "gain = -6.0", "gain = -6.0\npriority = 3", 1)
	inBubble(t, toml, func(r *rig) {
		ctx, cancel := context.WithCancel(r.Context())
		defer cancel()
		go monitor(ctx, r.b, slog.New(r.log))
		open := r.b.openSource
		cost := atomic.Int64{}
		r.b.openSource = func(in *input) (*source, error) {
			src, err := open(in)
			if err == nil {
				src.Source = costly{src.Source, &cost}
			}
			return src, err
		}
		r.says("add spare priority=1")
		time.Sleep(time.Second)
		r.streams("mic live", "line live", "spare live")

		cost.Store(int64(5 * time.Millisecond)) // a whole block
		time.Sleep(5 * time.Second)
		r.streams("mic live", "line shed", "spare shed")
		r.says("streams", `priority=3`, `state=shed`, `reason="the processor is too slow for all streams: a block took 100 % of its time"`)
		r.wantLogged(1, `level=warn text="stream shed" stream=line state=shed reason="the processor is too slow`)
		r.wantLogged(1, `level=warn text="stream shed" stream=spare state=shed reason="the processor is too slow`)
		r.says("status", "load: ")

		cost.Store(0)
		time.Sleep(20 * time.Second)
		r.streams("mic live", "line live", "spare live")
		r.wantLogged(2, `stream shed`)
		r.wantLogged(1, `text="stream" stream=line state=live`)
		r.says("remove spare")
	})
}
