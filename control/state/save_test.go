package state

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"testing"
	"testing/synctest"
	"time"
)

// running runs f until the end of the test, or until the function it returns is called.
func running(t *testing.T, f *File) (stop func()) {
	ctx, cancel := context.WithCancel(t.Context())
	go f.Run(ctx, func(err error) { t.Errorf("told %v", err) })
	return func() {
		cancel()
		synctest.Wait()
	}
}

// The first change after a quiet time is on the disk after a second, what follows no more often than every ten
// seconds, and nothing is written for nothing.
func TestRun(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		path := filepath.Join(t.TempDir(), "state.json")
		f := open(t, path)
		stop := running(t, f)
		// written tells whether the file was saved in the time d, and removes it.
		written := func(d time.Duration) bool {
			time.Sleep(d)
			synctest.Wait()
			return os.Remove(path) == nil
		}
		put(t, f, "a", 1)
		if written(soon-1) || !written(1) {
			t.Errorf("not saved %v after the change", soon)
		}
		put(t, f, "a", 2)
		if written(quietTime-1) || !written(1) {
			t.Errorf("not saved %v after the last save", quietTime)
		}
		put(t, f, "a", 2)
		if written(time.Hour) {
			t.Error("saved without a change")
		}
		put(t, f, "a", 3)
		if err := f.Save(); err != nil || !written(0) {
			t.Errorf("not saved at once: %v", err)
		}
		if err := f.Save(); err != nil || written(time.Hour) {
			t.Errorf("saved twice: %v", err)
		}
		put(t, f, "a", 100)
		stop()
		var got int
		if err := open(t, path).Get("a", &got); err != nil || got != 100 {
			t.Errorf("saved at the end: %d, %v, want 100", got, err)
		}
		os.Remove(path)
		stop = running(t, f)
		stop()
		if written(0) {
			t.Error("saved at the end without a change")
		}
	})
}

// The copy has each change at once, the newer of the two files is taken, and after an ordered end there is no copy.
func TestCopy(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		dir := t.TempDir()
		path, now := filepath.Join(dir, "state.json"), filepath.Join(dir, "now.json")
		reopen := func(want int, fails error) *File {
			t.Helper()
			f, err := Open(path, now)
			got := 0
			if wrong := f.Get("a", &got); wrong != nil || !errors.Is(err, fails) || got != want {
				t.Errorf("opened with %d, %v, %v, want %d, %v", got, err, wrong, want, fails)
			}
			return f
		}
		f := reopen(0, nil)
		put(t, f, "a", 1)
		if _, err := os.Stat(path); err == nil {
			t.Error("the disk has it already")
		}
		f = reopen(1, nil) // killed: only the copy is there
		stop := running(t, f)
		time.Sleep(soon)
		synctest.Wait()
		expectInt(t, path, 1) // what only the copy had is saved without another change
		put(t, f, "a", 2)
		put(t, f, "a", 3)
		reopen(3, nil)
		stop()
		expectInt(t, path, 3)
		if _, err := os.Stat(now); !os.IsNotExist(err) {
			t.Errorf("after an ordered end the copy is there: %v", err)
		}
		put(t, reopen(3, nil), "a", 4)
		if err := os.WriteFile(path, []byte("{"), 0o600); err != nil {
			t.Fatal(err)
		}
		f = reopen(4, ErrCorrupt)
		if err := f.Save(); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(now, []byte("{"), 0o600); err != nil {
			t.Fatal(err)
		}
		f = reopen(4, ErrCorrupt)
		put(t, f, "a", 5)
		if err := f.Save(); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(now, []byte(`{"version":1,"sequence":1,"a":1}`), 0o600); err != nil {
			t.Fatal(err)
		}
		reopen(5, nil) // an older copy
	})
}

func expectInt(t *testing.T, path string, want int) {
	t.Helper()
	var got int
	if err := open(t, path).Get("a", &got); err != nil || got != want {
		t.Errorf("%s has %d, %v, want %d", path, got, err, want)
	}
}
