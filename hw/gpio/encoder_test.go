package gpio

import (
	"context"
	"errors"
	"os"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"golang.org/x/sys/unix"
)

// fakePair queues edges as the kernel does: when it is full the oldest is dropped.
type fakePair struct {
	edges  chan [2]bool // which line, to where
	closed bool

	mu    sync.Mutex
	level [2]bool
	err   error
}

func (f *fakePair) set(b, high bool) {
	f.quietly(b, high)
	if len(f.edges) == cap(f.edges) {
		<-f.edges
	}
	f.edges <- [2]bool{b, high}
}

// quietly changes a level with no edge.
func (f *fakePair) quietly(b, high bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.level[map[bool]int{true: 1}[b]] = high
}

func (f *fakePair) wait(timeout time.Duration) (b, high bool, err error) {
	select {
	case e := <-f.edges:
		return e[0], e[1], nil
	case <-time.After(timeout):
		return false, false, os.ErrDeadlineExceeded
	}
}

func (f *fakePair) high() (a, b bool, err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.level[0], f.level[1], f.err
}

func (f *fakePair) halt()        {}
func (f *fakePair) close() error { f.closed = true; return nil }

// states writes levels as pairs of digits.
func states(levels []Levels) string {
	var s []string
	for _, l := range levels {
		s = append(s, map[bool]string{false: "0", true: "1"}[l.A]+map[bool]string{false: "0", true: "1"}[l.B])
	}
	return strings.Join(s, " ")
}

func TestEncoderReportsInOrder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := &fakePair{edges: make(chan [2]bool, 8), level: [2]bool{true, true}}
		e := &Encoder{spec: Pair{ActiveLow: true}, lines: f}
		var got []Levels
		held := make(chan struct{}, 1)
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan error)
		go func() {
			ended <- e.Run(ctx, func(l Levels) { held <- struct{}{}; got = append(got, l); <-held })
		}()
		expect := func(after time.Duration, want string) {
			t.Helper()
			time.Sleep(after)
			synctest.Wait()
			if s := states(got); s != want {
				t.Errorf("reported %q, want %q", s, want)
			}
			got = nil
		}
		expect(0, "00") // as they are at first
		began := time.Now()
		held <- struct{}{} // what is read is held up, the order stays
		for _, edge := range [][2]bool{{false, false}, {false, true}, {false, false}, {true, false}, {false, true}, {true, true}} {
			f.set(edge[0], edge[1])
		}
		time.Sleep(time.Second)
		<-held
		expect(0, "10 00 10 11 01 00")
		held <- struct{}{}
		for range 20 { // more than the queue holds
			f.set(true, false)
			f.set(true, true)
		}
		f.set(false, false)
		<-held
		expect(0, "01 00 01 00 01 00 01 00 10")
		f.quietly(true, false) // with no edge, which is found
		f.set(false, false)
		expect(Quiet, "11")
		f.quietly(true, true)
		expect(idle+Quiet, "10")
		if time.Since(began) > 10*time.Second {
			t.Error("it took too long")
		}
		cancel()
		if err := <-ended; err != nil || !f.closed {
			t.Errorf("ended with %v, lines closed: %v", err, f.closed)
		}
	})
}

func TestVanishedEncoderIsNamed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := &fakePair{edges: make(chan [2]bool, 8)}
		e := &Encoder{spec: Pair{Chip: "c", A: "GPIO5", B: "GPIO6"}, lines: f}
		var got []Levels
		err := e.Run(t.Context(), func(l Levels) { got = append(got, l); f.err = unix.ENODEV })
		if !errors.Is(err, ErrGone) || !errors.Is(err, unix.ENODEV) || !strings.Contains(err.Error(), "GPIO5 and GPIO6 of chip c") || len(got) != 1 {
			t.Errorf("%v after %v, want ErrGone with ENODEV and the lines' names", err, got)
		}
	})
}

func TestPairOfNothing(t *testing.T) {
	for _, p := range []Pair{{Chip: "no-such-chip", A: "1", B: "2"}, {Pull: "sideways"}} {
		if _, err := OpenEncoder(p); !errors.Is(err, ErrNoChip) && !errors.Is(err, ErrConfig) {
			t.Errorf("%v: %v", p, err)
		}
	}
}
