package main

import (
	"fmt"
	"reflect"
	"strings"

	"submix/cmd/submixd/config"
	"submix/control"
)

// reload reads the configuration again and takes over what has changed in the
// captures, leaving the other streams alone, and has what is worked by hand follow.
// The mixer and the playback device change with the next start, the serial port and
// the socket with the next start of the daemon; both are logged. A file with
// mistakes changes nothing.
func (b *box) reload() error {
	next, err := b.load()
	if err != nil {
		return fmt.Errorf("%w: %s", control.ErrConfig, strings.ReplaceAll(err.Error(), "\n", "; "))
	}
	b.mu.Lock()
	last, idle := b.cfg, b.ending || b.ended
	b.cfg = next
	b.mu.Unlock()
	select {
	case b.reloaded <- struct{}{}:
	default: // nobody has looked since the last one
	}
	b.tellLater(last, next)
	if idle {
		return nil
	}
	was := map[string]config.Capture{}
	for _, c := range last.Captures {
		was[c.Name] = c
	}
	var in []config.Capture
	for _, c := range next.Captures {
		if old := was[c.Name]; !reflect.DeepEqual(c, old) && !b.adjust(c, old) {
			c = carry(c, old, b.captures()[c.Name])
			b.takeOut(c.Name)
			in = append(in, c)
		}
		delete(was, c.Name)
	}
	for name := range was {
		b.takeOut(name)
	}
	for _, c := range in { // when all is out: a card may pass from one stream to another
		if c.Add {
			b.note(c.Name, b.add(c, true))
		}
	}
	return nil
}

// adjust takes over a capture that was configured as old, or not at all, and reports
// that it could without taking its stream out.
func (b *box) adjust(c, old config.Capture) bool {
	now := b.captures()[c.Name]
	next := carry(c, old, now)
	level := now
	level.GainDB, level.Mute, level.Priority = next.GainDB, next.Mute, next.Priority
	s, in := b.mixer().Stream(c.Name)
	if !in || !reflect.DeepEqual(level, next) {
		return false
	}
	s.SetGain(next.GainDB)
	s.SetMute(next.Mute)
	s.SetPriority(next.Priority)
	b.want(next)
	return true
}

// carry returns what becomes of a capture that was configured as old, or not at
// all, is configured as c, and is in the mix as now, if it is; Add says whether it
// will be. What commands have put in, taken out or set stays so unless the file
// says otherwise.
func carry(c, old, now config.Capture) config.Capture {
	level := old
	level.GainDB, level.Mute, level.Priority, level.Add = c.GainDB, c.Mute, c.Priority, c.Add
	rewired := !reflect.DeepEqual(c, level)
	next := now
	if rewired || !now.Add {
		next = c
	}
	if c.GainDB != old.GainDB {
		next.GainDB = c.GainDB
	}
	if c.Mute != old.Mute {
		next.Mute = c.Mute
	}
	if c.Priority != old.Priority {
		next.Priority = c.Priority
	}
	next.Add = now.Add
	if c.Add != old.Add || rewired && c.Add {
		next.Add = c.Add
	}
	return next
}

// takeOut takes a stream out, if it is in.
func (b *box) takeOut(name string) {
	b.unwant(name)
	if _, in := b.mixer().Stream(name); in {
		b.note(name, b.Remove(name))
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
	if last.Serial != next.Serial || last.Control.Socket != next.Control.Socket {
		b.log.Info("reload: the changes to serial port and socket wait for a restart of submixd")
	}
}
