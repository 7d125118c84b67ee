package control_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"submix/control"
	"submix/control/controltest"
)

// bench is a button under test, in virtual time.
type bench struct {
	*controltest.Box
	t       *testing.T
	changes chan control.Change
	ended   chan error
}

func withButton(t *testing.T, b control.Button, story func(*bench)) {
	synctest.Test(t, func(t *testing.T) {
		w := &bench{controltest.New(), t, make(chan control.Change, 16), make(chan error, 1)}
		go func() { w.ended <- b.Run(t.Context(), w.Dispatcher, w.changes) }()
		story(w)
		close(w.changes)
		if err := <-w.ended; err != nil {
			t.Errorf("Run ended with %v", err)
		}
	})
}

func (w *bench) down() { w.changes <- control.Change{Pressed: true, At: time.Now()}; synctest.Wait() }
func (w *bench) up()   { w.changes <- control.Change{At: time.Now()}; synctest.Wait() }
func (w *bench) wait(d time.Duration) {
	<-time.After(d)
	synctest.Wait()
}

// ran checks which lines have been run so far.
func (w *bench) ran(want ...string) {
	w.t.Helper()
	var got []string
	objects, err := control.ParseData(w.Log.Tail(control.LogEntries))
	for _, o := range objects {
		got = append(got, fmt.Sprint(o["line"]))
		if o["origin"] != "button red" {
			w.t.Errorf("logged as %v", o)
		}
	}
	if err != nil || strings.Join(got, ",") != strings.Join(want, ",") {
		w.t.Errorf("%v: ran %q, want %q (%v)", time.Now(), got, want, err)
	}
}

const ms = time.Millisecond

func TestButtonPressAtOnce(t *testing.T) {
	withButton(t, control.Button{Name: "red", Press: "toggle mic"}, func(w *bench) {
		w.down()
		w.ran("toggle mic")
		w.wait(5 * time.Second)
		w.up()
		w.ran("toggle mic")
	})
}

func TestButtonHold(t *testing.T) {
	withButton(t, control.Button{Name: "red", Press: "toggle mic", Hold: "end"}, func(w *bench) {
		w.down()
		w.wait(control.DefaultHoldTime - ms)
		w.ran()
		w.up()
		w.ran("toggle mic")
		w.down()
		w.wait(control.DefaultHoldTime)
		w.ran("toggle mic", "end")
		w.wait(time.Second)
		w.up()
		w.ran("toggle mic", "end")
	})
}

func TestButtonDouble(t *testing.T) {
	withButton(t, control.Button{Name: "red", Press: "mute mic", Double: "unmute all", DoubleTime: 200 * ms}, func(w *bench) {
		w.down()
		w.wait(50 * ms)
		w.up()
		w.wait(199 * ms)
		w.ran()
		w.wait(ms)
		w.ran("mute mic")
		w.down()
		w.up()
		w.wait(150 * ms)
		w.down()
		w.ran("mute mic", "unmute all")
		w.wait(time.Second)
		w.up()
		w.wait(time.Second)
		w.ran("mute mic", "unmute all")
	})
}

func TestButtonWithHoldAlone(t *testing.T) {
	withButton(t, control.Button{Name: "red", Hold: "end now", HoldTime: 3 * time.Second}, func(w *bench) {
		w.down()
		w.wait(2 * time.Second)
		w.up()
		w.ran()
		w.down()
		w.wait(3 * time.Second)
		w.ran("end now")
		w.up()
	})
}

// Presses made while a command takes its time count by their own times: none of
// them becomes a hold because it is seen late.
func TestButtonBehindSlowCommand(t *testing.T) {
	withButton(t, control.Button{Name: "red", Press: "reload", Hold: "end"}, func(w *bench) {
		w.Slow = 2 * time.Second
		var want []string
		for range 8 {
			w.down()
			w.wait(100 * ms)
			w.up()
			w.wait(50 * ms)
			want = append(want, "reload")
		}
		w.wait(20 * time.Second)
		w.ran(want...)
	})
}

func TestButtonPushToTalk(t *testing.T) {
	withButton(t, control.Button{Name: "red", Press: "unmute tape", Release: "mute tape; gain mic +6"}, func(w *bench) {
		for range 2 { // however short
			w.down()
			w.up()
		}
		w.ran("unmute tape", "mute tape", "gain mic +6", "unmute tape", "mute tape", "gain mic +6")
	})
}

