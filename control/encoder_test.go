package control_test

import (
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"submix/control"
	"submix/control/controltest"
)

// turner is an encoder under test, in virtual time.
type turner struct {
	*controltest.Box
	t      *testing.T
	levels chan control.Levels
}

func withEncoder(t *testing.T, e control.Encoder, story func(*turner)) {
	synctest.Test(t, func(t *testing.T) {
		w := &turner{controltest.New(), t, make(chan control.Levels)}
		ended := make(chan error)
		go func() { ended <- e.Run(t.Context(), w.Dispatcher, w.levels) }()
		w.levels <- control.Levels{At: time.Now()}
		story(w)
		close(w.levels)
		if err := <-ended; err != nil {
			t.Errorf("Run ended with %v", err)
		}
	})
}

// turn turns by detents, at so many a second. It must not be held up.
func (w *turner) turn(detents, perSecond int) {
	w.t.Helper()
	forwards := [4][2]bool{{true, false}, {true, true}, {false, true}, {false, false}}
	for i := range 4 * max(detents, -detents) {
		l := forwards[i%4]
		if detents < 0 {
			l[0], l[1] = l[1], l[0]
		}
		due := time.Now().Add(time.Second / time.Duration(4*perSecond))
		<-time.After(time.Until(due))
		w.levels <- control.Levels{A: l[0], B: l[1], At: time.Now()}
		if late := time.Since(due); late > 0 {
			w.t.Fatalf("the levels were taken %v late", late)
		}
	}
	synctest.Wait()
}

func (w *turner) gains(dB float64) {
	w.t.Helper()
	if s, _ := w.Mixer().Stream("mic"); s.GainDB() != dB {
		w.t.Errorf("the gain is %v, want %v", s.GainDB(), dB)
	}
}

// logged checks what the log holds, as origin and line.
func (w *turner) logged(want ...string) {
	w.t.Helper()
	objects, _ := control.ParseData(w.Log.Tail(control.LogEntries))
	var got []string
	for _, o := range objects {
		got = append(got, fmt.Sprint(o["origin"], ": ", o["line"]))
	}
	if strings.Join(got, ",") != strings.Join(want, ",") {
		w.t.Errorf("logged %q, want %q", got, want)
	}
}

func plainEncoder() control.Encoder {
	return control.Encoder{Name: "vol", Target: "mic", StepDB: 0.5, MinDB: control.MinGainDB, MaxDB: control.MaxGainDB, StatesADetent: 4}
}

func TestEncoderTurnsAGain(t *testing.T) {
	withEncoder(t, plainEncoder(), func(w *turner) {
		w.turn(1, 20) // mic begins at -6
		w.gains(-5.5)
		w.turn(39, 20)
		w.gains(14)
		w.logged() // while it turns
		<-time.After(2 * time.Second)
		w.logged("encoder vol: gain mic =14.0")
		w.turn(-3, 5)
		w.gains(12.5)
	})
}

// Each step is one that is kept, without waiting for the end of the turn.
func TestEncoderTellsOfEachChange(t *testing.T) {
	withEncoder(t, plainEncoder(), func(w *turner) {
		w.turn(40, 20)
		if w.Changes != 40 {
			t.Errorf("told %d times of 40 steps", w.Changes)
		}
	})
}

func TestEncoderReverse(t *testing.T) {
	e := plainEncoder()
	e.Reverse = true
	withEncoder(t, e, func(w *turner) {
		w.turn(4, 20)
		w.gains(-8)
	})
}

func TestEncoderStopsAtItsLimits(t *testing.T) {
	e := plainEncoder()
	e.MinDB, e.MaxDB = -10, 0
	withEncoder(t, e, func(w *turner) {
		w.turn(30, 20)
		w.gains(0)
		w.turn(-1, 20)
		w.gains(-0.5)
		w.turn(-50, 20)
		w.gains(-10)
	})
}

func TestEncoderAccelerates(t *testing.T) {
	e := plainEncoder()
	e.Accelerate = true
	withEncoder(t, e, func(w *turner) {
		w.turn(4, 4)
		w.gains(-4)
		<-time.After(time.Second)
		w.turn(-10, 20) // the first two count once, two twice, six four times
		w.gains(-4 - 0.5*(2+4+24))
	})
}

// What is turned while a command takes its time is one step after it, to the last detent.
func TestEncoderBehindSlowCommand(t *testing.T) {
	e := plainEncoder()
	e.StepDB = 1
	withEncoder(t, e, func(w *turner) {
		w.Slow = 5 * time.Second
		w.turn(1, 20)
		w.turn(60, 20)
		w.turn(-90, 50) // in less than 5 s
		w.gains(-6)
		<-time.After(time.Minute)
		w.gains(-6 + 1 - 30)
		w.logged("encoder vol: gain mic =-35.0")
		w.turn(-1, 20)
		w.turn(-90, 20) // more than one command may
		w.turn(-40, 20)
		<-time.After(time.Minute)
		w.gains(control.MinGainDB)
	})
}

func TestEncoderOfNoStreamIsLoggedOnce(t *testing.T) {
	e := plainEncoder()
	e.Target = "nobody"
	withEncoder(t, e, func(w *turner) {
		w.turn(20, 20)
		<-time.After(2 * time.Second)
		w.logged("encoder vol: gain nobody +0.50 min=-120 max=24")
	})
}
