package main

import (
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"

	"submix/cmd/submixd/config"
	"submix/control"
)

// reload reads the configuration again and takes over what has changed in the
// captures, leaving the other streams alone, and has what is worked by hand follow.
// The mixer and the playback device change with the next start, the serial port and
// the socket with the next start of the daemon; what waits is logged and returned.
// A file with mistakes changes nothing.
func (b *box) reload() (waits []string, err error) {
	next, err := b.load()
	if err != nil {
		return nil, fmt.Errorf("%w: %s", control.ErrConfig, strings.ReplaceAll(err.Error(), "\n", "; "))
	}
	b.mu.Lock()
	last, idle := b.cfg, b.ending || b.ended
	b.cfg, b.instead = next, ""
	b.mu.Unlock()
	select {
	case b.reloaded <- struct{}{}:
	default: // nobody has looked since the last one
	}
	waits = b.waiting(next)
	for _, w := range waits {
		b.log.Info("reload: what has changed waits", "for", w)
	}
	if idle {
		return waits, nil
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
	return waits, nil
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

// waiting returns which tables of a configuration are not in effect, and when they
// will be.
func (b *box) waiting(next *config.Config) (waits []string) {
	_, made := b.current()
	tables := func(until string, differ map[string]bool) {
		maps.DeleteFunc(differ, func(_ string, differs bool) bool { return !differs })
		if len(differ) > 0 {
			waits = append(waits, until+": "+strings.Join(slices.Sorted(maps.Keys(differ)), ", "))
		}
	}
	tables("end and start", map[string]bool{
		"[mixer]": made.Mixer != next.Mixer, "[playback]": made.Playback != next.Playback,
	})
	tables("a restart of submixd", map[string]bool{
		"[serial]": b.begun.Serial != next.Serial, "[control]": b.begun.Control.Socket != next.Control.Socket,
	})
	return waits
}
