package main

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"submix/cmd/submixd/config"
	"submix/control"
)

const (
	redButton = `
[[button]]
name = "red"
chip = "c"
line = 1
press = "toggle mic"
`
	blackButton = `
[[button]]
name = "black"
chip = "c"
line = 2
press = "end"
`
	knob = `
[[encoder]]
name = "vol"
chip = "c"
line_a = 4
line_b = 5
turns = "gain out"
`
	runLight = `
[[led]]
chip = "c"
line = 3
shows = "running"
`
)

// used are hands whose lines are not real.
type used struct {
	*hands
	fails error // of every line, at once

	mu   sync.Mutex
	told []string // what has begun and ended since the last look
}

func (u *used) tell(what string) {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.told = append(u.told, what)
}

func (u *used) use(ctx context.Context, what string) error {
	u.tell("+" + what)
	if u.fails == nil {
		<-ctx.Done()
		time.Sleep(time.Millisecond) // it takes its time
	}
	u.tell("-" + what)
	return u.fails
}

func (u *used) did(t *testing.T, want ...string) {
	t.Helper()
	synctest.Wait()
	u.mu.Lock()
	defer u.mu.Unlock()
	slices.Sort(u.told)
	if !slices.Equal(u.told, want) {
		t.Errorf("%q, want %q", u.told, want)
	}
	u.told = nil
}

func useHands(r *rig) (u *used, end func()) {
	u = &used{hands: newHands(r.b, r.d, r.b.log)}
	u.button = func(ctx context.Context, c config.Button) error { return u.use(ctx, c.Name+" "+c.Line) }
	u.encoder = func(ctx context.Context, c config.Encoder) error { return u.use(ctx, "knob "+c.LineA) }
	u.light = func(ctx context.Context, c config.LED) error { return u.use(ctx, "light "+c.Line) }
	return u, within(r.Context(), func(ctx context.Context) { u.run(ctx, r.b) })
}

// A reload begins what is new and ends what is gone, on the same lines too, and leaves the rest alone.
func TestReloadOfHands(t *testing.T) {
	inBubble(t, simulated3+redButton+runLight, func(r *rig) {
		u, end := useHands(r)
		u.did(t, "+light 3", "+red 1")
		reload := func(toml string) {
			r.configure(simulated3 + toml)
			r.says("reload")
			time.Sleep(10 * time.Millisecond)
		}
		reload(redButton + runLight)
		u.did(t)
		reload(redButton + blackButton + runLight)
		u.did(t, "+black 2")
		reload(strings.Replace(redButton, "1", "2", 1) + knob + runLight)
		u.did(t, "+knob 4", "+red 2", "-black 2", "-red 1")
		r.configure("nonsense")
		r.refuses("reload", control.CodeConfig)
		u.did(t)
		end()
		u.did(t, "-knob 4", "-light 3", "-red 2")
	})
}

// A line that fails is looked for again, and said once.
func TestHandsAgain(t *testing.T) {
	inBubble(t, simulated3+redButton, func(r *rig) {
		u, end := useHands(r)
		end()
		u.told, u.fails = nil, errors.New("no such line")
		end = within(r.Context(), func(ctx context.Context) { u.run(ctx, r.b) })
		time.Sleep(5 * time.Minute)
		end()
		if tries := len(u.told) / 2; tries < 10 || tries > 20 {
			t.Errorf("tried %d times in 5 min", tries)
		}
		r.wantLogged(1, "no such line")
	})
}

// talk begins to work a button that opens mic while it is down.
func (r *rig) talk() (down func(bool)) {
	const release = "mute mic; gain out -1"
	button := control.Button{Name: "talk", Press: "unmute mic", Release: release, Held: r.b.held("talk", release)}
	changes := make(chan control.Change)
	r.letGo = background(func(ctx context.Context) { button.Run(ctx, r.d, changes) })
	return func(pressed bool) {
		changes <- control.Change{Pressed: pressed, At: time.Now()}
		synctest.Wait()
	}
}

// What a held button has opened is closed at the next start, once, whatever has come between; what was opened otherwise
// stays open.
func TestHeldButtonIsLetGoAtTheStart(t *testing.T) {
	t.Parallel()
	for name, power := range map[string]bool{"kill": false, "power": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			l := &lives{t, t.TempDir(), simulated3}
			wait := func() { time.Sleep(11 * time.Second) }
			l.live(power, func(r *rig) {
				r.says("mute mic")
				r.talk()(true)
				wait()
				r.says("gain line =-3")
				wait()
				r.wantShown("mic -6 false, line -3 true, out 0 false")
			})
			l.live(power, func(r *rig) { r.wantShown("mic -6 true, line -3 true, out -1 false"); wait() })
			l.live(power, func(r *rig) {
				r.wantShown("mic -6 true, line -3 true, out -1 false")
				down := r.talk()
				down(true)
				down(false)
				r.says("unmute mic")
				wait()
			})
			l.live(power, func(r *rig) {
				r.wantShown("mic -6 false, line -3 true, out -2 false")
				down := r.talk()
				down(true)
				r.says("end now")
				time.Sleep(100 * time.Millisecond)
				down(false) // there is no stream to be muted
				wait()
			})
			l.live(power, func(r *rig) {
				r.wantShown("mic -6 true, line -3 true, out -4 false")
				r.talk()(true)
				r.shutdown() // in order: nothing is left for the next start
				r.b.kept.Save()
			})
			l.live(power, func(r *rig) { r.wantShown("mic -6 true, line -3 true, out -5 false") })
		})
	}
}
