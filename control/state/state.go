// Package state keeps what a box has learned in one small file that is whole
// after a power cut.
package state

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"sync"
	"time"
)

// Version is that of the file. It grows when an older program would misread the
// file; a new section is no such change.
const Version = 1

const versionKey = "version"

const (
	gatherTime = 5 * time.Second // from the first change to the save, which is then one for all
	retryPause = time.Minute     // after a save that failed
)

// ErrCorrupt: the file is torn, or no state file of this version.
var ErrCorrupt = errors.New("not a state file")

// File is one JSON object, {"version":1,"SECTION":...,...}. Sections that nobody
// asks for are kept as they are: a program that does not know them loses nothing
// of what another version saved. Get and Put may be called from any goroutine.
type File struct {
	path    string        // "": nothing is read or saved
	changed chan struct{} // cap 1: there is something to save

	mu       sync.Mutex // not held while the file is written
	sections map[string]json.RawMessage
	unsaved  bool
}

// Open reads the file at path, which need not exist; with an empty path, what is
// put in is kept until the program ends. The File is good whatever the error
// says, which is of package os, or ErrCorrupt; it is empty then, and its next save
// replaces what could not be read.
func Open(path string) (*File, error) {
	f := &File{path: path, changed: make(chan struct{}, 1), sections: map[string]json.RawMessage{}}
	if path == "" {
		return f, nil
	}
	data, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return f, nil
	}
	if err != nil {
		return f, fmt.Errorf("state: %w", err)
	}
	sections, err := decode(data)
	if err != nil {
		return f, fmt.Errorf("state %s: %w: %w", path, ErrCorrupt, err)
	}
	f.sections = sections
	return f, nil
}

func decode(data []byte) (map[string]json.RawMessage, error) {
	var sections map[string]json.RawMessage
	if err := json.Unmarshal(data, &sections); err != nil {
		return nil, err
	}
	var version int
	if err := json.Unmarshal(sections[versionKey], &version); err != nil || version != Version {
		return nil, fmt.Errorf("version is %q, want %d", sections[versionKey], Version)
	}
	for name, s := range sections {
		var b bytes.Buffer
		if err := json.Compact(&b, s); err != nil {
			return nil, err
		}
		sections[name] = b.Bytes()
	}
	return sections, nil
}

// Get decodes a section into v, as [json.Unmarshal] does. One that is not there
// leaves v as it is. ErrCorrupt: it is not what v can hold, and v may hold a part.
func (f *File) Get(section string, v any) error {
	f.mu.Lock()
	data := f.sections[section]
	f.mu.Unlock()
	if data == nil {
		return nil
	}
	if err := json.Unmarshal(data, v); err != nil {
		return fmt.Errorf("state %s, section %s: %w: %w", f.path, section, ErrCorrupt, err)
	}
	return nil
}

// Put makes v, which must be fit for [json.Marshal], the section. What is equal to
// what is there is no change.
func (f *File) Put(section string, v any) error {
	data, err := json.Marshal(v)
	if err != nil {
		return fmt.Errorf("state, section %s: %w", section, err)
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if bytes.Equal(data, f.sections[section]) {
		return nil
	}
	f.sections[section], f.unsaved = data, true
	select {
	case f.changed <- struct{}{}:
	default:
	}
	return nil
}

// Run saves what is put in until ctx is done, and then what is left: every change
// within seconds, all changes of that time at once, and nothing if there was none.
// tell is called with the error of a save that failed, once while it stays the
// same, and with nil when saving works again.
func (f *File) Run(ctx context.Context, tell func(error)) {
	told := ""
	save := func() error {
		err := f.save()
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
			save()
			return
		case <-f.changed:
			if due == nil {
				due = time.After(gatherTime)
			}
		case <-due:
			due = nil
			if save() != nil {
				due = time.After(retryPause)
			}
		}
	}
}

// save writes the file if something has changed since it was written.
func (f *File) save() error {
	f.mu.Lock()
	due, sections := f.unsaved, maps.Clone(f.sections)
	f.unsaved = false
	f.mu.Unlock()
	if !due || f.path == "" {
		return nil
	}
	sections[versionKey] = json.RawMessage(fmt.Sprint(Version))
	data, err := json.MarshalIndent(sections, "", "\t")
	if err == nil {
		err = replace(f.path, append(data, '\n'))
	}
	if err != nil {
		f.mu.Lock()
		f.unsaved = true
		f.mu.Unlock()
		return fmt.Errorf("state: %w", err)
	}
	return nil
}
