package gpio

import "fmt"

// outLine is an output line as Output uses it.
type outLine interface {
	set(high bool) error
	close() error
}

// Output is one lamp. Not for concurrent use.
type Output struct {
	spec Line
	line outLine
}

// OpenOutput requests the line as an output and switches it off; errors are those of OpenInput.
func OpenOutput(l Line) (*Output, error) {
	line, err := requestOutput(l)
	if err != nil {
		return nil, err
	}
	out := &Output{l, line}
	if err := out.Set(false); err != nil {
		line.close()
		return nil, err
	}
	return out, nil
}

// Set switches the lamp. An error wraps ErrGone and names the line.
func (o *Output) Set(on bool) error {
	if err := o.line.set(on != o.spec.ActiveLow); err != nil {
		return fmt.Errorf("%v: %w: %w", o.spec, ErrGone, err)
	}
	return nil
}

// Close gives the line back; what its level is then is up to the chip.
func (o *Output) Close() error { return o.line.close() }
