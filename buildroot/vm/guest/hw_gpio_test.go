//go:build vm

package guest

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"submix/hw/gpio"
)

// watched is an input that runs until stop.
type watched struct {
	changes chan gpio.Change
	stop    func() error // must be called before the chip goes
}

func watch(t *testing.T, l gpio.Line) *watched {
	t.Helper()
	in, err := gpio.OpenInput(l)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	w := &watched{changes: make(chan gpio.Change, 100)}
	ended := make(chan error, 1)
	go func() { ended <- in.Run(ctx, func(c gpio.Change) { w.changes <- c }) }()
	w.stop = func() error { cancel(); return <-ended }
	return w
}

// in returns what is reported in the next d.
func (w *watched) in(d time.Duration) (changes []gpio.Change) {
	time.Sleep(d)
	for len(w.changes) > 0 {
		changes = append(changes, <-w.changes)
	}
	return changes
}

func TestHWGPIOButtons(t *testing.T) {
	chip := makeGPIO(t, "RED", "GREEN", "SAME", "SAME", "SAME")
	for _, l := range []gpio.Line{
		{Chip: chip.Label, Line: "RED"},
		{Chip: chip.Name, Line: "1"},  // by offset
		{Chip: chip.Label, Line: "4"}, // it has no name of its own
	} {
		w := watch(t, l)
		name := map[string]string{"RED": "RED", "1": "GREEN", "4": "SAME"}[l.Line]
		if got := w.in(20 * time.Millisecond); got != nil {
			t.Errorf("%v: %v before a press", l, got)
		}
		pressed := time.Now()
		chip.pull(name, true)
		if got := w.in(7 * time.Millisecond); len(got) != 1 || !got[0].Pressed || got[0].At.Sub(pressed) > time.Millisecond {
			t.Errorf("%v: a press at %v gave %v", l, pressed, got)
		}
		chip.pull(name, false)
		if got := w.in(7 * time.Millisecond); len(got) != 1 || got[0].Pressed {
			t.Errorf("%v: a release gave %v", l, got)
		}
		for range 12 { // within 5 ms
			chip.pull(name, true)
			time.Sleep(200 * time.Microsecond)
			chip.pull(name, false)
			time.Sleep(200 * time.Microsecond)
		}
		chip.pull(name, true)
		if got := w.in(time.Second); len(got) != 1 || !got[0].Pressed {
			t.Errorf("%v: 12 bounces gave %v", l, got)
		}
		chip.pull(name, false)
		w.in(20 * time.Millisecond)

		if _, err := gpio.OpenInput(l); !errors.Is(err, unix.EBUSY) {
			t.Errorf("%v, a second time: %v", l, err)
		}
		start := time.Now()
		if err := w.stop(); err != nil || time.Since(start) > 20*time.Millisecond {
			t.Errorf("%v: ended with %v after %v", l, err, time.Since(start))
		}
		watch(t, l).stop() // it was given back
	}
}

func TestHWGPIOActiveLowAndPull(t *testing.T) {
	chip := makeGPIO(t, "RED")
	w := watch(t, gpio.Line{Chip: chip.Label, Line: "RED", ActiveLow: true, Pull: gpio.PullUp})
	if !chip.high("RED") {
		t.Error("the line is not pulled up")
	}
	chip.pull("RED", false)
	if got := w.in(7 * time.Millisecond); len(got) != 1 || !got[0].Pressed {
		t.Errorf("pulled down: %v", got)
	}
	w.stop()
}

func TestHWGPIOLamps(t *testing.T) {
	chip := makeGPIO(t, "LAMP", "SAME", "SAME", "SAME")
	for _, low := range []bool{false, true} {
		for line, name := range map[string]string{"LAMP": "LAMP", "3": "SAME"} {
			out, err := gpio.OpenOutput(gpio.Line{Chip: chip.Label, Line: line, ActiveLow: low})
			if err != nil {
				t.Fatal(err)
			}
			for _, on := range []bool{true, false} {
				if err := out.Set(on); err != nil || chip.high(name) != (on != low) {
					t.Errorf("%q, active low %v, on %v: the line is %v, %v", line, low, on, chip.high(name), err)
				}
			}
			out.Close()
		}
	}
}

func TestHWGPIOMissing(t *testing.T) {
	chip := makeGPIO(t, "RED", "GREEN")
	if _, err := gpio.OpenInput(gpio.Line{Chip: chip.Label, Line: "BLUE"}); !errors.Is(err, gpio.ErrNoLine) || !strings.Contains(err.Error(), "RED, GREEN") {
		t.Errorf("no such line: %v", err)
	}
	if _, err := gpio.OpenInput(gpio.Line{Chip: "pinctrl-rp1", Line: "RED"}); !errors.Is(err, gpio.ErrNoChip) || !strings.Contains(err.Error(), chip.Label) {
		t.Errorf("no such chip: %v", err)
	}
}

// A lamp and not a button: gpio-sim in this kernel does not survive that a chip goes whose line has an interrupt
// ("Trying to free already-free IRQ", when the line is given back).
func TestHWGPIOVanishes(t *testing.T) {
	var lamp *gpio.Output
	t.Run("chip", func(t *testing.T) {
		chip := makeGPIO(t, "RED")
		var err error
		if lamp, err = gpio.OpenOutput(gpio.Line{Chip: chip.Label, Line: "RED"}); err != nil {
			t.Fatal(err)
		}
	})
	if err := lamp.Set(true); !errors.Is(err, gpio.ErrGone) || !errors.Is(err, unix.ENODEV) || !strings.Contains(err.Error(), "line RED") {
		t.Errorf("the lamp of a chip that is gone: %v", err)
	}
	lamp.Close()
	chip := makeGPIO(t, "RED") // another one, on the same device node
	w := watch(t, gpio.Line{Chip: chip.Label, Line: "RED"})
	chip.pull("RED", true)
	if got := w.in(10 * time.Millisecond); len(got) != 1 {
		t.Errorf("a press on the new chip: %v", got)
	}
	w.stop()
}
