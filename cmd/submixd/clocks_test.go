package main

import (
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"submix/cmd/submixd/config"
	"submix/control"
	"submix/control/state"
	"submix/mixer"
)

// watcher is a monitor of clocks that a test makes up, and of the time.
type watcher struct {
	*testing.T
	clocks
	log  *control.Log
	in   *input
	now  time.Time
	seen int // entries of the log
}

func newWatcher(t *testing.T, c config.Capture, file *state.File) *watcher {
	log := control.NewLog(slog.DiscardHandler)
	return &watcher{T: t, log: log, in: &input{Capture: c, live: true}, now: time.Unix(0, 0),
		clocks: clocks{log: slog.New(log), drifts: newDrifts(file, slog.New(log))}}
}

// adaptive is a live stream of an adaptive clock.
func adaptive(lock mixer.Lock, ppm float64, target time.Duration) mixer.StreamInfo {
	return mixer.StreamInfo{Name: "mic", State: mixer.Live, Adaptive: true, Lock: lock, DriftPPM: ppm,
		Target: target, Latency: target + 40*time.Microsecond}
}

// sees lets a second pass with the stream as it is, and checks what is logged: one
// entry for each of want, with that in it.
func (w *watcher) sees(s mixer.StreamInfo, want ...string) {
	w.Helper()
	w.now = w.now.Add(clockPeriod)
	w.look([]heard{{w.in, s}}, w.now)
	all := w.log.Tail(control.LogEntries)
	ok := len(all)-w.seen == len(want)
	for i := 0; ok && i < len(want); i++ {
		ok = strings.Contains(all[w.seen+i], want[i])
	}
	if !ok {
		w.Errorf("%+v: logged\n%s\nwant\n%s", s, strings.Join(all[w.seen:], "\n"), strings.Join(want, "\n"))
	}
	w.seen = len(all)
}

func forget(t *testing.T) *state.File {
	f, err := state.Open("", "")
	if err != nil {
		t.Fatal(err)
	}
	return f
}

var mic = config.Capture{Name: "mic", Device: config.Device{Kind: config.USB, Name: "1-1.2"}}

const ms = time.Millisecond

// Locked, lost, out of range and found again are told once each.
func TestLocksAreTold(t *testing.T) {
	fixed := mic
	fixed.Latency = 12 * ms
	w := newWatcher(t, fixed, forget(t))
	w.sees(adaptive(mixer.Seeking, 3, 12*ms))
	w.sees(adaptive(mixer.Locked, 80.04, 12*ms), `level=info text="clock locked" stream=mic drift=+80.0ppm latency=12ms`)
	w.sees(adaptive(mixer.Locked, 81, 13*ms))
	w.sees(adaptive(mixer.Seeking, -5, 13*ms), `level=warn text="clock lost" stream=mic drift=-5.0ppm`)
	w.sees(adaptive(mixer.Seeking, 12000, 13*ms))
	w.sees(adaptive(mixer.OutOfRange, 12345.6, 13*ms),
		`level=warn text="clock out of range" stream=mic device=usb:1-1.2,0 drift=+12345.6ppm range=+-9500ppm hint="the card`)
	w.sees(adaptive(mixer.OutOfRange, 12345.6, 13*ms))
	w.sees(adaptive(mixer.Seeking, 100, 13*ms)) // it was not locked, so nothing is lost
	w.sees(adaptive(mixer.Locked, 80, 13*ms), `text="clock locked"`)

	// That it is gone is told by others; its clock is news when it is back.
	w.sees(mixer.StreamInfo{Name: "mic", State: mixer.Gone, Adaptive: true})
	w.sees(adaptive(mixer.Seeking, 80, 13*ms))
	w.sees(adaptive(mixer.Locked, 80, 13*ms), `text="clock locked"`)

	w.now = w.now.Add(-clockPeriod) // less than a second later
	w.sees(adaptive(mixer.Seeking, 80, 13*ms))
	// No clock is followed: nothing is to be told.
	w.sees(mixer.StreamInfo{Name: "mic", State: mixer.Live, Lock: mixer.Locked, DriftPPM: 1})
}

