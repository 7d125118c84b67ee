package control

import (
	"context"
	"strings"
	"time"
)

// The times of a button that does not give its own.
const (
	DefaultHoldTime   = 800 * time.Millisecond
	DefaultDoubleTime = 300 * time.Millisecond
	DefaultRepeatTime = 200 * time.Millisecond
)

// Change is one edge of a button, debounced. At must hold a monotonic clock
// reading, as from time.Now, or setting the clock of the box turns a press into
// a hold.
type Change struct {
	Pressed bool
	At      time.Time
	First   bool // no edge: how the button was found
}

// Button says which command lines the gestures of a button run, each one or more
// commands with ; between them; an empty line means that there is no such
// gesture. PROTOCOL.md says when each runs. Hold goes without Repeat, Release
// without Hold and Double.
type Button struct {
	Name                                 string
	Press, Release, Hold, Double, Repeat string
	HoldTime                             time.Duration // pressed for so long: Hold, Repeat; 0: DefaultHoldTime
	DoubleTime                           time.Duration // from release to second press; 0: DefaultDoubleTime
	RepeatTime                           time.Duration // from one Repeat to the next; 0: DefaultRepeatTime

	// Held, if it is set, is called with true before Press runs and with false
	// before the Release does that it calls for.
	Held func(bool)
}

func (b Button) line(g gesture) string {
	return [...]string{"", b.Press, b.Release, b.Hold, b.Double, b.Repeat}[g]
}

func (b Button) gestures() *gestures {
	g := &gestures{releases: b.Release != ""}
	if b.Hold != "" || b.Repeat != "" {
		g.holdTime = orDefault(b.HoldTime, DefaultHoldTime)
	}
	if b.Repeat != "" {
		g.period = orDefault(b.RepeatTime, DefaultRepeatTime)
	}
	if b.Double != "" {
		g.doubleTime = orDefault(b.DoubleTime, DefaultDoubleTime)
	}
	return g
}

func orDefault(d, otherwise time.Duration) time.Duration {
	if d <= 0 {
		return otherwise
	}
	return d
}

// Run runs the commands of the button on d until changes is closed, which gives
// nil, or ctx is done. Either way a press that is not over ends there: Release
// runs, so that a microphone does not stay open because a wire broke. Of a button
// found down, only one with Release counts as pressed. Refusals are logged.
func (b Button) Run(ctx context.Context, d *Dispatcher, changes <-chan Change) error {
	g := b.gestures()
	defer func() {
		_, last := g.change(false, time.Now())
		if last == release {
			b.LetGo(context.WithoutCancel(ctx), d)
		}
	}()
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
		case c.First && b.Release == "":
		default:
			before, now := g.change(c.Pressed, c.At)
			b.run(ctx, d, before)
			b.run(ctx, d, now)
		}
	}
}

// LetGo runs Release, for a press that Run has not seen the end of.
func (b Button) LetGo(ctx context.Context, d *Dispatcher) { b.run(ctx, d, release) }

// run runs the commands of a gesture, each whatever became of the one before: of
// two streams to be muted one may have gone.
func (b Button) run(ctx context.Context, d *Dispatcher, g gesture) {
	if b.line(g) == "" {
		return
	}
	if b.Held != nil && b.Release != "" && (g == press || g == release) {
		b.Held(g == press)
	}
	for _, line := range Lines(b.line(g)) {
		r := d.Do(ctx, "button "+b.Name, line)
		if r.Err != nil && r.Err.Code < codeFirstLogged { // others are in the log already
			d.log.Warn("button: command refused", "button", b.Name, "line", line, "error", r.Err.Text)
		}
	}
}

// Lines cuts the line of a button at each ; into its commands.
func Lines(line string) []string {
	commands := strings.Split(line, ";")
	for i := range commands {
		commands[i] = strings.Trim(commands[i], " \t")
	}
	return commands
}
