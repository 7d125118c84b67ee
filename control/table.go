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
	examples []string // lines; none: the name alone
	parse    func(args []string) (action, error)
}

// table returns all commands, sorted by name.
func table() []command {
	return []command{
		{"add", "NAME [DEVICE] [gain=DB] [channels=N,N..] [sync=adaptive|locked] [latency=auto|TIME] [priority=N]", 1, 7, true,
			"put a stream into the mix",
			"without DEVICE the configured capture NAME; channels of the device count from 1",
			[]string{"add radio", "add line hw:Line,0 gain=-6 channels=2,1", "add mic usb:1-1.2 latency=12ms"}, parseAdd},
		{"captures", "", 0, 0, false, "list the configured captures", "", nil, plain(showCaptures)},
		{"console", "on|off", 1, 1, false, "make this session a console for people, or not",
			"otherwise the session finds out by itself", []string{"console off"}, parseConsole},
		{"devices", "", 0, 0, false, "list the sound devices", "", nil, plain(showDevices)},
		{"end", "[now]", 0, 1, true, "end the mix: play what is there, then stop",
			"now: drop what is queued", []string{"end", "end now"}, parseEnd},
		{"events", "on|off", 1, 1, false, "tell this session what happens, as it happens",
			"for programs; data lines between the replies", []string{"events on"}, parseEvents},
		{"gain", "NAME|out DB [min=DB] [max=DB]", 2, 4, true, "set a gain, or move it by a step",
			"6 and =-6 set it, +1.5 and -3 are steps, which stop at min and max, otherwise -120 and 24",
			[]string{"gain mic =-6", "gain mic -3", "gain out +1.5"}, parseGain},
		{"help", "[COMMAND]", 0, 1, false, "list the commands, or explain one", "", []string{"help gain"}, parseHelp},
		{"log", "[N]", 0, 1, false, "show the last N entries of the log",
			"N: 1 to 256, otherwise 20", []string{"log 5"}, parseLog},
		{"meters", "[HZ]", 0, 1, false, "show levels, HZ times a second, until the next line",
			"HZ: 1 to 20, otherwise 5", []string{"meters", "meters 2"}, parseMeters},
		{"mute", "NAME|all|out", 1, 1, true, "silence a stream, all streams or the output", "",
			[]string{"mute mic", "mute out"}, parseMute(true)},
		{"reload", "", 0, 0, true, "read the configuration file again", "", nil, plain(reload)},
		{"remove", "NAME", 1, 1, true, "take a stream out of the mix",
			"what it had buffered is dropped", []string{"remove radio"}, parseRemove},
		{"save", "", 0, 0, false, "put on the disk now what is kept for the next start", "", nil, plain(save)},
		{"start", "", 0, 0, true, "begin a new mix with the configured streams", "", nil, plain(start)},
		{"status", "", 0, 0, false, "show the state of the mix and the output", "", nil, plain(showStatus)},
		{"streams", "", 0, 0, false, "list the streams with levels and counters", "", nil, plain(showStreams)},
		{"toggle", "NAME|all|out", 1, 1, true, "mute what is heard, unmute what is muted",
			"all: if any stream is heard mute all, else unmute all", []string{"toggle mic", "toggle all"}, parseToggle},
		{"unmute", "NAME|all|out", 1, 1, true, "undo mute", "", []string{"unmute mic", "unmute all"}, parseMute(false)},
		{"version", "", 0, 0, false, "show the versions of Submix and of this protocol", "", nil, plain(showVersion)},
	}
}

// plain is the parse of a command without arguments.
func plain(a action) func([]string) (action, error) {
	return func([]string) (action, error) { return a, nil }
}

func (c *command) usage() string { return strings.TrimSpace(c.name + " " + c.args) }

// names returns the names of all commands.
func names(table []command) (all []string) {
	for _, c := range table {
		all = append(all, c.name)
	}
	return all
}

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
		return nil, nil, &Error{CodeUnknown, fmt.Sprintf("unknown command %q; %s", words[0], hint(words[0], names(table), "help lists them"))}
	}
	args := words[1:]
	if len(args) < cmd.min || len(args) > cmd.max {
		return nil, nil, &Error{CodeUsage, "usage: " + cmd.usage()}
	}
	act, err := cmd.parse(args)
	return cmd, act, err
}
