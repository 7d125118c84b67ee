package main

import (
	"context"
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
		old, known := was[c.Name]
		delete(was, c.Name)
		b.change(c, old, known)
	}
	for name := range was {
		if _, ok := b.mixer().Stream(name); ok {
			b.note(name, b.Remove(name))
		}
	}
	return nil
}

// change takes over one capture of a new configuration.
func (b *box) change(c, old config.Capture, known bool) {
	if known && reflect.DeepEqual(c, old) {
		return
	}
	s, in := b.mixer().Stream(c.Name)
	same := c
	same.GainDB, same.Mute, same.Add = old.GainDB, old.Mute, old.Add
	if in && known && reflect.DeepEqual(same, old) && c.Add {
		if c.GainDB != old.GainDB {
			s.SetGain(c.GainDB)
		}
		if c.Mute != old.Mute {
			s.SetMute(c.Mute)
		}
		return
	}
	if in {
		b.note(c.Name, b.Remove(c.Name))
	}
	if c.Add {
		b.note(c.Name, b.add(context.Background(), c, true))
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
