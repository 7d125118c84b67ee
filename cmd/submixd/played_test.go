package main

import (
	"fmt"
	"path/filepath"
	"testing"
	"time"
)

// A file that a command has added and that has been played is not played again, and
// however many there were, none is left in memory; one that is playing is.
func TestPlayedFilesAreForgotten(t *testing.T) {
	t.Parallel()
	l := &lives{T: t, dir: t.TempDir(), toml: simulated3}
	short, long := filepath.Join(l.dir, "short.wav"), filepath.Join(l.dir, "long.wav")
	writeWAV(t, short, 48000, 2, noise(4800))
	writeWAV(t, long, 48000, 2, noise(10*96000))
	l.live(false, func(r *rig) {
		r.says("add tape file:" + long)
		for i := range 20 {
			r.says(fmt.Sprintf("add short%d file:%s", i, short))
			time.Sleep(200 * time.Millisecond)
		}
		if n := len(r.b.wanted); n != 3 {
			t.Errorf("%d captures are kept", n)
		}
	})
	l.live(false, func(r *rig) { r.wantShown("mic -6 false, line 0 true, tape 0 false, out 0 false") })
}
