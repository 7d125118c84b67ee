package update

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"strings"

	"submix/control"
)

// What a slot is, in a word.
const (
	stateGood    = "good"    // has proved itself, or is what the card was made with
	stateTrial   = "trial"   // runs, and is still to prove itself
	stateUntried = "untried" // has not proved itself: is begun by the next restart for the first time, or ran for want of a better one
	stateSpent   = "spent"   // is good, but has no try left: it was begun three times and never came up
	stateUnused  = "unused"  // has had no update that is known of, and its firmware, which counts no tries, never began it
	stateFailed  = "failed"  // has not proved itself
	stateBroken  = "broken"  // was not written to its end
)

// A slot is one of the two that hold a system, as rauc knows it. What it says of their kernels' partitions is not read.
type slot struct {
	Class      string `json:"class"`
	Name       string `json:"bootname"` // A or B
	BootStatus string `json:"boot_status"`
	Status     struct {
		Bundle    struct{ Version string } `json:"bundle"`
		Installed struct{ Count int }      `json:"installed"` // how often, ever
		Activated *struct{}                `json:"activated"` // nil: not since it was written
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
	counts  bool // the boot loader counts tries
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
		record: b.readRecord(), counts: !b.has(autoboot), tried: b.has(marker) && !b.has(verdict)}
	all := map[string]slot{}
	for _, named := range said.Slots {
		maps.Copy(all, named)
	}
	for _, slot := range all {
		if slot.Class == "rootfs" {
			s.by[slot.Name] = slot
		}
	}
	s.primary = all[said.Primary].Name
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

// count is how many updates a slot has had, ever.
func (s slots) count(name string) int { return s.by[name].Status.Installed.Count }

// unknown reports that no update is known of at all: there was none, or the data partition was lost meanwhile.
func (s slots) unknown() bool { return s.count("A") == 0 && s.count("B") == 0 }

// trial reports that the system in a slot came by an update and has not proved itself. Where no update is known of, the
// boot loader is believed.
func (s slots) trial(name string) bool {
	return s.count(name) != s.record.Proved[name] || s.unknown() && name == s.booted && s.tried
}

// failure is why what is in a slot was given up; empty: nobody has noted that.
func (s slots) failure(name string) string {
	if f := s.record.Failed; f.Slot == name && f.Count == s.count(name) {
		return f.Reason
	}
	return ""
}

// broken reports that the last update of a slot did not come to its end. The root is written first, then the kernel, and at
// last the slot is activated, which rauc forgets when it has written the root of the next one; the power may go between any
// two of these. What runs or has proved itself was activated, even if the power went before that was noted.
func (s slots) broken(name string) bool {
	switch status := s.by[name].Status; status.Status {
	case "":
		return false
	case "ok":
		return status.Activated == nil && s.trial(name) && name != s.booted
	}
	return true
}

func (s slots) word(name string) string {
	switch bootable := s.by[name].BootStatus == "good"; {
	case s.broken(name):
		return stateBroken
	case name == s.booted && s.trial(name):
		return stateTrial
	case name == s.booted || bootable && !s.trial(name):
		return stateGood
	case bootable && s.failure(name) == "":
		return stateUntried
	case s.trial(name) || s.failure(name) != "":
		return stateFailed
	case !s.counts:
		return stateUnused
	}
	return stateSpent
}

// back reports that there is a system to go back to. One that ran on without having proved itself is better than none; but
// one that is begun next for the first time is no way back.
func (s slots) back() bool {
	switch s.word(s.other()) {
	case stateGood, stateSpent, stateUnused:
		return true
	case stateUntried:
		return s.primary != s.other()
	}
	return false
}

// why says what there is to say of a slot that is not begun any more; empty: nothing.
func (s slots) why(name string) string {
	switch word := s.word(name); {
	case word == stateFailed:
		reason := cmp.Or(s.failure(name), "it ended before it had proved itself, or did not come up at all")
		return fmt.Sprintf("%s in slot %s was given up: %s; %s in slot %s runs", s.version(name), name, reason, s.running, s.booted)
	case word == stateSpent && !s.unknown(): // a slot that had no update is not missed
		return fmt.Sprintf("%s in slot %s, which is good, did not come up three times, as when the power goes each time; %s in slot %s runs; "+
			"update rollback begins the other again", s.version(name), name, s.running, s.booted)
	case word == stateBroken:
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
