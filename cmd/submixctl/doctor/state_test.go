package doctor

import (
	"os"
	"testing"

	"golang.org/x/sys/unix"
)

// The directory of the state belongs to the user of the tests, and the daemon's is another.
func TestStateIsWritable(t *testing.T) {
	for _, c := range []struct {
		mode os.FileMode
		uid  int
		want Level
	}{{0o755, os.Getuid() + 1, Bad}, {0o755, os.Getuid(), OK}, {0o777, os.Getuid() + 1, OK}, {0o755, 0, OK}} {
		b := &Box{Root: t.TempDir(), StateDir: "/kept", daemon: &process{uid: c.uid}}
		if err := os.Mkdir(b.path("kept"), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.Chmod(b.path("kept"), c.mode); err != nil {
			t.Fatal(err)
		}
		if got := state(b); len(got) != 1 || got[0].Level != c.want {
			t.Errorf("mode %v, user %d: %v, want %s", c.mode, c.uid, got, c.want)
		}
	}
	if got := state(&Box{}); got[0].Level != OK {
		t.Errorf("a box that keeps nothing: %v", got)
	}
}

// Where the daemon's mounts cannot be read what this program sees of a read-only disk counts, and where they can, they do.
func TestMountsUnread(t *testing.T) {
	closed := unix.Statfs_t{Flags: unix.ST_RDONLY}
	unread := &Box{Root: tree{"kept/state.json": "{}"}.write(t)}
	if dir := unread.path("kept"); !unread.readOnly(dir, closed) || unread.readOnly(dir, unix.Statfs_t{}) {
		t.Error("unread, the disk is what it is not")
	}
	read := &Box{Root: tree{"kept/state.json": "{}", "proc/1/mountinfo": "30 1 254:1 / / rw - ext4 /dev/root rw\n"}.write(t)}
	for _, daemon := range []*process{nil, {pid: "77"}} { // which has ended
		if read.daemon = daemon; read.readOnly(read.path("kept"), closed) {
			t.Errorf("%v: a daemon that may write is told by the sandbox of another", daemon)
		}
	}
}
