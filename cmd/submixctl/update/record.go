package update

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"submix/control/state"
)

// A record is what survives of verdicts. Count is rauc's count of the updates that a slot has had, so that a verdict
// is of one update and never of the next; a slot that the card was made with has had none.
type record struct {
	Proved map[string]int `json:"proved"` // count by slot
	Failed struct {
		Slot   string `json:"slot"`
		Count  int    `json:"count"`
		Reason string `json:"reason"`
	} `json:"failed"` // the last one
}

func (b *Box) recordPath() string { return b.path(folder, "record.json") }

// readRecord returns an empty one if there is none, or a damaged one: then a system proves itself again.
func (b *Box) readRecord() record {
	var r record
	if text, err := os.ReadFile(b.recordPath()); err == nil {
		_ = json.Unmarshal(text, &r)
	}
	if r.Proved == nil {
		r.Proved = map[string]int{}
	}
	return r
}

func (b *Box) writeRecord(r record) error {
	text, err := json.Marshal(r)
	if err != nil {
		return err
	}
	if err := state.Replace(b.recordPath(), text, true); err != nil {
		return fmt.Errorf("what was found of the update cannot be kept: %w", err)
	}
	return nil
}

// keep makes the system that runs the one that is begun from now on, whatever was said against it before. What was proved is
// written only if it is new.
func (b *Box) keep(ctx context.Context, s slots) error {
	if err := b.late(); err != nil {
		return err
	}
	if _, err := b.Rauc(ctx, nil, "status", "mark-good", "booted"); err != nil {
		return err
	}
	if s.trial(s.booted) || s.failure(s.booted) != "" {
		s.record.Proved[s.booted] = s.count(s.booted)
		if s.record.Failed.Slot == s.booted {
			s.record.Failed = record{}.Failed
		}
		if err := b.writeRecord(s.record); err != nil {
			return err
		}
	}
	return b.verdict()
}

// verdict ends the trial for its deadline, if there is one: the system that runs is kept. The file is made once: if the
// deadline has made it, the box goes back already.
func (b *Box) verdict() error {
	f, err := os.OpenFile(b.path(verdict), os.O_CREATE|os.O_EXCL, 0o644)
	if errors.Is(err, os.ErrExist) {
		return b.late()
	}
	if err != nil {
		return err
	}
	return f.Close()
}

// late returns an error if the deadline of the trial is over.
func (b *Box) late() error {
	if text, _ := os.ReadFile(b.path(verdict)); len(text) > 0 {
		return errors.New("the deadline of its trial is over: the box goes back to the other slot")
	}
	return nil
}

// adopt takes over what the deadline of a trial has noted of a slot that is left again: it knows no counts. While that slot
// itself runs, because the boot loader gives it another try, the note stays.
func (b *Box) adopt(s *slots) error {
	text, err := os.ReadFile(b.path(unproved))
	slot, reason, _ := strings.Cut(strings.TrimSpace(string(text)), " ")
	if err != nil || slot == s.booted && s.trial(slot) {
		return nil
	}
	if slot == s.other() {
		s.record.Failed.Slot, s.record.Failed.Count, s.record.Failed.Reason = slot, s.count(slot), reason
		if err := b.writeRecord(s.record); err != nil {
			return err
		}
	}
	return os.Remove(b.path(unproved))
}

// note keeps why the system that runs is given up.
func (b *Box) note(s slots, reason string) error {
	s.record.Failed.Slot, s.record.Failed.Count, s.record.Failed.Reason = s.booted, s.count(s.booted), reason
	return b.writeRecord(s.record)
}

// giveUp notes why the system that runs is not kept, and has the other one begun, which its caller has found fit for it: that
// the one is bad is not enough for firmware that begins it always, as when the record was lost. Whatever of it fails, the rest
// is done, and the caller restarts: prove, which goes on, would keep a system that is not the next to begin.
func (b *Box) giveUp(ctx context.Context, s slots, reason string) error {
	written := b.note(s, reason)
	_, bad := b.Rauc(ctx, nil, "status", "mark-bad", "booted")
	_, active := b.Rauc(ctx, nil, "status", "mark-active", "other")
	return errors.Join(written, bad, active)
}

// notice puts what is to be known of the last update where submixd shows it.
func (b *Box) notice(text string) error {
	path := b.path(notices, "update")
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	return os.WriteFile(path, []byte(text+"\n"), 0o644)
}
