package doctor

import (
	"cmp"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"
)

// room is what the state file wants on the disk: it is written anew beside the old one.
const room = 1 << 20

// state looks whether what is set and learned can be kept.
func state(b *Box) []Finding {
	const topic = "state"
	if b.StateDir == "" {
		return []Finding{ok(topic, "submixd was told to keep nothing (-state)")}
	}
	if !filepath.IsAbs(b.StateDir) {
		return []Finding{warn(topic, "ask as root", "%s counts from where submixd was started, which is not known to this user", b.StateDir)}
	}
	p, who := b.worker()
	dir := b.path(b.StateDir)
	info, err := os.Stat(dir)
	if err != nil {
		return []Finding{b.refused(topic, "StateDirectory=submix in the unit, or mkdir "+b.StateDir, "%s is not there: what is set is lost at a restart", b.StateDir)}
	}
	var fs unix.Statfs_t
	err = unix.Statfs(dir, &fs)
	if b.readOnly(dir, fs) {
		return []Finding{bad(topic, "mount a disk there that can be written", "%s is on a read-only file system", b.StateDir)}
	}
	if free := fs.Bavail * uint64(fs.Bsize); err == nil && free < room {
		return []Finding{bad(topic, "make room", "the disk of %s has %d kB left", b.StateDir, free>>10)}
	}
	if b.served() && info.IsDir() {
		return []Finding{ok(topic, "%s is there, on a file system that can be written", b.StateDir)}
	}
	if !info.IsDir() || !p.mayWrite(info) {
		return []Finding{b.refused(topic, "chown it to the user of submixd", "%s may not write to %s", who, b.StateDir)}
	}
	return []Finding{ok(topic, "%s may write to %s", who, b.StateDir)}
}

// readOnly reports that a directory is on a file system that cannot be written, where the daemon is, or, if it does not run,
// in the system as a whole: where this program runs all may be read-only, and what it sees, here, is believed only if that
// cannot be read. See proc_pid_mountinfo(5).
func (b *Box) readOnly(dir string, here unix.Statfs_t) (is bool) {
	is = here.Flags&unix.ST_RDONLY != 0
	if real, err := filepath.EvalSymlinks(dir); err == nil {
		dir = real
	}
	dir = filepath.Join("/", strings.TrimPrefix(dir, b.Root)) + "/"
	mounts := b.read("proc", "1", "mountinfo")
	if b.daemon != nil { // unless it has ended meanwhile
		mounts = cmp.Or(b.read("proc", b.daemon.pid, "mountinfo"), mounts)
	}
	nearest := ""
	for line := range strings.Lines(mounts) {
		f := strings.Fields(line)
		if len(f) < 10 {
			continue
		}
		point := strings.TrimSuffix(f[4], "/") + "/"
		if strings.HasPrefix(dir, point) && len(point) >= len(nearest) {
			nearest = point
			is = slices.Contains(strings.Split(f[5]+","+f[len(f)-1], ","), "ro")
		}
	}
	return is
}

// mayWrite goes by the mode and owner of a directory.
func (p *process) mayWrite(info os.FileInfo) bool {
	owner, known := info.Sys().(*syscall.Stat_t)
	mode := info.Mode().Perm()
	switch {
	case p.uid == 0:
		return true
	case known && int(owner.Uid) == p.uid:
		return mode&0o300 == 0o300
	case known && p.in(strconv.Itoa(int(owner.Gid))):
		return mode&0o030 == 0o030
	}
	return mode&0o003 == 0o003
}
