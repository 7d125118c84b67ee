package control

import (
	"context"
	"fmt"
	"strings"
)

// How often meters come, in 1/s.
const (
	DefaultMeterRate = 5
	MaxMeterRate     = 20
)

// parseMeters is one set of meters; that more follow is the session's doing.
func parseMeters(args []string) (action, error) {
	_, err := parseMeterRate(args)
	return showMeters, err
}

func parseMeterRate(args []string) (hz int, err error) {
	if len(args) == 0 {
		return DefaultMeterRate, nil
	}
	return parseCount("meters", args[0], 1, MaxMeterRate)
}

// meterRate reports that a line asks for meters, and how many in a second.
func meterRate(line string) (hz int, ok bool) {
	words := strings.Fields(line)
	if len(words) == 0 || len(words) > 2 || words[0] != "meters" {
		return 0, false
	}
	hz, err := parseMeterRate(words[1:])
	return hz, err == nil
}

func showMeters(_ context.Context, d *Dispatcher, r *Reply) error {
	m := d.box.Mixer()
	for _, s := range m.Streams() {
		r.thing("meter", s.Name, "state", s.State.String(), "gain", gainDB(s.GainDB), "mute", s.Mute,
			"peak", decimals(s.PeakDB, 1), "rms", decimals(s.RMSDB, 1), "clips", s.Clips)
	}
	state, _ := d.box.Session.State()
	out := m.Output().Info()
	r.thing("meter", nameOut, "state", string(state), "gain", gainDB(out.GainDB), "mute", out.Mute,
		"peak", decimals(out.PeakDB, 1), "rms", decimals(out.RMSDB, 1), "clips", out.Clips)
	return nil
}

// parseConsole and parseEvents are for where there is no session to be made a
// console or to be told: a button, a client that sends one line.
func parseConsole(args []string) (action, error) {
	return onlyOff(args[0], "a console is for a terminal")
}

func parseEvents(args []string) (action, error) {
	return onlyOff(args[0], "events are for programs; log shows what has happened")
}

func onlyOff(arg, why string) (action, error) {
	if arg != "on" && arg != "off" {
		return nil, &Error{CodeOption, fmt.Sprintf("option %q: only on and off", arg)}
	}
	return func(context.Context, *Dispatcher, *Reply) error {
		if arg == "on" {
			return fmt.Errorf("%w: %s", ErrNotNow, why)
		}
		return nil
	}, nil
}

// wish reports that a line is the command, and whether on or off is asked for.
func wish(line, command string) (on, ok bool) {
	words := strings.Fields(line)
	ok = len(words) == 2 && words[0] == command && (words[1] == "on" || words[1] == "off")
	return ok && words[1] == "on", ok
}
