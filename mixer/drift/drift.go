// Package drift follows a source's clock from a sink's.
package drift

// Lock is how well a loop knows its source's clock.
type Lock int32

// What a loop knows.
const (
	Seeking    Lock = iota // measuring; what it says is its best guess
	Locked                 // drift and latency are steady
	OutOfRange             // the clocks differ by more than can be corrected
)

func (l Lock) String() string { return [...]string{"seeking", "locked", "out-of-range"}[l] }
