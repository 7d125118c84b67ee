package update

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"strings"

	"submix/control"
)

// What a slot is, in a word.
const (
	stateGood    = "good"    // has proved itself, or is what the card was made with
	stateTrial   = "trial"   // runs, and is still to prove itself
	stateUntried = "untried" // is begun by the next restart for the first time
	stateFailed  = "failed"  // has not proved itself
	stateBroken  = "broken"  // was not written to its end
)

// A slot is one of the two that hold a system, as rauc knows it.
type slot struct {
	Class      string `json:"class"`
	Name       string `json:"bootname"` // A or B
	BootStatus string `json:"boot_status"`
	Status     struct {
		Bundle    struct{ Version string } `json:"bundle"`
		Installed struct{ Count int }      `json:"installed"` // how often, ever
		Status    string                   `json:"status"`    // ok, when it was written to its end; empty: by no update
	} `json:"slot_status"`
}

// slots is what is known of them all.
type slots struct {
	booted  string // the name of the slot that runs
	primary string // of the one that is begun next
	running string // the version that runs, as it says itself
	board   string
	by      map[string]slot
	record  record
	tried   bool // the boot loader says that the system that runs is on trial, and there is no verdict yet
}

// state asks rauc and reads the record.
func (b *Box) state(ctx context.Context) (slots, error) {
	out, err := b.Rauc(ctx, nil, "status", "--detailed", "--output-format=json")
	if err != nil {
		return slots{}, err
	}
	var said struct {
		Compatible, Booted string
		Primary            string `json:"boot_primary"`
		Slots              []map[string]slot
	}
	if err := json.Unmarshal(out, &said); err != nil {
		return slots{}, fmt.Errorf("rauc status: %w", err)
	}
	s := slots{booted: said.Booted, board: said.Compatible, by: map[string]slot{}, running: b.release("VERSION_ID"),
		record: b.readRecord(), tried: b.has(marker) && !b.has(verdict)}
	for _, named := range said.Slots {
		for id, slot := range named {
			if slot.Class == "rootfs" {
				s.by[slot.Name] = slot
			}
			if id == said.Primary {
				s.primary = slot.Name
			}
		}
	}
	if _, ok := s.by[s.booted]; !ok || len(s.by) != 2 {
		return slots{}, fmt.Errorf("rauc knows no slot of this system, %q; is it started from a Submix card?", s.booted)
	}
	return s, nil
}

// release returns a value of os-release.
func (b *Box) release(key string) string {
	text, _ := os.ReadFile(b.path("etc/os-release"))
	for line := range strings.Lines(string(text)) {
		if value, ok := strings.CutPrefix(line, key+"="); ok {
			return strings.Trim(strings.TrimSpace(value), `"`)
		}
	}
	return ""
}

func (s slots) other() string {
	for name := range s.by {
		if name != s.booted {
			return name
		}
	}
	return ""
}

func (s slots) version(name string) string {
	if name == s.booted {
		return s.running
	}
	if v := s.by[name].Status.Bundle.Version; v != "" {
		return v
	}
	return "factory" // what the card was made with
}

// trial reports that the system in a slot came by an update and has not proved itself. Where no update is known of at
// all, as the data partition was lost meanwhile, the boot loader is believed.
func (s slots) trial(name string) bool {
	count := s.by[name].Status.Installed.Count
	lost := count == 0 && s.by[s.other()].Status.Installed.Count == 0
	return count != s.record.Proved[name] || lost && name == s.booted && s.tried
}

func (s slots) word(name string) string {
	slot := s.by[name]
	switch bootable := slot.BootStatus == "good"; {
	case slot.Status.Status != "" && slot.Status.Status != "ok":
		return stateBroken
	case name == s.booted && s.trial(name):
		return stateTrial
	case name == s.booted || bootable && !s.trial(name):
		return stateGood
	case bootable:
		return stateUntried
	}
	return stateFailed
}

// why says what there is to say of a slot that is not begun any more; empty: nothing.
func (s slots) why(name string) string {
	reason := "it ended before it had proved itself, or did not come up at all"
	if f := s.record.Failed; f.Slot == name && f.Count == s.by[name].Status.Installed.Count {
		reason = f.Reason
	}
	switch s.word(name) {
	case stateFailed:
		return fmt.Sprintf("%s in slot %s was given up: %s; %s in slot %s runs", s.version(name), name, reason, s.running, s.booted)
	case stateBroken:
		return fmt.Sprintf("the update in slot %s was broken off; %s in slot %s runs", name, s.running, s.booted)
	}
	return ""
}

// tell returns data lines.
func (s slots) tell() []string {
	data := []string{
		control.Pair("slot", s.booted), control.Pair("version", s.running), control.Pair("board", s.board), control.Pair("next", s.primary),
	}
	if why := s.why(s.other()); why != "" {
		data = append(data, control.Pair("reason", why))
	}
	for _, name := range []string{s.booted, s.other()} {
		data = append(data, control.Thing("slot", name, "state", s.word(name), "version", s.version(name), "runs", name == s.booted, "next", name == s.primary))
	}
	return data
}

func (b *Box) status(ctx context.Context, _ []string) ([]string, error) {
	s, err := b.state(ctx)
	if err != nil {
		return nil, err
	}
	return s.tell(), nil
}
