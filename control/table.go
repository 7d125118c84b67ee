package control

import (
	"context"
	"fmt"
	"sort"
	"strings"
)

// An action is a command whose arguments are understood; it either does all it
// is to do and adds data lines to r, or returns an error with nothing changed.
type action func(ctx context.Context, d *Dispatcher, r *Reply) error

// A command is one line of the table that is parser, arity check, help and
// documentation at once.
type command struct {
	name     string
	args     string
	min, max int // words after the name
	changes  bool
	about    string
	note     string
	parse    func(args []string) (action, error)
}

// table returns all commands, sorted by name.
func table() []command {
	return []command{
		{"add", "NAME [DEVICE] [gain=DB] [channels=N,N..] [sync=adaptive|locked] [latency=auto|TIME] [priority=N]", 1, 7, true,
			"put a stream into the mix",
			"without DEVICE the configured capture NAME; channels of the device count from 1", parseAdd},
		{"devices", "", 0, 0, false, "list the sound devices", "", plain(showDevices)},
		{"end", "[now]", 0, 1, true, "end the mix: play what is there, then stop",
			"now: drop what is queued", parseEnd},
		{"gain", "NAME|out DB [min=DB] [max=DB]", 2, 4, true, "set a gain, or move it by a step",
			"6 and =-6 set it, +1.5 and -3 are steps, which stop at min and max, otherwise -120 and 24", parseGain},
		{"help", "[COMMAND]", 0, 1, false, "list the commands, or explain one", "", parseHelp},
		{"log", "[N]", 0, 1, false, "show the last N entries of the log",
			"N: 1 to 256, otherwise 20", parseLog},
		{"mute", "NAME|all|out", 1, 1, true, "silence a stream, all streams or the output", "", parseMute(true)},
		{"reload", "", 0, 0, true, "read the configuration file again", "", plain(reload)},
		{"remove", "NAME", 1, 1, true, "take a stream out of the mix",
			"what it had buffered is dropped", parseRemove},
		{"save", "", 0, 0, false, "put on the disk now what is kept for the next start", "", plain(save)},
		{"start", "", 0, 0, true, "begin a new mix with the configured streams", "", plain(start)},
		{"status", "", 0, 0, false, "show the state of the mix and the output", "", plain(showStatus)},
		{"streams", "", 0, 0, false, "list the streams with levels and counters", "", plain(showStreams)},
		{"toggle", "NAME|all|out", 1, 1, true, "mute what is heard, unmute what is muted",
			"all: if any stream is heard mute all, else unmute all", parseToggle},
		{"unmute", "NAME|all|out", 1, 1, true, "undo mute", "", parseMute(false)},
		{"version", "", 0, 0, false, "show the versions of Submix and of this protocol", "", plain(showVersion)},
	}
}

// plain is the parse of a command without arguments.
func plain(a action) func([]string) (action, error) {
	return func([]string) (action, error) { return a, nil }
}

func (c *command) usage() string { return strings.TrimSpace(c.name + " " + c.args) }

// lookup finds a command by its name.
func lookup(table []command, name string) (*command, bool) {
	i, found := sort.Find(len(table), func(i int) int { return strings.Compare(name, table[i].name) })
	if !found {
		return nil, false
	}
	return &table[i], true
}

// parse understands a line without acting; its errors are *Error.
func parse(table []command, line string) (*command, action, error) {
	words, err := split(line)
	if err != nil {
		return nil, nil, err
	}
	if len(words) == 0 {
		return nil, nil, &Error{CodeUnknown, "no command in the line"}
	}
	cmd, ok := lookup(table, words[0])
	if !ok {
		return nil, nil, &Error{CodeUnknown, fmt.Sprintf("unknown command %q; help lists them", words[0])}
	}
	args := words[1:]
	if len(args) < cmd.min || len(args) > cmd.max {
		return nil, nil, &Error{CodeUsage, "usage: " + cmd.usage()}
	}
	act, err := cmd.parse(args)
	return cmd, act, err
}