// Of a button that is held, it is told before its commands run.
func TestButtonTellsThatItIsHeld(t *testing.T) {
	var told []string
	var box *controltest.Box
	held := func(down bool) { told = append(told, fmt.Sprint(down, len(box.Log.Tail(control.LogEntries)))) }
	b := control.Button{Name: "red", Press: "unmute tape", Release: "mute tape", Repeat: "gain tape +1", Held: held}
	withButton(t, b, func(w *bench) {
		box = w.Box
		w.down()
		w.wait(control.DefaultHoldTime)
		w.up()
		w.down()
		b.LetGo(t.Context(), w.Dispatcher)
	})
	if got := fmt.Sprint(told); got != "[true 0 false 2 true 3 false 4 false 5]" {
		t.Error(got)
	}
	b.Release = ""
	withButton(t, b, func(w *bench) { w.down(); w.up() })
	if len(told) != 5 {
		t.Errorf("told of a button that is not held: %v", told[5:])
	}
}

func TestButtonRepeat(t *testing.T) {
	b := control.Button{Name: "red", Press: "gain mic +1", Repeat: "gain mic +2", HoldTime: 500 * ms, RepeatTime: 100 * ms}
	withButton(t, b, func(w *bench) {
		w.down()
		w.ran("gain mic +1")
		w.wait(499 * ms)
		w.ran("gain mic +1")
		w.wait(202 * ms)
		w.up()
		w.wait(time.Second)
		w.ran("gain mic +1", "gain mic +2", "gain mic +2", "gain mic +2")
	})
}

// One of several commands that fails does not keep the others from running.
func TestButtonSeveralCommands(t *testing.T) {
	withButton(t, control.Button{Name: "red", Press: "mute mic ; mute nobody;mute usb1"}, func(w *bench) {
		w.down()
		w.ran("mute mic", "mute nobody", "mute usb1")
		if log := fmt.Sprint(w.Log.Tail(3)); strings.Count(log, "command refused") != 1 {
			t.Errorf("one refusal is to be logged once:\n%s", log)
		}
		w.up()
	})
}

// However a press ends, push to talk does not stay open.
func TestButtonLostWhilePressed(t *testing.T) {
	talk := control.Button{Name: "red", Press: "unmute tape", Release: "mute tape", Repeat: "status"}
	for _, cancelled := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			w := &bench{controltest.New(), t, make(chan control.Change, 16), make(chan error, 1)}
			ctx, cancel := context.WithCancel(t.Context())
			go func() { w.ended <- talk.Run(ctx, w.Dispatcher, w.changes) }()
			w.down()
			w.wait(2 * time.Second)
			w.ran("unmute tape")
			if cancelled {
				cancel()
			} else {
				close(w.changes) // the line has gone
			}
			<-w.ended
			w.ran("unmute tape", "mute tape")
			cancel()
		})
	}
	withButton(t, talk, func(w *bench) { w.ran() }) // and ended while up
}

// A button that is down when its line is opened is pressed where it has two
// states, and otherwise is waited for to be let go.
func TestButtonFoundDown(t *testing.T) {
	found := func(w *bench) {
		w.changes <- control.Change{Pressed: true, At: time.Now(), First: true}
		w.wait(2 * time.Second)
	}
	withButton(t, control.Button{Name: "red", Press: "mute mic", Release: "unmute mic"}, func(w *bench) {
		found(w)
		w.ran("mute mic")
		w.up()
		w.ran("mute mic", "unmute mic")
	})
	withButton(t, control.Button{Name: "red", Press: "mute mic", Hold: "end"}, func(w *bench) {
		found(w)
		w.up()
		w.ran()
		w.down()
		w.up()
		w.ran("mute mic")
	})
}

func TestButtonRefusedIsLogged(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		box := controltest.New()
		changes := make(chan control.Change, 1)
		changes <- control.Change{Pressed: true, At: time.Now()}
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan error)
		go func() { ended <- control.Button{Name: "red", Press: "mute"}.Run(ctx, box.Dispatcher, changes) }()
		synctest.Wait()
		cancel()
		if err := <-ended; !errors.Is(err, context.Canceled) {
			t.Errorf("Run ended with %v", err)
		}
		if log := fmt.Sprint(box.Log.Tail(1)); !strings.Contains(log, `button=red line=mute error="usage: mute NAME|all|out"`) {
			t.Error(log)
		}
	})
}
