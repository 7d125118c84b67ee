package main

import (
	"context"
	"log/slog"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
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

// A card that stands still while its stream is shed is lost once, and is back when it has delivered, not as often as it is
// opened anew.
func TestCardThatStandsWhileShed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, strings.Replace(simulated3, `name = "line"`, "name = \"line\"\npriority = 5", 1))
		open, goesOn := r.b.openSource, time.Now().Add(150*time.Second)
		opened, cost := atomic.Int32{}, atomic.Int64{}
		cost.Store(int64(4700 * time.Microsecond)) // of a block of 5 ms
		r.b.openSource = func(in *input) (*source, error) {
			src, err := open(in)
			switch {
			case err != nil:
			case in.Name == "mic":
				card := r.card("mic")
				if opened.Add(1) > 1 {
					card.Stall(time.Until(goesOn))
				}
				src.Source = in.gaps(&standing{card, time.Now(), max(in.patience(), 10*time.Second)})
			default:
				src.Source = costly{src.Source, &cost}
			}
			return src, err
		}
		r.run()
		time.Sleep(3 * time.Second)
		r.streams("mic shed", "line live")
		r.card("mic").Stall(time.Hour)
		time.Sleep(142 * time.Second)
		r.streams("mic shed", "line live")
		t.Logf("opened %d times, told to be gone %d times and back %d times", opened.Load(), r.logged(`text="stream gone"`), r.logged(`text="stream is back"`))
		if opened.Load() < 4 {
			t.Error("want it opened anew once a minute")
		}
		r.wantLogged(1, `text="stream gone"`)
		r.wantLogged(0, `text="stream is back"`)
		time.Sleep(7 * time.Second)
		r.streams("mic shed", "line live")
		r.wantLogged(1, `text="stream is back"`)
		r.shutdown()
	})
}
