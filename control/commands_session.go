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

// parseConsole is for where there is no session to be made a console: a button,
// a client that sends one line.
func parseConsole(args []string) (action, error) {
	if args[0] != "on" && args[0] != "off" {
		return nil, &Error{CodeOption, fmt.Sprintf("option %q: only on and off", args[0])}
	}
	return func(context.Context, *Dispatcher, *Reply) error {
		if args[0] == "on" {
			return fmt.Errorf("%w: a console is for a terminal", ErrNotNow)
		}
		return nil
	}, nil
}

// consoleWish reports that a line asks for a console, or for none.
func consoleWish(line string) (on, ok bool) {
	words := strings.Fields(line)
	ok = len(words) == 2 && words[0] == "console" && (words[1] == "on" || words[1] == "off")
	return ok && words[1] == "on", ok
}
