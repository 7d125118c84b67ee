package gpio

import (
	"context"
	"errors"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"golang.org/x/sys/unix"
)

// fakeLine is a line whose level the test sets. Like the kernel's it queues few edges, and drops what is more.
type fakeLine struct {
	edges  chan struct{}
	halts  chan struct{}
	closed bool

	mu    sync.Mutex
	level bool
	err   error
}

func newFakeLine() *fakeLine {
	return &fakeLine{edges: make(chan struct{}, 4), halts: make(chan struct{}, 1)}
}

func (f *fakeLine) set(high bool) error {
	f.quietly(high)
	select {
	case f.edges <- struct{}{}:
	default:
	}
	_, err := f.high()
	return err
}

// quietly changes the level with no edge.
func (f *fakeLine) quietly(high bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.level = high
}

// vanish makes every later call fail, and wakes nobody, as on Linux 6.1.
func (f *fakeLine) vanish() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.err = unix.ENODEV
}

func (f *fakeLine) wait(timeout time.Duration) error {
	select { // a halt before the wait is lost
	case <-f.halts:
	default:
	}
	select {
	case <-f.edges:
		return nil
	case <-f.halts:
	case <-time.After(timeout):
	}
	return os.ErrDeadlineExceeded
}

func (f *fakeLine) halt() {
	select {
	case f.halts <- struct{}{}:
	default:
	}
}

func (f *fakeLine) high() (bool, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.level, f.err
}

func (f *fakeLine) close() error { f.closed = true; return nil }

// button runs an Input on a fake line, in simulated time.
type button struct {
	*fakeLine
	reported chan Change
	result   error
	stop     func()
}

func press(t *testing.T, spec Line, level bool) *button {
	ctx, cancel := context.WithCancel(t.Context())
	b := &button{fakeLine: newFakeLine(), reported: make(chan Change, 100)}
	b.level = level
	in, err := newInput(spec, b.fakeLine)
	if err != nil {
		t.Fatal(err)
	}
	ended := make(chan struct{})
	go func() {
		b.result = in.Run(ctx, func(c Change) { b.reported <- c })
		close(ended)
	}()
	b.stop = func() { cancel(); <-ended }
	synctest.Wait()
	return b
}

// after returns what is reported in the next d.
func (b *button) after(d time.Duration) (changes []Change) {
	time.Sleep(d)
	synctest.Wait()
	for len(b.reported) > 0 {
		changes = append(changes, <-b.reported)
	}
	return changes
}

func TestPressIsReportedWhenFirm(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := press(t, Line{ActiveLow: true}, true)
		defer b.stop()
		b.after(3 * time.Second)
		edge := time.Now()
		b.set(false)
		if got := b.after(Firm - time.Nanosecond); got != nil {
			t.Fatalf("reported before %v: %v", Firm, got)
		}
		if got := b.after(time.Microsecond); !slices.Equal(got, []Change{{true, edge}}) {
			t.Fatalf("got %v, want the press at %v", got, edge)
		}
		b.after(Quiet)
		edge = time.Now()
		b.set(true)
		if got := b.after(time.Minute); !slices.Equal(got, []Change{{false, edge}}) {
			t.Errorf("got %v, want the release at %v", got, edge)
		}
	})
}

func TestBouncesAndLostEdges(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := press(t, Line{}, false)
		defer b.stop()
		edge := time.Now()
		for range 12 {
			for i := range 10 { // at once, so that the queue overflows
				b.set(i%2 == 0)
			}
			if got := b.after(400 * time.Microsecond); got != nil {
				t.Fatalf("reported while it bounces: %v", got)
			}
		}
		b.set(true)
		if got := b.after(time.Minute); !slices.Equal(got, []Change{{true, edge}}) {
			t.Fatalf("12 bounces: got %v, want one press at %v", got, edge)
		}
		b.quietly(false)
		if got := b.after(idle + Quiet); len(got) != 1 || got[0].Pressed {
			t.Errorf("lost edge: got %v, want the release", got)
		}
	})
}

// A line that never comes to rest is looked at all the same.
func TestEndlessNoise(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := press(t, Line{}, false)
		defer b.stop()
		var got []Change
		for range 1000 {
			b.set(true)
			got = append(got, b.after(900*time.Microsecond)...)
			b.set(false)
			got = append(got, b.after(10*time.Microsecond)...)
		}
		if len(got) == 0 || !got[0].Pressed {
			t.Errorf("got %v, want the line to count as pressed", got)
		}
	})
}

func TestHeldFromBeforeIsNoPress(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := press(t, Line{}, true)
		defer b.stop()
		if got := b.after(10 * time.Second); got != nil {
			t.Errorf("got %v, want nothing before it is released", got)
		}
		b.set(false)
		if got := b.after(time.Second); len(got) != 1 || got[0].Pressed {
			t.Errorf("got %v, want the release", got)
		}
	})
}

func TestPressBeforeRunIsReported(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFakeLine()
		in, err := newInput(Line{}, f)
		if err != nil {
			t.Fatal(err)
		}
		f.set(true)
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		var got []Change
		in.Run(ctx, func(c Change) { got = append(got, c) })
		if len(got) != 1 || !got[0].Pressed {
			t.Errorf("got %v, want the press", got)
		}
	})
}

func TestRunEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := press(t, Line{}, false)
		before := time.Now()
		b.stop()
		if took := time.Since(before); took > 20*time.Millisecond || b.result != nil || !b.closed {
			t.Errorf("ended after %v with %v, line closed: %v", took, b.result, b.closed)
		}
	})
}

func TestVanishedLineIsNamed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := press(t, Line{Chip: "pinctrl-rp1", Line: "GPIO17"}, false)
		b.vanish()
		b.after(idle + time.Millisecond)
		if !errors.Is(b.result, ErrGone) || !errors.Is(b.result, unix.ENODEV) || !strings.Contains(b.result.Error(), "GPIO17 of chip pinctrl-rp1") {
			t.Errorf("got %v, want ErrGone with ENODEV and the line's name", b.result)
		}
		if !b.closed {
			t.Error("the line was not given back")
		}
		b.stop()
	})
}

func TestOutput(t *testing.T) {
	for _, low := range []bool{false, true} {
		f := newFakeLine()
		out := &Output{Line{Line: "GPIO5", ActiveLow: low}, f}
		for _, on := range []bool{true, false} {
			if err := out.Set(on); err != nil || f.level != (on != low) {
				t.Errorf("active low %v, on %v: level %v, %v", low, on, f.level, err)
			}
		}
		f.vanish()
		if err := out.Set(true); !errors.Is(err, ErrGone) || !strings.Contains(err.Error(), "GPIO5") {
			t.Errorf("gone: %v", err)
		}
	}
}
