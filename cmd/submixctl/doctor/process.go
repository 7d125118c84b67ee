package doctor

import (
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// process is what anybody may read of a process in procfs: see proc(5).
type process struct {
	pid         string
	name        string
	args        []string
	uid         int
	groups      []string // by number, the first one included
	caps        uint64   // effective
	rtPriority  string   // soft limits: a number or "unlimited"
	lockedBytes string
}

// Capabilities that lift limits: include/uapi/linux/capability.h.
const (
	capIPCLock = 1 << 14
	capSysNice = 1 << 23
)

func (b *Box) process(pid string) (p process, ok bool) {
	p = process{pid: pid, name: b.read("proc", pid, "comm")}
	p.args = strings.Split(b.read("proc", pid, "cmdline"), "\x00")
	for line := range strings.Lines(b.read("proc", pid, "status")) {
		key, value, _ := strings.Cut(line, ":")
		words := strings.Fields(value)
		switch {
		case len(words) == 0:
		case key == "Uid":
			p.uid, _ = strconv.Atoi(words[min(1, len(words)-1)])
		case key == "Gid":
			p.groups = append(p.groups, words[min(1, len(words)-1)])
		case key == "Groups":
			p.groups = append(p.groups, words...)
		case key == "CapEff":
			p.caps, _ = strconv.ParseUint(words[0], 16, 64)
		}
	}
	for line := range strings.Lines(b.read("proc", pid, "limits")) {
		for name, limit := range map[string]*string{"Max realtime priority": &p.rtPriority, "Max locked memory": &p.lockedBytes} {
			if rest, found := strings.CutPrefix(line, name); found && len(strings.Fields(rest)) > 0 {
				*limit = strings.Fields(rest)[0]
			}
		}
	}
	return p, p.name != ""
}

// findDaemon returns the process that is the daemon, not a demonstration of it; nil if there is none.
func (b *Box) findDaemon() *process {
	for _, path := range b.glob("proc/[0-9]*/comm") {
		pid := filepath.Base(filepath.Dir(path))
		if b.read(path) != "submixd" {
			continue
		}
		if p, ok := b.process(pid); ok && !slices.Contains(p.args, "-demo") && !slices.Contains(p.args, "--demo") {
			return &p
		}
	}
	return nil
}

// flag returns the value of a flag with which the process was started, or what it is without it.
func (p *process) flag(name, without string) string {
	for i, arg := range p.args {
		if i == 0 || !strings.HasPrefix(arg, "-") {
			continue
		}
		key, value, given := strings.Cut(strings.TrimLeft(arg, "-"), "=")
		switch {
		case key != name:
		case given:
			return value
		case i+1 < len(p.args):
			return p.args[i+1]
		}
	}
	return without
}

// in reports that the process is in a group, or may do all that its members may.
func (p *process) in(gid string) bool { return p.uid == 0 || slices.Contains(p.groups, gid) }

// worker is the daemon, or, if it does not run, the user who asks, and how to call it.
func (b *Box) worker() (p *process, who string) {
	if b.daemon != nil {
		return b.daemon, "submixd"
	}
	return &b.self, "this user (submixd does not run)"
}

// served reports that the daemon is a service that does not run now: what it may is in its unit, and may be more or less than
// who asks may.
func (b *Box) served() bool {
	return b.daemon == nil && len(append(b.glob("usr/lib/systemd/system/submixd.service"), b.glob("etc/systemd/system/submixd.service")...)) > 0
}

// refused is what the daemon needs and has not; while it does not run, who asks may be another user than it will be.
func (b *Box) refused(topic, do, format string, args ...any) Finding {
	if b.daemon == nil {
		return warn(topic, do, format, args...)
	}
	return bad(topic, do, format, args...)
}

// group returns the number of a group; "" if there is none of that name.
func (b *Box) group(name string) string {
	for line := range strings.Lines(b.read("etc/group")) {
		if f := strings.Split(strings.TrimSpace(line), ":"); len(f) > 2 && f[0] == name {
			return f[2]
		}
	}
	return ""
}

// Fields of /proc/PID/stat, counted from 0 behind the name: tty_nr, rt_priority, policy.
const (
	statTTY      = 4
	statPriority = 37
	statPolicy   = 38
)

// stat returns those fields of a process or thread as numbers, 0 for what is not there.
func (b *Box) stat(path string) (fields [3]int) {
	text := b.read(path)
	words := strings.Fields(text[strings.LastIndexByte(text, ')')+1:])
	for i, at := range []int{statTTY, statPriority, statPolicy} {
		if at < len(words) {
			fields[i], _ = strconv.Atoi(words[at])
		}
	}
	return fields
}
