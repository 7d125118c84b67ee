// Package doctor looks for what keeps a box from mixing well, whether the daemon runs or not, and changes nothing.
package doctor

import (
	"cmp"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"submix/cmd/submixd/config"
	"submix/control"
	"submix/hw/gpio"
)

// Level is how bad a finding is.
type Level string

// The levels.
const (
	OK   Level = "ok"
	Warn Level = "warn" // it works, but not as well as it could, or not always
	Bad  Level = "bad"  // something that was configured does not work
)

// Finding is what one look at one thing has shown.
type Finding struct {
	Level Level  `json:"level"`
	Topic string `json:"topic"` // one word
	Text  string `json:"text"`  // what was found
	Do    string `json:"do"`    // what to do about it; empty if it is ok
}

// String returns the finding on one line: "warn topic: what was found -> what to do".
func (f Finding) String() string {
	s := fmt.Sprintf("%s %s: %s", f.Level, f.Topic, f.Text)
	if f.Do != "" {
		s += " -> " + f.Do
	}
	return strings.Join(strings.Fields(s), " ")
}

func ok(topic, format string, args ...any) Finding {
	return Finding{Level: OK, Topic: topic, Text: fmt.Sprintf(format, args...)}
}

func warn(topic, do, format string, args ...any) Finding {
	return Finding{Warn, topic, fmt.Sprintf(format, args...), do}
}

func bad(topic, do, format string, args ...any) Finding {
	return Finding{Bad, topic, fmt.Sprintf(format, args...), do}
}

// Box is what is looked at: a machine, what it is to do, and who does it.
type Box struct {
	Root     string         // of the file system: / but in tests
	Path     string         // of the configuration
	Config   *config.Config // nil if ConfigErr is not
	StateDir string         // empty: nothing is kept
	Chips    []gpio.Chip
	Socket   string                                           // at which the daemon is asked
	Ask      func(socket, line string) (control.Reply, error) // has the daemon carry out a command

	ConfigErr, ChipsErr error

	self   process
	daemon *process // nil if it does not run
}

// These are where the daemon looks if it is not told otherwise.
const (
	defaultConfig = "/etc/submix/submix.toml"
	defaultState  = "/var/lib/submix"
)

// Here is the box that this program runs on. path is that of its configuration; if empty, it is the one that the daemon
// was started with. The socket may be control.DefaultSocket: then it is that of the configuration.
func Here(path, socket string, ask func(socket, line string) (control.Reply, error)) *Box {
	b := &Box{Root: "/", Path: path, Socket: socket, Ask: ask}
	b.processes(fmt.Sprint(os.Getpid()))
	b.configure(b.Path)
	b.Chips, b.ChipsErr = gpio.Chips()
	return b
}

// configure reads the configuration from a file.
func (b *Box) configure(path string) {
	b.Config, b.ConfigErr = config.Load(path, control.Check)
	if b.Config != nil && b.Socket == control.DefaultSocket {
		b.Socket = b.Config.Control.Socket
	}
}

// processes finds the daemon, and what it was told.
func (b *Box) processes(self string) {
	b.self, _ = b.process(self)
	b.daemon = b.findDaemon()
	b.StateDir = defaultState
	if b.daemon != nil {
		b.Path = cmp.Or(b.Path, b.given(b.daemon.flag("config", "")))
		b.StateDir = b.given(b.daemon.flag("state", defaultState))
	}
	b.Path = cmp.Or(b.Path, defaultConfig)
}

// given is a path that the daemon was given, which counts from where it was started; only root and the user of the
// daemon are told where that is.
func (b *Box) given(path string) string {
	if path == "" || filepath.IsAbs(path) {
		return path
	}
	dir, _ := os.Readlink(b.path("proc", b.daemon.pid, "cwd"))
	return filepath.Join(dir, path)
}

// Findings looks at everything.
func (b *Box) Findings() (all []Finding) {
	for _, look := range []func(*Box) []Finding{
		configuration, daemon, user, rights, limits, realTime, kernel, cards, usb, lines, serial, governor, power, state,
	} {
		all = append(all, look(b)...)
	}
	return all
}

// read returns the text of a file below the root, without blanks around it; "" if there is none.
func (b *Box) read(path ...string) string {
	text, _ := os.ReadFile(b.path(path...))
	return strings.TrimSpace(string(text))
}

// path is that of a file below the root.
func (b *Box) path(path ...string) string {
	return filepath.Join(append([]string{b.Root}, path...)...)
}

// glob lists files below the root.
func (b *Box) glob(pattern string) []string {
	paths, _ := filepath.Glob(b.path(pattern)) // the patterns are not malformed
	for i, p := range paths {
		paths[i] = strings.TrimPrefix(p, strings.TrimSuffix(b.Root, "/"))
	}
	return paths
}
