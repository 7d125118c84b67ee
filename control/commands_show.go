package control

import (
	"context"
	"fmt"
	"strings"
	"time"

	"submix/mixer"
)

// ProtocolVersion grows when a program that follows PROTOCOL.md has to change.
const ProtocolVersion = 1

const defaultLogEntries = 20

func parseHelp(args []string) (action, error) {
	return func(_ context.Context, d *Dispatcher, r *Reply) error {
		if len(args) == 0 {
			for _, c := range d.table {
				r.pair(c.name, bare(c.about))
			}
			return nil
		}
		c, ok := lookup(d.table, args[0])
		if !ok {
			return &Error{CodeNoCommand, fmt.Sprintf("no command %q; %s", args[0], hint(args[0], names(d.table), "help lists them"))}
		}
		r.pair("usage", bare(c.usage()))
		r.pair("about", bare(c.about))
		if c.note != "" {
			r.pair("note", bare(c.note))
		}
		if len(c.examples) > 0 {
			r.pair("examples", bare(strings.Join(c.examples, "; ")))
		}
		return nil
	}, nil
}

func showStatus(_ context.Context, d *Dispatcher, r *Reply) error {
	state, reason := d.box.Session.State()
	m := d.box.Mixer()
	cfg, out := m.Config(), m.Output().Info()
	r.pair("state", string(state))
	if reason != "" {
		r.pair("reason", text(reason))
	}
	r.pair("uptime", int64(time.Since(d.start)/time.Second))
	r.pair("rate", cfg.Rate)
	r.pair("channels", cfg.Channels)
	r.pair("block", cfg.Block)
	r.pair("streams", len(m.Streams()))
	r.pair("gain", gainDB(out.GainDB))
	r.pair("mute", out.Mute)
	r.pair("peak", decimals(out.PeakDB, 1))
	r.pair("rms", decimals(out.RMSDB, 1))
	r.pair("clips", out.Clips)
	r.pair("xruns", out.Xruns)
	r.pair("blocks", out.Blocks)
	r.pair("load", decimals(100*out.Load, 1))
	if c := d.box.Crash; c != nil {
		r.pair("crash", text(c.Reason))
		r.pair("crash_time", bare(c.Time.UTC().Format(timeForm)))
		for _, event := range c.Events {
			if strings.HasPrefix(event, "log ") && !strings.ContainsFunc(event, func(c rune) bool { return c < ' ' || c > '~' }) {
				r.Data = append(r.Data, event)
			}
		}
	}
	if d.box.Notices != nil {
		for _, n := range d.box.Notices() {
			r.thing("notice", n.Topic, "text", text(n.Text))
		}
	}
	return nil
}

func showStreams(_ context.Context, d *Dispatcher, r *Reply) error {
	for _, s := range d.box.Mixer().Streams() {
		r.thing("stream", s.Name, streamFields(s)...)
	}
	return nil
}

// streamFields are keys and values in turn.
func streamFields(s mixer.StreamInfo) []any {
	sync, lock := "locked", "-"
	if s.Adaptive {
		sync, lock = "adaptive", s.Lock.String()
	}
	fields := []any{
		"state", s.State.String(), "gain", gainDB(s.GainDB), "mute", s.Mute, "priority", s.Priority,
		"peak", decimals(s.PeakDB, 1), "rms", decimals(s.RMSDB, 1),
		"latency", milliseconds(s.Latency), "target", milliseconds(s.Target), "fill", milliseconds(s.Fill),
		"sync", sync, "lock", lock, "drift", signed(s.DriftPPM, 1),
		"short", s.Short, "stalls", s.Stalls, "xruns", s.Xruns, "clips", s.Clips, "unplugs", s.Unplugs,
	}
	if s.Reason != "" {
		fields = append(fields, "reason", text(s.Reason))
	}
	return fields
}

func milliseconds(d time.Duration) bare { return decimals(d.Seconds()*1000, 2) }

func showCaptures(_ context.Context, d *Dispatcher, r *Reply) error {
	m := d.box.Mixer()
	for _, c := range d.box.Captures() {
		_, in := m.Stream(c.Name)
		r.thing("capture", c.Name, "device", c.Device, "in", in)
	}
	return nil
}

func showDevices(_ context.Context, d *Dispatcher, r *Reply) error {
	devices, err := d.box.Devices()
	for _, v := range devices {
		var fields []any
		for _, f := range []struct{ key, value string }{
			{"direction", v.Direction}, {"usb", v.USB}, {"formats", strings.Join(v.Formats, ",")},
		} {
			if f.value != "" {
				fields = append(fields, f.key, f.value)
			}
		}
		// One number or a range of them: never a quoted string.
		if v.Rates != "" {
			fields = append(fields, "rates", bare(v.Rates))
		}
		if v.Channels != "" {
			fields = append(fields, "channels", bare(v.Channels))
		}
		if v.TT != "" {
			fields = append(fields, "tt", bare(v.TT))
		}
		fields = append(fields, "busy", v.Busy)
		for _, f := range []struct{ key, value string }{{"user", v.User}, {"card", v.Card}, {"note", v.Note}} {
			if f.value != "" {
				fields = append(fields, f.key, text(f.value))
			}
		}
		r.thing("device", v.Address, fields...)
	}
	return err
}

func showVersion(_ context.Context, d *Dispatcher, r *Reply) error {
	r.pair("version", d.box.Version)
	r.pair("protocol", ProtocolVersion)
	for _, f := range []struct{ key, value string }{{"image", d.box.System.Version}, {"board", d.box.System.Board}, {"slot", d.box.System.Slot}} {
		if f.value != "" {
			r.pair(f.key, f.value)
		}
	}
	return nil
}

func parseLog(args []string) (action, error) {
	n := defaultLogEntries
	var err error
	if len(args) == 1 {
		n, err = parseCount("log", args[0], 1, LogEntries)
	}
	return func(_ context.Context, d *Dispatcher, r *Reply) error {
		r.Data = d.box.Log.Tail(n)
		return nil
	}, err
}
