package main

import (
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"submix/cmd/submixd/config"
	"submix/hw/sim"
	"submix/mixer"
)

// watched is a box whose health is watched, and what systemd and the black box are told of it.
type watched struct {
	*rig
	mu     sync.Mutex
	told   []string
	fed    []time.Time
	record []string
	gaveUp time.Time
}

// inWatch runs test on a running box, made by change, whose health is watched.
func inWatch(t *testing.T, watchdog time.Duration, openSink func(*config.Config) (sink, error), test func(w *watched)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		w := &watched{rig: newRig(t, simulated3)}
		if openSink != nil {
			w.b.openSink = openSink
		}
		note := func(what *[]string) func(string) {
			return func(s string) {
				w.mu.Lock()
				defer w.mu.Unlock()
				if s == "WATCHDOG=1" {
					w.fed = append(w.fed, time.Now())
				} else {
					*what = append(*what, s)
				}
			}
		}
		h := health{log: slog.New(w.log), pulse: w.b.pulse, watchdog: watchdog,
			notify: note(&w.told), because: note(&w.record), giveUp: w.giveUp}
		stop := background(h.run)
		w.run()
		test(w)
		w.shutdown()
		stop()
	})
}

func (w *watched) giveUp() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.gaveUp = time.Now()
}

// seen returns what was recorded, and when the daemon was given up.
func (w *watched) seen() (record []string, gaveUp time.Time) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return slices.Clone(w.record), w.gaveUp
}

// feedings is how often the watchdog was fed since it was asked last, and the longest time between two.
func (w *watched) feedings() (n int, longest time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for i := 1; i < len(w.fed); i++ {
		longest = max(longest, w.fed[i].Sub(w.fed[i-1]))
	}
	n = len(w.fed)
	w.fed = nil
	return n, longest
}

func (w *watched) wantTold(want ...string) {
	w.Helper()
	w.mu.Lock()
	defer w.mu.Unlock()
	if !slices.Equal(w.told, want) {
		w.Errorf("systemd is told %q, want %q", w.told, want)
	}
	w.told = nil
}

// forgetBetween drops what was told of a state that was over at the next look, which may have been seen or not.
func (w *watched) forgetBetween() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.told = slices.DeleteFunc(w.told, func(s string) bool {
		return strings.HasPrefix(s, "STATUS=ending") || strings.HasPrefix(s, "STATUS=running, 0 of ")
	})
}

const watchdogTime = 5 * time.Second

// The watchdog is fed while blocks advance, in no-output too, and while the mix has ended.
func TestWatchdogIsFed(t *testing.T) {
	inWatch(t, watchdogTime, nil, func(w *watched) {
		for _, phase := range []struct {
			name, command string
			told          []string
		}{
			{"running", "status", []string{"READY=1", "STATUS=running, 2 of 2 streams live"}},
			{"one stream", "remove line", []string{"STATUS=running, 1 of 1 streams live"}},
			{"ended", "end", []string{"STATUS=ended, 0 of 1 streams live"}},
			{"begun again", "start", []string{"STATUS=running, 2 of 2 streams live"}},
		} {
			w.says(phase.command)
			time.Sleep(20 * time.Second)
			n, longest := w.feedings()
			t.Logf("%s: fed %d times in 20 s, %v between two at most", phase.name, n, longest)
			if n < 7 || n > 8 || longest > watchdogTime*6/10 {
				t.Errorf("%s: want once in %v", phase.name, watchdogTime/2)
			}
			w.forgetBetween()
			w.wantTold(phase.told...)
		}
		if record, _ := w.seen(); len(record) > 0 {
			t.Errorf("recorded %q", record)
		}
	})
	none := func(*config.Config) (sink, error) { return nil, fmt.Errorf("hw:Out,0: no such\nsound device") }
	inWatch(t, watchdogTime, none, func(w *watched) {
		time.Sleep(20 * time.Second)
		n, longest := w.feedings()
		t.Logf("no-output: fed %d times in 20 s, %v between two at most", n, longest)
		if n < 7 || longest > watchdogTime*6/10 {
			t.Error("no-output: not fed")
		}
		w.wantTold("READY=1", "STATUS=no-output, 2 of 2 streams live: hw:Out,0: no such; sound device")
	})
}

