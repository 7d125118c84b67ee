package gpio

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"
)

// idle is how often a resting line's level is read again: an edge that was lost, and a chip that was removed without
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

// Run calls report, on its own goroutine, for every debounced change: a clean press 5 ms after its edge. What the line
// is when it is opened is not reported; a button held from before is reported when it is released. Run returns nil soon
// after ctx ends, or an error that wraps ErrGone; either way the line is given back.
func (in *Input) Run(ctx context.Context, report func(Change)) error {
	defer in.line.close()
	ended := make(chan struct{})
	halted := make(chan struct{})
	go func() { in.haltWhenDone(ctx, ended); close(halted) }()
	err := in.watch(ctx, report)
	close(ended)
	<-halted
	if ctx.Err() != nil {
		return nil
	}
	return err
}

// haltWhenDone repeats halt until the watcher has ended, because a halt just before a wait begins is lost.
func (in *Input) haltWhenDone(ctx context.Context, ended <-chan struct{}) {
	select {
	case <-ctx.Done():
	case <-ended:
		return
	}
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for {
		in.line.halt()
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
		if due, moving := in.state.Due(); moving {
			timeout = max(time.Until(due), time.Microsecond) // zero would mean for ever
		}
		err := in.line.wait(timeout)
		if err == nil {
			in.state.Edge(time.Now())
			continue
		}
		if !errors.Is(err, os.ErrDeadlineExceeded) {
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
