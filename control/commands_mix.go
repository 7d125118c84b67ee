package control

import (
	"context"
	"fmt"
	"strings"
)

const (
	maxChannel  = 64 // the highest channel of a device that can be chosen
	maxPriority = 9
)

func parseAdd(args []string) (action, error) {
	r := AddRequest{Name: args[0]}
	if err := CheckName(r.Name); err != nil {
		return nil, err
	}
	args = args[1:]
	if len(args) > 0 && !isOption(args[0]) {
		r.Device, args = args[0], args[1:]
	}
	given := map[string]bool{}
	for _, arg := range args {
		key, value, _ := strings.Cut(arg, "=")
		if given[key] {
			return nil, &Error{CodeOption, fmt.Sprintf("option %s is given twice", key)}
		}
		given[key] = true
		if err := r.set(key, value); err != nil {
			return nil, err
		}
	}
	return func(ctx context.Context, d *Dispatcher, _ *Reply) error {
		return d.box.Streams.Add(ctx, r)
	}, nil
}

// isOption tells key=value from a device: what is left of the first = in
// sim:tone?hz=440 is no word.
func isOption(arg string) bool {
	key, _, ok := strings.Cut(arg, "=")
	return ok && strings.Trim(key, "abcdefghijklmnopqrstuvwxyz_") == ""
}

func (r *AddRequest) set(key, value string) error {
	switch key {
	case "gain":
		dB, err := parseDB(value)
		r.GainDB = &dB
		return err
	case "channels":
		for _, word := range strings.Split(value, ",") {
			c, err := parseCount("channel", word, 1, maxChannel)
			if err != nil {
				return err
			}
			r.Channels = append(r.Channels, c)
		}
		return nil
	case "sync":
		if value != "adaptive" && value != "locked" {
			return &Error{CodeOption, fmt.Sprintf("sync %q: adaptive or locked", value)}
		}
		r.Sync = value
		return nil
	case "latency":
		latency, err := parseLatency(value)
		r.Latency = &latency
		return err
	case "priority":
		n, err := parseCount("priority", value, 0, maxPriority)
		r.Priority = &n
		return err
	}
	return &Error{CodeOption, fmt.Sprintf("option %q: only gain, channels, sync, latency and priority", key)}
}

func parseRemove(args []string) (action, error) {
	return func(_ context.Context, d *Dispatcher, _ *Reply) error {
		return d.box.Streams.Remove(args[0])
	}, CheckName(args[0])
}

func parseEnd(args []string) (action, error) {
	now := len(args) == 1
	if now && args[0] != "now" {
		return nil, &Error{CodeOption, fmt.Sprintf("option %q: only now", args[0])}
	}
	return func(_ context.Context, d *Dispatcher, _ *Reply) error {
		return d.box.Session.End(now)
	}, nil
}

func start(_ context.Context, d *Dispatcher, _ *Reply) error { return d.box.Session.Start() }

func reload(_ context.Context, d *Dispatcher, r *Reply) error {
	waits, err := d.box.Reload()
	for _, w := range waits {
		r.pair("waits", text(w))
	}
	return err
}

func save(_ context.Context, d *Dispatcher, _ *Reply) error { return d.box.Save() }
