package main

import (
	"fmt"
	"reflect"
	"strings"

	"submix/cmd/submixd/config"
	"submix/control"
)

// reload reads the configuration again and takes over what has changed in the
// captures, leaving the other streams alone. The mixer and the playback device
// change with the next start, the rest with the next start of the daemon; both
// are logged. A file with mistakes changes nothing.
func (b *box) reload() error {
	next, err := b.load()
	if err != nil {
		return fmt.Errorf("%w: %s", control.ErrConfig, strings.ReplaceAll(err.Error(), "\n", "; "))
	}
	b.mu.Lock()
	last, idle := b.cfg, b.ending || b.ended
	b.cfg = next
	b.mu.Unlock()
	b.tellLater(last, next)
	if idle {
		return nil
	}
	was := map[string]config.Capture{}
	for _, c := range last.Captures {
		was[c.Name] = c
	}
	for _, c := range next.Captures {
		if old := was[c.Name]; !reflect.DeepEqual(c, old) {
			b.change(c, old)
		}
		delete(was, c.Name)
	}
	for name := range was {
		if _, in := b.mixer().Stream(name); in {
			b.note(name, b.Remove(name))
		}
	}
	return nil
}

// change takes over a capture that was configured as old, or not at all. What
// commands have put in or taken out stays so unless the file says otherwise.
func (b *box) change(c, old config.Capture) {
	s, in := b.mixer().Stream(c.Name)
	level := old
	level.GainDB, level.Mute, level.Priority, level.Add = c.GainDB, c.Mute, c.Priority, c.Add
	rewired := !reflect.DeepEqual(c, level)
	want := in
	if c.Add != old.Add || rewired && c.Add {
		want = c.Add
	}
	if in && want && !rewired {
		if c.GainDB != old.GainDB {
			s.SetGain(c.GainDB)
		}
		if c.Mute != old.Mute {
			s.SetMute(c.Mute)
		}
		if c.Priority != old.Priority {
			s.SetPriority(c.Priority)
		}
		return
	}
	if in {
		b.note(c.Name, b.Remove(c.Name))
	}
	if want {
		b.note(c.Name, b.add(c, true))
	}
}

func (b *box) note(stream string, err error) {
	if err != nil {
		b.log.Warn("reload", "stream", stream, "error", err)
	}
}

// tellLater logs what a new configuration changes only later.
func (b *box) tellLater(last, next *config.Config) {
	if last.Mixer != next.Mixer || last.Playback != next.Playback {
		b.log.Info("reload: the changes to mixer and playback wait for end and start")
	}
	if !reflect.DeepEqual(last.Buttons, next.Buttons) || !reflect.DeepEqual(last.LEDs, next.LEDs) ||
		last.Serial != next.Serial || last.Control.Socket != next.Control.Socket {
		b.log.Info("reload: the changes to buttons, lights, serial port and socket wait for a restart of submixd")
	}
}
