package control

import (
	"context"
	"time"
)

// The times of a button that does not give its own.
const (
	DefaultHoldTime   = 800 * time.Millisecond
	DefaultDoubleTime = 300 * time.Millisecond
)

// Change is one edge of a button, debounced. At must hold a monotonic clock
// reading, as from time.Now, or setting the clock of the box turns a press into
// a hold.
type Change struct {
	Pressed bool
	At      time.Time
}

// Button says which command lines the gestures of a button run; an empty line
// means that there is no such gesture. With neither Hold nor Double, Press runs
// at the edge; with Hold at the release; with Double when DoubleTime has passed
// after the release.
type Button struct {
	Name                string
	Press, Hold, Double string
	HoldTime            time.Duration // pressed for so long; 0: DefaultHoldTime
	DoubleTime          time.Duration // from release to second press; 0: DefaultDoubleTime
}

func (b Button) line(g gesture) string { return [...]string{"", b.Press, b.Hold, b.Double}[g] }

func (b Button) gestures() *gestures {
	g := &gestures{}
	if b.Hold != "" {
		if g.holdTime = b.HoldTime; g.holdTime <= 0 {
			g.holdTime = DefaultHoldTime
		}
	}
	if b.Double != "" {
		if g.doubleTime = b.DoubleTime; g.doubleTime <= 0 {
			g.doubleTime = DefaultDoubleTime
		}
	}
	return g
}

// Run runs the commands of the button on d until changes is closed, which gives
// nil, or ctx is done. Refusals are logged.
func (b Button) Run(ctx context.Context, d *Dispatcher, changes <-chan Change) error {
	g := b.gestures()
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		timer.Stop()
		if at, ok := g.due(); ok {
			timer.Reset(time.Until(at))
		}
		var (
			c    Change
			open = true
			late bool
		)
		select {
		case <-ctx.Done():
			return ctx.Err()
		case c, open = <-changes:
		case <-timer.C:
			// A change that waits already may be older than the deadline: a
			// command took its time.
			select {
			case c, open = <-changes:
			default:
				late = true
			}
		}
		switch {
		case late:
			b.run(ctx, d, g.tick(time.Now()))
		case !open:
			return nil
		default:
			before, now := g.change(c.Pressed, c.At)
			b.run(ctx, d, before)
			b.run(ctx, d, now)
		}
	}
}

func (b Button) run(ctx context.Context, d *Dispatcher, g gesture) {
	line := b.line(g)
	if line == "" {
		return
	}
	r := d.Do(ctx, "button "+b.Name, line)
	if r.Err != nil && r.Err.Code < codeFirstLogged { // others are in the log already
		d.log.Warn("button: command refused", "button", b.Name, "line", line, "error", r.Err.Text)
	}
}
