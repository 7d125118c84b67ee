package control

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"time"
)

// Encoder says what a rotary encoder does: each detent moves the gain of a stream,
// or of the output, by a step.
type Encoder struct {
	Name          string
	Target        string  // a stream's name, or out
	StepDB        float64 // above 0
	MinDB, MaxDB  float64 // where it stops, MinGainDB to MaxGainDB
	Accelerate    bool    // larger steps if it is turned faster
	StatesADetent int     // 4, 2 or 1
	Reverse       bool    // B before A is up
}

// turnOver is how long a knob has to rest until its turn is logged, as one line.
const turnOver = time.Second

// Run turns the gain on d until levels is closed, which gives nil, or ctx is done.
// It takes levels at once, whatever d does: what is turned while a command runs is
// one step after it.
func (e Encoder) Run(ctx context.Context, d *Dispatcher, levels <-chan Levels) error {
	steps := make(chan int)
	var turning sync.WaitGroup
	turning.Go(func() { e.turn(ctx, d, steps) })
	defer turning.Wait()
	defer close(steps)
	q := quadrature{perDetent: e.StatesADetent}
	var a acceleration
	pending := 0
	for {
		var out chan<- int
		if pending != 0 {
			out = steps
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case out <- pending:
			pending = 0
		case l, open := <-levels:
			if !open {
				if pending != 0 {
					steps <- pending
				}
				return nil
			}
			n := q.turn(l.A, l.B)
			if e.Reverse {
				n = -n
			}
			if n != 0 && e.Accelerate {
				n = a.weigh(n, l.At)
			}
			pending += n
		}
	}
}

// turn runs the commands for the steps, and logs each turn when it is over.
func (e Encoder) turn(ctx context.Context, d *Dispatcher, steps <-chan int) {
	var (
		over <-chan time.Time
		tell = func() {}
	)
	defer func() { tell() }()
	for {
		select {
		case n, open := <-steps:
			if !open {
				return
			}
			tell, over = e.move(ctx, d, float64(n)*e.StepDB), time.After(turnOver)
		case <-over:
			tell()
			tell = func() {}
		}
	}
}

// move moves the gain by dB. It returns what logs that, as the command that would
// have led to where the gain is now.
func (e Encoder) move(ctx context.Context, d *Dispatcher, dB float64) (tell func()) {
	cmd, _ := lookup(d.table, "gain")
	tell = func() {}
	for dB != 0 {
		part := min(max(dB, MinGainDB), MaxGainDB) // what one command can do
		dB -= part
		line := fmt.Sprintf("gain %s %+.2f min=%v max=%v", e.Target, part, e.MinDB, e.MaxDB)
		r := d.do(ctx, line, func(*command, *Error) {})
		if r.Err != nil {
			return func() { d.note(cmd, "encoder "+e.Name, line, r.Err) }
		}
		line = fmt.Sprintf("gain %s =%s", e.Target, strings.TrimPrefix(r.Data[0], "gain: "))
		tell = func() { d.note(cmd, "encoder "+e.Name, line, nil) }
	}
	return tell
}
