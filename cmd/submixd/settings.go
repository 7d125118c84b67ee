package main

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"submix/cmd/submixd/config"
	"submix/control"
	"submix/control/state"
	"submix/mixer"
)

const mixSection = "mix" // of the state file: settings

// settings are what commands may change, as they are: what is there again after a
// restart, unless the file has been changed meanwhile. That is what File is for: as
// in a reload, a key that has another value in the file than it had then wins.
type settings struct {
	Output  level            `json:"output"`
	Streams []config.Capture `json:"streams"` // in the mix
	File    []config.Capture `json:"file"`    // as configured then

	// Down is what the buttons that were held then were still to run, by their
	// names: nobody is to find a microphone open that was so for a moment only.
	Down map[string]string `json:"down,omitempty"`
}

// A level is what is set of the output.
type level struct {
	GainDB float64 `json:"gain"`
	Mute   bool    `json:"mute"`
}

// restore makes the first mix what the last one was, as if the buttons that were
// held when the power went had been let go.
func (b *box) restore(d *control.Dispatcher) {
	var s settings
	err := b.kept.Get(mixSection, &s)
	if err == nil {
		err = s.check()
	}
	if err != nil {
		b.log.Warn("the mix begins as configured", "error", err)
		s = settings{}
	}
	out := b.mixer().Output()
	out.SetGain(s.Output.GainDB)
	out.SetMute(s.Output.Mute)
	b.addAll(s.captures(b.config().Captures))
	maps.Copy(b.down, s.Down)
	b.keepSettings()
	for name, line := range s.Down {
		control.Button{Name: name, Release: line, Held: b.held(name, line)}.LetGo(context.Background(), d)
	}
}

// check refuses what no command can have set.
func (s settings) check() error {
	gains := []float64{s.Output.GainDB}
	for _, c := range s.Streams {
		if err := control.CheckName(c.Name); err != nil {
			return err
		}
		if err := c.CheckLimits(); err != nil {
			return err
		}
		gains = append(gains, c.GainDB)
	}
	for _, dB := range gains {
		if dB < control.MinGainDB || dB > control.MaxGainDB {
			return fmt.Errorf("saved gain %g: from %d to %d dB", dB, control.MinGainDB, control.MaxGainDB)
		}
	}
	return nil
}

// captures returns what the streams were and the file now says, in the order of
// the file, then those that commands have added.
func (s settings) captures(file []config.Capture) []config.Capture {
	was, now := byName(s.File), byName(s.Streams)
	var all []config.Capture
	for _, c := range file {
		all = append(all, carry(c, was[c.Name], now[c.Name]))
		was[c.Name] = c
	}
	for _, c := range s.Streams {
		if _, configured := was[c.Name]; !configured {
			all = append(all, c)
		}
	}
	return all
}

func byName(captures []config.Capture) map[string]config.Capture {
	m := map[string]config.Capture{}
	for _, c := range captures {
		m[c.Name] = c
	}
	return m
}

// keepSettings puts down how the mix is set, which no command must forget: it is
// called after each, and when a file has ended. Of a mix that ends or has ended the streams stay as they were,
// for it is not the streams that were taken out.
func (b *box) keepSettings() {
	b.keeping.Lock()
	defer b.keeping.Unlock()
	out := b.mixer().Output()
	b.mu.Lock()
	b.told.Output = level{out.GainDB(), out.Muted()}
	if !b.ending && !b.ended {
		b.told.Streams, b.told.File, b.told.Down = b.presentLocked(), b.cfg.Captures, maps.Clone(b.down)
	}
	told := b.told
	b.mu.Unlock()
	if err := b.kept.Put(mixSection, told); err != nil {
		b.log.Error("settings are not kept", "error", err)
	}
}

// held returns what notes that a button goes down, which runs release when it is
// let go, and up. The command that it runs then puts it down with what it has set.
func (b *box) held(button, release string) func(down bool) {
	return func(down bool) {
		b.mu.Lock()
		defer b.mu.Unlock()
		delete(b.down, button)
		if down {
			b.down[button] = release
		}
	}
}

// save puts all that is to be kept on the disk, now.
func (b *box) save() error {
	b.drifts.keep(time.Now(), true)
	err := b.kept.Save()
	switch {
	case errors.Is(err, state.ErrNoFile):
		return fmt.Errorf("%w: submixd was started to keep nothing", control.ErrNotNow)
	case err != nil:
		return fmt.Errorf("%w: %w", control.ErrStorage, err)
	}
	return nil
}

// captures returns what is to be in the mix, by name, as it is set now.
func (b *box) captures() map[string]config.Capture {
	b.mu.Lock()
	defer b.mu.Unlock()
	return byName(b.presentLocked())
}

// presentLocked forgets the files that have been played to their ends, unless they are
// configured to be in the mix: nobody wants to hear them again when the box starts.
func (b *box) presentLocked() []config.Capture {
	b.wanted = slices.DeleteFunc(b.wanted, b.playedLocked)
	all := slices.Clone(b.wanted)
	for i, c := range all {
		if s, ok := b.mix.Stream(c.Name); ok {
			all[i].GainDB, all[i].Mute = s.GainDB(), s.Muted()
		}
	}
	return all
}

func (b *box) playedLocked(c config.Capture) bool {
	if c.Device.Kind != config.File {
		return false
	}
	s, ok := b.mix.Stream(c.Name)
	return ok && s.Info().State == mixer.Ended &&
		!slices.ContainsFunc(b.cfg.Captures, func(k config.Capture) bool { return k.Name == c.Name && k.Add })
}

// want notes that a capture is to be in the mix.
func (b *box) want(c config.Capture) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.wantLocked(c)
}

func (b *box) wantLocked(c config.Capture) {
	c.Add = true
	b.wanted = append(b.without(c.Name), c)
}

// unwant notes that a stream has been taken out.
func (b *box) unwant(name string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.wanted = b.without(name)
}

func (b *box) without(name string) []config.Capture {
	return slices.DeleteFunc(b.wanted, func(c config.Capture) bool { return c.Name == name })
}
