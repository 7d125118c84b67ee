// Package state keeps what a box has learned, and how it was set, in one small
// file that is whole after a power cut.
package state

import (
	"bytes"
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

// Keys that are no sections.
const (
	versionKey  = "version"
	sequenceKey = "sequence"
)

// ErrCorrupt: the file is torn, or no state file of this version.
var ErrCorrupt = errors.New("not a state file")

// File is one JSON object, {"version":1,"sequence":7,"SECTION":...,...}. Sections
// that nobody asks for are kept as they are: a program that does not know them
// loses nothing of what another version saved. Its methods may be called from any
// goroutine.
//
// Beside the file on the disk, which is written seldom, there can be a copy in
// memory (tmpfs), which is written at each change: it is what is left of a program
// that was killed, as the file is of a box whose power was cut. The sequence, which
// counts the changes, says which is newer.
type File struct {
	path    string        // "": nothing is read or saved
	now     string        // the copy; "": none
	changed chan struct{} // cap 1: there is something to save

	saving sync.Mutex // held while path is written

	mu       sync.Mutex // held while now is written
	sections map[string]json.RawMessage
	sequence uint64
	saved    uint64    // the sequence that path has
	last     time.Time // when path was written, or could not be
}

// Open reads the file at path, or its copy at now if that is newer; neither need
// exist. With an empty path, what is put in is kept until the program ends; with an
// empty now there is no copy. The File is good whatever the error says, which is of
// package os, or ErrCorrupt; what could not be understood is then beside it with
// ".bad" behind its name.
func Open(path, now string) (*File, error) {
	f := &File{path: path, now: now, changed: make(chan struct{}, 1), sections: map[string]json.RawMessage{}}
	if path == "" {
		return f, nil
	}
	err := f.read(path)
	f.saved = f.sequence
	if now != "" {
		err = errors.Join(err, f.read(now))
	}
	if f.saved != f.sequence {
		f.changed <- struct{}{}
	}
	return f, err
}

// read takes over the file at path if it is newer than what there is.
func (f *File) read(path string) error {
	data, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("state: %w", err)
	}
	sections, sequence, err := decode(data)
	if err != nil {
		return errors.Join(fmt.Errorf("state %s: %w, it is put aside as %[1]s.bad: %w", path, ErrCorrupt, err), os.Rename(path, path+".bad"))
	}
	if sequence >= f.sequence {
		f.sections, f.sequence = sections, sequence
	}
	return nil
}

func decode(data []byte) (sections map[string]json.RawMessage, sequence uint64, err error) {
	if err := json.Unmarshal(data, &sections); err != nil {
		return nil, 0, err
	}
	var version int
	if err := json.Unmarshal(sections[versionKey], &version); err != nil || version != Version {
		return nil, 0, fmt.Errorf("version is %q, want %d", sections[versionKey], Version)
	}
	if s := sections[sequenceKey]; s != nil { // the first files had none
		if err := json.Unmarshal(s, &sequence); err != nil {
			return nil, 0, fmt.Errorf("%s: %w", sequenceKey, err)
		}
	}
	delete(sections, versionKey)
	delete(sections, sequenceKey)
	for name, s := range sections {
		var b bytes.Buffer
		if err := json.Compact(&b, s); err != nil {
			return nil, 0, err
		}
		sections[name] = b.Bytes()
	}
	return sections, sequence, nil
}

func encode(sections map[string]json.RawMessage, sequence uint64) ([]byte, error) {
	all := maps.Clone(sections)
	all[versionKey] = json.RawMessage(fmt.Sprint(Version))
	all[sequenceKey] = json.RawMessage(fmt.Sprint(sequence))
	data, err := json.MarshalIndent(all, "", "\t")
	return append(data, '\n'), err
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
// what is there is no change. When Put has returned, the copy has the change; an
// error of package os says that it has not, and the file on the disk will have it.
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
	f.sections[section] = data
	f.sequence++
	select {
	case f.changed <- struct{}{}:
	default:
	}
	if f.path == "" || f.now == "" {
		return nil
	}
	all, err := encode(f.sections, f.sequence)
	if err == nil {
		err = Replace(f.now, all, false)
	}
	if err != nil {
		return fmt.Errorf("state, copy in memory: %w", err)
	}
	return nil
}
