package doctor

import (
	"os"
	"testing"
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