// A wait for the card that never returns is recorded before the watchdog bites, which is not fed any more; who has no
// watchdog ends by itself.
func TestStuckDriver(t *testing.T) {
	const reason = "blocks stood still: sim:null has not come back from a wait for room for 3"
	for name, watchdog := range map[string]time.Duration{"watchdog": watchdogTime, "none": 0} {
		t.Run(name, func(t *testing.T) {
			var c *card
			stuck := func(cfg *config.Config) (sink, error) { // after 10 s
				s, err := newSim(cfg, sim.SinkConfig{})
				c = &card{s, 2000, make(chan struct{})}
				return c, err
			}
			inWatch(t, watchdog, stuck, func(w *watched) {
				defer func() { close(c.stuck) }()
				start := time.Now()
				time.Sleep(9 * time.Second)
				record, gaveUp := w.seen()
				if len(record) > 0 {
					t.Errorf("recorded too early: %q", record)
				}
				recorded := time.Duration(0)
				for gaveUp.IsZero() && time.Since(start) < 30*time.Second {
					time.Sleep(10 * time.Millisecond)
					if record, gaveUp = w.seen(); len(record) > 0 && recorded == 0 {
						recorded = time.Since(start) - 10*time.Second
					}
				}
				if len(record) != 1 || !strings.HasPrefix(record[0], reason) {
					t.Fatalf("recorded %q, want %q", record, reason)
				}
				w.wantLogged(1, reason)
				if watchdog > 0 {
					w.mu.Lock()
					last := w.fed[len(w.fed)-1]
					w.mu.Unlock()
					bites := last.Add(watchdog).Sub(start) - 10*time.Second
					t.Logf("recorded %v after the last block, the watchdog bites after %v", recorded, bites)
					if bites <= recorded || bites > 8*time.Second || !gaveUp.IsZero() {
						t.Errorf("want the record first, and the end left to the watchdog: %v", gaveUp)
					}
					return
				}
				after := gaveUp.Sub(start) - 10*time.Second
				t.Logf("recorded %v after the last block, given up after %v", recorded, after)
				if gaveUp.IsZero() || after < giveUpTime || after > giveUpTime+time.Second {
					t.Errorf("want it given up after %v", giveUpTime)
				}
			})
		})
	}
}

// A card that comes back after a while is no reason to end.
func TestStuckForAWhile(t *testing.T) {
	var c *card
	back := func(cfg *config.Config) (sink, error) {
		s, err := newSim(cfg, sim.SinkConfig{})
		if c != nil {
			return s, err
		}
		c = &card{s, 200, make(chan struct{})}
		return c, err
	}
	inWatch(t, 0, back, func(w *watched) {
		time.Sleep(8 * time.Second)
		w.wantLogged(1, `text="stuck"`)
		close(c.stuck)
		time.Sleep(20 * time.Second)
		w.wantLogged(1, "blocks advance again")
		if record, gaveUp := w.seen(); len(record) != 2 || record[1] != "" || !gaveUp.IsZero() {
			t.Errorf("recorded %q, given up %v", record, gaveUp)
		}
	})
}

// A call of a capture's driver that never returns is told by the capture's name.
func TestStuckCapture(t *testing.T) {
	for call, stuck := range map[string]func(stuckClock) mixer.Clocked{
		"a read":               func(s stuckClock) mixer.Clocked { return stuckRead{s} },
		"telling its position": func(s stuckClock) mixer.Clocked { return stuckAhead{s} },
	} {
		inWatch(t, 0, nil, func(w *watched) {
			release := make(chan struct{})
			open := w.b.openSource
			w.b.openSource = func(in *input) (*source, error) {
				s, err := open(in)
				if g, ok := s.Source.(gaps); ok {
					g.Clocked = stuck(stuckClock{g.Clocked, release})
					s.Source = g
				}
				return s, err
			}
			w.says("add new sim:tone?hz=100")
			time.Sleep(5 * time.Second)
			w.wantLogged(1, "blocks stood still: sim:tone?hz=100 has not come back from "+call+" for 3")
			close(release)
			time.Sleep(time.Second)
		})
	}
}

type stuckClock struct {
	mixer.Clocked
	release chan struct{}
}

type stuckRead struct{ stuckClock }

func (s stuckRead) Read(dst []float32) (int, error) {
	<-s.release
	return s.Clocked.Read(dst)
}

type stuckAhead struct{ stuckClock }

func (s stuckAhead) Ahead() (int, time.Time) {
	<-s.release
	return s.Clocked.Ahead()
}

// What is in the notification socket is what systemd expects, and its absence is no error.
func TestSystemd(t *testing.T) {
	socket := listenNotify(t)
	t.Setenv("NOTIFY_SOCKET", socket.path)
	t.Setenv("WATCHDOG_USEC", "5000000")
	t.Setenv("WATCHDOG_PID", "")
	notify, watchdog := systemd(slog.New(slog.DiscardHandler))
	notify("READY=1")
	notify("STATUS=running, 2 of 3 streams live")
	if watchdog != watchdogTime {
		t.Errorf("the watchdog's time is %v", watchdog)
	}
	for _, want := range []string{"READY=1", "STATUS=running, 2 of 3 streams live"} {
		if got := socket.next(); got != want {
			t.Errorf("systemd is told %q, want %q", got, want)
		}
	}
	for _, env := range []string{"NOTIFY_SOCKET", "WATCHDOG_USEC"} {
		t.Setenv(env, "")
	}
	notify, watchdog = systemd(slog.New(slog.DiscardHandler))
	notify("READY=1")
	if watchdog != 0 {
		t.Errorf("a watchdog of %v where there is none", watchdog)
	}
}
