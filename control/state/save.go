package state

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"time"
)

const (
	soon       = time.Second      // from a change after a quiet time to the save, which is one for all changes until then
	quietTime  = 10 * time.Second // from a save to the next: a disk of flash wears with each
	retryPause = time.Minute      // after a save that failed
)

// ErrNoFile: what is put in is kept in memory only.
var ErrNoFile = errors.New("there is no state file")

// Run saves what is put in until ctx is done, and then what is left: a change after
// a quiet time within a second, but no more often than every ten seconds, and
// nothing if there was no change. When all is saved at the end, the copy is not
// needed any more and is removed. tell is called with the error of a save that
// failed, once while it stays the same, and with nil when saving works again.
func (f *File) Run(ctx context.Context, tell func(error)) {
	if f.path == "" {
		<-ctx.Done()
		return
	}
	told := ""
	save := func() error {
		err := f.Save()
		text := ""
		if err != nil {
			text = err.Error()
		}
		if text != told {
			told = text
			tell(err)
		}
		return err
	}
	var due <-chan time.Time // nil: there is nothing to save
	for {
		select {
		case <-ctx.Done():
			if save() == nil && f.now != "" {
				if err := os.Remove(f.now); err != nil && !errors.Is(err, fs.ErrNotExist) {
					tell(fmt.Errorf("state: %w", err))
				}
			}
			return
		case <-f.changed:
			if due == nil {
				due = time.After(f.pause())
			}
		case <-due:
			due = nil
			if save() != nil {
				due = time.After(retryPause)
			}
		}
	}
}

// pause is how long to wait with what has changed now.
func (f *File) pause() time.Duration {
	f.mu.Lock()
	defer f.mu.Unlock()
	return max(soon, quietTime-time.Since(f.last))
}

// Save writes the file now, if something has changed since it was written. When it
// has returned nil, all that was put in before is on the disk. ErrNoFile: there is
// no path.
func (f *File) Save() error {
	if f.path == "" {
		return ErrNoFile
	}
	f.saving.Lock()
	defer f.saving.Unlock()
	f.mu.Lock()
	due, sequence := f.sequence != f.saved, f.sequence
	data, err := encode(f.sections, sequence)
	f.mu.Unlock()
	if !due {
		return nil
	}
	if err == nil {
		err = Replace(f.path, data, true)
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.last = time.Now()
	if err != nil {
		return fmt.Errorf("state: %w", err)
	}
	f.saved = sequence
	return nil
}
