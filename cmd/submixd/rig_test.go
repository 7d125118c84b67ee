package main

import (
	"context"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"submix/cmd/submixd/config"
	"submix/control"
	"submix/control/state"
	"submix/hw/sim"
	"submix/mixer"
)

// rig is a box on simulated cards, in simulated time.
type rig struct {
	*testing.T
	path   string // of the configuration
	log    *control.Log
	kept   *state.File
	b      *box
	d      *control.Dispatcher
	mixing chan error
	cancel context.CancelFunc
	letGo  func() // before shutdown, if it is set
	down   bool   // shutdown was called

	open atomic.Int32  // sources that are open now
	slow time.Duration // how long it takes to open one

	mu    sync.Mutex
	deny  error                  // why none can be opened
	cards map[string]*sim.Source // the card of each stream
}

// inBubble runs test on a running box and shuts that down. The bubble sees to it
// that no goroutine is left.
func inBubble(t *testing.T, toml string, test func(r *rig)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, toml)
		r.run()
		test(r)
		r.shutdown()
	})
}

func newRig(t *testing.T, toml string) *rig {
	t.Helper()
	kept, err := state.Open("", "")
	if err != nil {
		t.Fatal(err)
	}
	return newRigWith(t, toml, kept)
}

func newRigWith(t *testing.T, toml string, kept *state.File) *rig {
	r := &rig{T: t, path: filepath.Join(t.TempDir(), "submix.toml"), log: control.NewLog(slog.DiscardHandler), kept: kept,
		mixing: make(chan error, 1), cards: map[string]*sim.Source{}}
	r.configure(toml)
	load := func() (*config.Config, error) { return config.Load(r.path, control.Check) }
	cfg, err := load()
	if err != nil {
		t.Fatal(err)
	}
	if r.b, err = newBox(cfg, load, r.kept, slog.New(r.log)); err != nil {
		t.Fatal(err)
	}
	r.b.openSource = r.openSource
	r.d = control.NewDispatcher(r.b.controls(r.log))
	return r
}

func (r *rig) run() {
	ctx, cancel := context.WithCancel(context.Background())
	r.cancel = cancel
	r.b.restore(r.d)
	go func() { r.mixing <- r.b.run(ctx) }()
	synctest.Wait()
}

func (r *rig) shutdown() {
	r.Helper()
	if r.down {
		return
	}
	r.down = true
	if r.letGo != nil {
		r.letGo()
	}
	if err := r.b.shutdown(r.mixing, r.cancel); err != nil {
		r.Errorf("shutdown: %v", err)
	}
	r.cancel()
	if open, kept := r.open.Load(), len(r.b.inputs); open+int32(kept) != 0 {
		r.Errorf("%d sources are open after the end, %d inputs are kept", open, kept)
	}
}

func (r *rig) openSource(in *input) (*source, error) {
	time.Sleep(r.slow)
	r.mu.Lock()
	deny := r.deny
	r.mu.Unlock()
	if deny != nil {
		return nil, deny
	}
	src, err := in.open()
	if err != nil {
		return nil, err
	}
	if g, ok := src.Source.(gaps); ok {
		r.mu.Lock()
		r.cards[in.Name] = g.Clocked.(*sim.Source)
		r.mu.Unlock()
	}
	release := src.release
	src.release = func() error {
		r.open.Add(-1)
		return release()
	}
	r.open.Add(1)
	return src, nil
}

func (r *rig) denyOpen(err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.deny = err
}

func (r *rig) card(stream string) *sim.Source {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.cards[stream]
}

// configure writes the configuration file.
func (r *rig) configure(toml string) {
	if err := os.WriteFile(r.path, []byte(toml), 0o600); err != nil {
		r.Fatal(err)
	}
}

func (r *rig) do(line string) control.Reply { return r.d.Do(r.Context(), "test", line) }

// says runs a command that is answered with OK, and data with all of want in it.
func (r *rig) says(line string, want ...string) {
	r.Helper()
	expect(r.T, r.do, line, 0, want...)
}

// refuses runs a command that is answered with an error.
func (r *rig) refuses(line string, code control.Code, want ...string) {
	r.Helper()
	expect(r.T, r.do, line, code, want...)
}

// expect runs a command and checks the code of the reply, 0 for OK, and that all
// of want is in its text.
func expect(t *testing.T, do func(string) control.Reply, line string, code control.Code, want ...string) {
	t.Helper()
	reply := do(line)
	got := control.Code(0)
	if reply.Err != nil {
		got = reply.Err.Code
	}
	if got != code {
		t.Errorf("%s: code %d, want %d:\n%s", line, got, code, reply)
	}
	for _, w := range want {
		if !strings.Contains(reply.String(), w) {
			t.Errorf("%s: no %q in\n%s", line, w, reply)
		}
	}
}

// states are the streams in order, as "mic live".
func (r *rig) states() []string {
	var states []string
	for _, s := range r.b.mixer().Streams() {
		states = append(states, s.Name+" "+s.State.String())
	}
	return states
}

func (r *rig) streams(want ...string) {
	r.Helper()
	if got := r.states(); !slices.Equal(got, want) {
		r.Errorf("streams are %q, want %q", got, want)
	}
}

func (r *rig) stream(name string) mixer.StreamInfo {
	r.Helper()
	s, ok := r.b.mixer().Stream(name)
	if !ok {
		r.Fatalf("no stream %s", name)
	}
	return s.Info()
}

// logged counts the entries of the log that hold text.
func (r *rig) logged(text string) int {
	n := 0
	for _, line := range r.log.Tail(control.LogEntries) {
		if strings.Contains(line, text) {
			n++
		}
	}
	return n
}

func (r *rig) wantLogged(n int, text string) {
	r.Helper()
	if got := r.logged(text); got != n {
		r.Errorf("%q is logged %d times, want %d:\n%s", text, got, n, strings.Join(r.log.Tail(control.LogEntries), "\n"))
	}
}
