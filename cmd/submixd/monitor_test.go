package main

import (
	"context"
	"errors"
	"log/slog"
	"testing"
	"testing/synctest"
	"time"

	"submix/control"
	"submix/mixer"
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

		r.says("add dumb sim:tone")
		r.card("dumb").Stall(time.Hour)
		r.says("add note sim:tone")
		time.Sleep(time.Second)
		r.wantLogged(1, `text="stream" stream=dumb state=stalled`) // also if it was so at the first look
		r.wantLogged(0, `text="stream" stream=note`)

		r.says("end")
		time.Sleep(300 * time.Millisecond)
		r.wantLogged(1, `stream=mic state=ended`)
		r.wantLogged(1, `stream=line state=ended`)
	})
}

// Of a card that stalls again and again, the log has the first change and then a line
// a second.
func TestChangesOfStateAreLoggedOnceASecond(t *testing.T) {
	inBubble(t, simulated3, func(r *rig) {
		w := watch{log: slog.New(r.log)}
		stop := background(func(ctx context.Context) {
			for ctx.Err() == nil {
				r.card("mic").Stall(200 * time.Millisecond)
				time.Sleep(410 * time.Millisecond)
			}
		})
		for range 50 { // 10 s
			w.look(r.b.mixer(), time.Now())
			time.Sleep(monitorPeriod)
		}
		stop()
		n := r.logged(`text="stream" stream=mic`)
		t.Logf("a card that stalls 25 times in 10 s: %d entries, %d of them for several changes", n, r.logged("changes="))
		if n < 5 || n > 11 || r.logged("changes=") == 0 {
			t.Error("want one a second at most")
		}
	})
}

// shaky is a card, capture and playback, that has an xrun at every other block of
// 5 ms.
type shaky struct{ reads, waits int }

func (s *shaky) Read(dst []float32) (int, error) {
	if s.reads++; s.reads%2 == 0 {
		return 0, mixer.ErrGap
	}
	return min(len(dst), 240), nil
}

func (s *shaky) Wait() (int, time.Time, error) {
	time.Sleep(5 * time.Millisecond)
	if s.waits++; s.waits > 10*200 {
		return 0, time.Time{}, errPulled
	} else if s.waits%2 == 0 {
		return 480, time.Now(), mixer.ErrGap
	}
	return 480, time.Now(), nil
}

func (s *shaky) Write([]float32) error { return nil }

// A hundred xruns a second are all counted, and logged once a second, with what helps.
func TestXrunsAreLoggedOnceASecond(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m, err := mixer.New(mixer.Config{Rate: 48000, Channels: 1, Block: 240})
		if err != nil {
			t.Fatal(err)
		}
		card := &shaky{}
		if _, err := m.Add(mixer.StreamConfig{Name: "mic", Source: card, Format: mixer.Format{Rate: 48000, Channels: 1}, Live: true}); err != nil {
			t.Fatal(err)
		}
		log := control.NewLog(slog.DiscardHandler)
		w := watch{log: slog.New(log)}
		played := make(chan error, 1)
		go func() { played <- m.Play(card) }()
		for range 51 { // 10.2 s
			w.look(m, time.Now())
			time.Sleep(monitorPeriod)
		}
		if err := <-played; !errors.Is(err, errPulled) {
			t.Fatal(err)
		}
		r := &rig{T: t, log: log}
		for stream, hint := range map[string]string{"out": "more periods", "mic": "larger block"} {
			n := r.logged(`text="xrun" stream=` + stream)
			t.Logf("%s: 1000 xruns in 10 s are logged in %d entries", stream, n)
			if n != 10 || r.logged(hint) < n {
				t.Errorf("%s: %d entries, %d of them with what helps", stream, n, r.logged(hint))
			}
		}
		if n := m.Output().Info().Xruns; n != 1000 {
			t.Errorf("%d xruns of the output are counted", n)
		}
		if n := m.Streams()[0].Xruns; n != 1000 {
			t.Errorf("%d xruns of the stream are counted", n)
		}
	})
}
