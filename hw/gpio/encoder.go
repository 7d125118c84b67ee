package gpio

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"
)

// Pair names the two lines of a rotary encoder. They are requested as one, so that the kernel keeps their edges in order
// however late they are read, which needs lines that have names of their own.
type Pair struct {
	Chip, A, B string // as in Line
	ActiveLow  bool   // a closed contact is the low level
	Pull       Pull
}

func (p Pair) String() string {
	return fmt.Sprintf("GPIO lines %s and %s of chip %s", p.A, p.B, p.Chip)
}

func (p Pair) line(name string) Line { return Line{p.Chip, name, p.ActiveLow, p.Pull} }

// Levels is what the two lines of an encoder are from At on; true is active.
type Levels struct {
	A, B bool
	At   time.Time
}

// edgePair is the two lines as Encoder uses them. wait is that of edgeLine, and says which line has moved, and to where.
type edgePair interface {
	wait(timeout time.Duration) (b, high bool, err error)
	high() (a, b bool, err error)
	halt()
	close() error
}

// Encoder is one rotary encoder. It does not debounce: the order of the two lines' edges tells bounces from turns.
type Encoder struct {
	spec  Pair
	lines edgePair
	now   Levels
}

// OpenEncoder requests both lines for this process; it starts nothing. Errors are those of OpenInput, and ErrConfig for
// lines that have no names of their own.
func OpenEncoder(p Pair) (*Encoder, error) {
	lines, err := requestPair(p)
	if err != nil {
		return nil, err
	}
	return &Encoder{spec: p, lines: lines}, nil
}

// Run calls report, on its own goroutine, with the levels at first and then with each change, in the order of the edges.
// While report takes its time the kernel keeps 32 edges; what is lost then is made up for by reading the levels. Run
// returns nil soon after ctx ends, or an error that wraps ErrGone; either way the lines are given back.
func (e *Encoder) Run(ctx context.Context, report func(Levels)) error {
	defer e.lines.close()
	return halting(ctx, e.lines.halt, func() error { return e.watch(ctx, report) })
}

func (e *Encoder) watch(ctx context.Context, report func(Levels)) error {
	if err := e.read(); err != nil {
		return err
	}
	report(e.now)
	timeout := idle
	for ctx.Err() == nil {
		was := e.now
		b, high, err := e.lines.wait(timeout)
		switch {
		case err == nil && b:
			e.now.B, timeout = high != e.spec.ActiveLow, Quiet
		case err == nil:
			e.now.A, timeout = high != e.spec.ActiveLow, Quiet
		case errors.Is(err, os.ErrDeadlineExceeded): // at rest, now or for long
			timeout = idle
			if err := e.read(); err != nil {
				return err
			}
		default:
			return e.gone(err)
		}
		if e.now.At = time.Now(); e.now.A != was.A || e.now.B != was.B {
			report(e.now)
		}
	}
	return nil
}

func (e *Encoder) read() error {
	a, b, err := e.lines.high()
	if err != nil {
		return e.gone(err)
	}
	e.now = Levels{a != e.spec.ActiveLow, b != e.spec.ActiveLow, time.Now()}
	return nil
}

func (e *Encoder) gone(err error) error { return fmt.Errorf("%v: %w: %w", e.spec, ErrGone, err) }
