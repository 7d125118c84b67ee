package gpio

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"
)

// idle is how often the level of a resting line, or pair of them, is read again: an edge that was lost, and a chip that was removed without
// waking the reader (Linux 6.1 does not), are found this late.
const idle = time.Second

// edgeLine is an input line as Input uses it. wait blocks until an edge (nil), the timeout or halt (os.ErrDeadlineExceeded)
// or an error; halt may be called from another goroutine and ends only the wait under way.
type edgeLine interface {
	wait(timeout time.Duration) error
	high() (bool, error)
	halt()
	close() error
}

// Input is one button.
type Input struct {
	spec  Line
	line  edgeLine
	state Debounce
}

// OpenInput requests the line for this process; it starts nothing. Errors wrap ErrNoChip, ErrNoLine, ErrConfig, or the
// kernel's errno, such as unix.EBUSY for a line that another program has.
func OpenInput(l Line) (*Input, error) {
	line, err := requestInput(l)
	if err != nil {
		return nil, err
	}
	return newInput(l, line)
}

// newInput reads the level from which changes count, so that none between now and Run is missed.
func newInput(l Line, line edgeLine) (in *Input, err error) {
	in = &Input{spec: l, line: line}
	if in.state.Pressed, err = in.pressed(); err != nil {
		line.close()
		return nil, err
	}
	return in, nil
}

// Pressed tells whether the button was down when the line was opened. Not to be called once Run is.
func (in *Input) Pressed() bool { return in.state.Pressed }

// Run calls report, on its own goroutine, for every debounced change, at most 5 ms after its first edge: see Debounce.
// What the line is when it is opened is not reported; a button held from before is reported when it is released. Run
// returns nil soon after ctx ends, or an error that wraps ErrGone; either way the line is given back.
func (in *Input) Run(ctx context.Context, report func(Change)) error {
	defer in.line.close()
	return halting(ctx, in.line.halt, func() error { return in.watch(ctx, report) })
}

// halting returns what watch does, or nil if ctx has ended, upon which watch is halted until it returns: a halt just
// before a wait begins is lost.
func halting(ctx context.Context, halt func(), watch func() error) error {
	ended := make(chan struct{})
	halted := make(chan struct{})
	go func() { haltWhenDone(ctx, halt, ended); close(halted) }()
	err := watch()
	close(ended)
	<-halted
	if ctx.Err() != nil {
		return nil
	}
	return err
}

func haltWhenDone(ctx context.Context, halt func(), ended <-chan struct{}) {
	select {
	case <-ctx.Done():
	case <-ended:
		return
	}
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for {
		halt()
		select {
		case <-tick.C:
		case <-ended:
			return
		}
	}
}

func (in *Input) watch(ctx context.Context, report func(Change)) error {
	for ctx.Err() == nil {
		timeout := idle
		if due, waits := in.state.Due(); waits {
			timeout = max(time.Until(due), time.Microsecond) // zero would mean for ever
		}
		err := in.line.wait(timeout)
		switch {
		case err == nil:
			in.state.Edge(time.Now())
			if due, waits := in.state.Due(); waits && time.Now().Before(due) {
				continue
			}
		case !errors.Is(err, os.ErrDeadlineExceeded):
			return in.gone(err)
		}
		// The level is read, not taken from the last edge: the kernel drops edges when a burst fills its queue.
		pressed, err := in.pressed()
		if err != nil {
			return err
		}
		if change, ok := in.state.Settle(time.Now(), pressed); ok {
			report(change)
		}
	}
	return nil
}

func (in *Input) pressed() (bool, error) {
	high, err := in.line.high()
	if err != nil {
		return false, in.gone(err)
	}
	return high != in.spec.ActiveLow, nil
}

func (in *Input) gone(err error) error { return fmt.Errorf("%v: %w: %w", in.spec, ErrGone, err) }
