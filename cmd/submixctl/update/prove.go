package update

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"submix/control"
)

// prove says what became of the last update, and waits until the system that runs has shown what it is worth. One that
// has proved itself before is kept as soon as the daemon is well, so that a box that is switched on and off is not taken
// for one that does not start. A new one has to be well for a minute without a break, within three; otherwise the other
// one is begun, if there is one. It returns lines for people. An error is left for the deadline of the trial, which is
// what ends that of a system in which this cannot.
func (b *Box) prove(ctx context.Context, args []string) ([]string, error) {
	lines, err := b.judge(ctx, args)
	if err != nil {
		_ = os.WriteFile(b.path(ailing), []byte(err.Error()+"\n"), 0o644)
	}
	return lines, err
}

func (b *Box) judge(ctx context.Context, args []string) ([]string, error) {
	sound, limit := sound, limit
	for i, d := range []*time.Duration{&sound, &limit} {
		if i < len(args) {
			var err error
			if *d, err = time.ParseDuration(args[i]); err != nil {
				return nil, err
			}
		}
	}
	s, err := b.state(ctx)
	if err != nil {
		return nil, err
	}
	if err := b.adopt(&s); err != nil { // which is no reason not to keep this one
		fmt.Fprintln(b.Progress, "update:", err)
	}
	if why := s.why(s.other()); why != "" {
		fmt.Fprintln(b.Progress, "update:", why)
		if err := b.notice(why); err != nil {
			return nil, err
		}
	}
	switch {
	case s.tried && b.has(noData):
		return nil, fmt.Errorf("%s in slot %s finds no data partition", s.running, s.booted)
	case !s.trial(s.booted):
		sound, limit = 0, 0
		if err := b.verdict(); err != nil { // it is never restarted, however long the daemon takes
			return nil, err
		}
	}
	_ = os.Remove(b.path(ailing)) // what ailed it before this is over
	before, why := s.failure(s.booted), b.watch(ctx, sound, limit)
	s.record = b.readRecord()
	switch failure := s.failure(s.booted); {
	case failure != "" && failure != before, s.trial(s.booted) && b.has(restart): // though the record cannot be written
		return []string{fmt.Sprintf("%s in slot %s was given up meanwhile: %s", s.running, s.booted, cmp.Or(failure, "the box restarts"))}, nil
	case why != nil && b.late() != nil:
		return nil, b.late()
	case why != nil && (!s.trial(s.booted) || b.has(verdict)): // by mark-good or the deadline, and the other slot may be written to
		return []string{fmt.Sprintf("%s in slot %s runs on, as was said, but: %v", s.running, s.booted, why)}, nil
	case why != nil:
		return b.refuse(ctx, s, why)
	}
	if err := b.keep(ctx, s); err != nil {
		return nil, err
	}
	if sound == 0 {
		return nil, nil
	}
	return []string{fmt.Sprintf("%s in slot %s has proved itself and is kept", s.running, s.booted)}, nil
}

// refuse goes back to the other slot, if there is a system in it; and to a spent one, or one that has not proved itself either,
// only once, which has to be noted before: if it has not come up since, the box would go to and fro. One that runs on has its
// tries again, where they are counted, lest it be taken for one that does not come up.
func (b *Box) refuse(ctx context.Context, s slots, why error) ([]string, error) {
	word := s.word(s.other())
	once := word == stateSpent || word == stateUntried
	if !s.back() || once && (s.failure(s.booted) != "" || b.note(s, why.Error()) != nil) {
		if err := b.verdict(); err != nil {
			return nil, err
		}
		if s.counts {
			if _, err := b.Rauc(ctx, nil, "status", "mark-good", "booted"); err != nil {
				fmt.Fprintln(b.Progress, "update:", err)
			}
		}
		return nil, fmt.Errorf("%s in slot %s has not proved itself: %w; slot %s is %s, so it runs on", s.running, s.booted, why, s.other(), word)
	}
	if err := errors.Join(b.giveUp(ctx, s, why.Error()), b.restart(true)); err != nil {
		return nil, err
	}
	return nil, fmt.Errorf("%s in slot %s has not proved itself: %w; the box goes back to slot %s", s.running, s.booted, why, s.other())
}

// watch returns nil when the daemon has been well for a time without a break, and what ailed it last if that was not so
// within limit, which is endless if it is 0.
func (b *Box) watch(ctx context.Context, sound, limit time.Duration) error {
	var last pulse
	var well time.Time    // since when; zero: it is not
	sounded := limit == 0 // in an earlier start
	ailing := fmt.Errorf("no answer")
	for begin := time.Now(); ; {
		now, err := b.pulse()
		if err == nil {
			err = now.after(last, sounded)
		}
		last, sounded = now, sounded || err == nil
		switch {
		case err != nil:
			well, ailing = time.Time{}, err
		case well.IsZero():
			well = time.Now()
		}
		if !well.IsZero() && time.Since(well) >= sound {
			return nil
		}
		if limit > 0 && time.Since(begin) >= limit {
			return fmt.Errorf("it was not well for %v within %v, last: %w", sound, limit, ailing)
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(poll):
		}
	}
}

// A pulse is what the daemon says of itself.
type pulse struct {
	state          control.State
	blocks, uptime float64
}

func (b *Box) pulse() (p pulse, err error) {
	reply, err := b.Ask("status")
	if err == nil && reply.Err != nil {
		err = reply.Err
	}
	if err != nil {
		return p, err
	}
	objects, err := control.ParseData(reply.Data)
	if err != nil || len(objects) == 0 {
		return p, fmt.Errorf("status is not to be understood: %v", err)
	}
	state, _ := objects[0]["state"].(string)
	p.state = control.State(state)
	p.blocks, _ = objects[0]["blocks"].(float64)
	p.uptime, _ = objects[0]["uptime"].(float64)
	return p, nil
}

// after says why a pulse is not that of a daemon that has been well since the last one. Without a card that plays blocks
// are mixed for nobody, at the same pace. A mix that somebody has ended, who may want no sound for long, counts
// if it has sounded before: else nobody knows that it can.
func (p pulse) after(last pulse, sounded bool) error {
	switch {
	case p.uptime < last.uptime:
		return fmt.Errorf("the daemon has begun anew")
	case p.state == control.StateEnded && sounded:
		return nil
	case p.state != control.StateRunning && p.state != control.StateNoOutput:
		return fmt.Errorf("no sound: the mix is %s", cmp.Or(p.state, "in no state"))
	case p.blocks <= last.blocks:
		return fmt.Errorf("no sound: no block was mixed in %v", poll)
	}
	return nil
}