// What auto has chosen is told at first and when it has changed by much.
func TestChosenLatencyIsTold(t *testing.T) {
	w := newWatcher(t, mic, forget(t))
	chosen := func(d string) string { return `level=info text="latency chosen" stream=mic latency=` + d }
	w.sees(adaptive(mixer.Seeking, 0, 0))
	w.sees(adaptive(mixer.Seeking, 0, 12345*time.Microsecond), chosen("12.3ms"))
	w.sees(adaptive(mixer.Seeking, 0, 12800*time.Microsecond))
	w.sees(adaptive(mixer.Seeking, 0, 13*ms), chosen("13ms"))
	w.sees(adaptive(mixer.Locked, 0, 9*ms), "clock locked", chosen("9ms"))
	w.sees(mixer.StreamInfo{Name: "mic", State: mixer.Stalled})
	w.sees(adaptive(mixer.Seeking, 0, 9*ms))
	again := *w.in // removed and added
	w.in = &again
	w.sees(adaptive(mixer.Seeking, 0, 9*ms), chosen("9ms"))
}

// What is known of a device is there for its next stream, in the next run too.
func TestDriftIsLearned(t *testing.T) {
	file := forget(t)
	w := newWatcher(t, mic, file)
	fileHas := func(want string) {
		t.Helper()
		var got map[string]float64
		if err := file.Get(driftSection, &got); err != nil || fmt.Sprint(got) != want {
			t.Errorf("the file has %v, %v, want %s", got, err, want)
		}
	}
	knows := func(want float64) {
		t.Helper()
		if got := w.drifts.of(mic.Device); got != want {
			t.Errorf("known is %g ppm, want %g", got, want)
		}
	}
	quiet := func(s mixer.StreamInfo) {
		s.State = mixer.Live
		w.now = w.now.Add(clockPeriod)
		w.look([]heard{{w.in, s}}, w.now)
	}
	fileHas("map[]")
	quiet(adaptive(mixer.Seeking, 70, 0))
	quiet(mixer.StreamInfo{Lock: mixer.Locked, DriftPPM: 1})
	knows(0)
	quiet(adaptive(mixer.Locked, 79.876, 0))
	knows(79.88)
	fileHas("map[usb:1-1.2,0:79.88]") // at once: the power may fail

	for range driftPause/clockPeriod - 1 {
		quiet(adaptive(mixer.Locked, 82, 0))
	}
	knows(82)
	fileHas("map[usb:1-1.2,0:79.88]")
	quiet(adaptive(mixer.Locked, 82, 0))
	fileHas("map[usb:1-1.2,0:82]")
	for range 3 * driftPause / clockPeriod {
		quiet(adaptive(mixer.Locked, 82.5, 0)) // not worth a write
	}
	knows(82.5)
	fileHas("map[usb:1-1.2,0:82]")
	w.drifts.keep(w.now, true)
	fileHas("map[usb:1-1.2,0:82.5]")

	quiet(adaptive(mixer.OutOfRange, 20000, 0))
	quiet(adaptive(mixer.Locked, 20000, 0)) // whatever the mixer says
	knows(82.5)
	w = newWatcher(t, mic, file)
	knows(82.5)
	if got := w.drifts.of(config.Device{Kind: config.USB, Name: "1-1.3"}); got != 0 {
		t.Errorf("another socket has %g ppm", got)
	}
}

// A section that is not what it should be costs a warning.
func TestBadDrift(t *testing.T) {
	line := config.Device{Kind: config.HW, Name: "Line"}
	for _, c := range []struct {
		section map[string]any
		logged  []string
		line    float64
	}{
		{map[string]any{line.String(): -3, mic.Device.String(): "fast"}, []string{"drift is learned anew"}, 0},
		{map[string]any{line.String(): -3, mic.Device.String(): 1e6}, nil, -3}, // no card is so fast
	} {
		file := forget(t)
		if err := file.Put(driftSection, c.section); err != nil {
			t.Fatal(err)
		}
		w := newWatcher(t, mic, file)
		w.sees(adaptive(mixer.Seeking, 0, 0), c.logged...)
		if got, other := w.drifts.of(mic.Device), w.drifts.of(line); got != 0 || other != c.line {
			t.Errorf("%v gives %g and %g ppm, want 0 and %g", c.section, got, other, c.line)
		}
	}
}
