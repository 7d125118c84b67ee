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
