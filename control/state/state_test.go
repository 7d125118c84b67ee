package state

import (
	"bytes"
	"context"
	"errors"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// open opens a file that must be good.
func open(t *testing.T, path string) *File {
	t.Helper()
	f, err := Open(path, "")
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func put(t *testing.T, f *File, section string, v any) {
	t.Helper()
	if err := f.Put(section, v); err != nil {
		t.Fatal(err)
	}
}

func expect(t *testing.T, f *File, section string, want map[string]float64) {
	t.Helper()
	var got map[string]float64
	if err := f.Get(section, &got); err != nil || !maps.Equal(got, want) {
		t.Errorf("section %s is %v, %v, want %v", section, got, err, want)
	}
}

// What another version saved is still there, and the file can be read by a person.
func TestSections(t *testing.T) {
	path := filepath.Join(t.TempDir(), "state.json")
	const saved = `{
	"drift": {
		"hw:Mic,0": 1,
		"usb:1-1.2,0": -80.25
	},
	"later": [
		1,
		"<&>"
	],
	"sequence": 41,
	"version": 1
}
`
	if err := os.WriteFile(path, []byte(saved), 0o600); err != nil {
		t.Fatal(err)
	}
	f := open(t, path)
	expect(t, f, "drift", map[string]float64{"hw:Mic,0": 1, "usb:1-1.2,0": -80.25})
	expect(t, f, "nothing", nil)
	if err := f.Get("later", new(map[string]float64)); !errors.Is(err, ErrCorrupt) {
		t.Errorf("a section of another shape: %v", err)
	}
	put(t, f, "drift", map[string]float64{"hw:Mic,0": 2})
	if err := f.Save(); err != nil {
		t.Fatal(err)
	}
	want := strings.NewReplacer("1,\n\t\t\"usb:1-1.2,0\": -80.25", "2", "<&>", `\u003c\u0026\u003e`, "41", "42").Replace(saved)
	got, err := os.ReadFile(path)
	if err != nil || string(got) != want {
		t.Errorf("saved %v\n%s\nwant\n%s", err, got, want)
	}
	info, err := os.Stat(path)
	if err != nil || info.Mode() != 0o644 {
		t.Errorf("mode %v, %v, want 0644", info.Mode(), err)
	}
	if err := f.Put("drift", func() {}); err == nil {
		t.Error("what JSON cannot hold was put in")
	}
}

// Cut off anywhere, or not ours at all: reported, put aside, empty, and good after the next save.
func TestCorrupt(t *testing.T) {
	path := filepath.Join(t.TempDir(), "state.json")
	f := open(t, path)
	put(t, f, "drift", map[string]float64{"hw:Mic,0": 1.5, "hw:Line,0": -1e-7})
	if err := f.Save(); err != nil {
		t.Fatal(err)
	}
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	bad := [][]byte{[]byte("null"), []byte("[]"), []byte("1"), []byte("{}"), []byte(`{"version":null}`), []byte(`{"version":2}`),
		[]byte(`{"version":"1"}`), []byte(`{"version":1,"sequence":-1}`), []byte(`{"drift":{}}`), bytes.Repeat([]byte{0}, 4096), append(slices.Clone(whole), '}')}
	for n := range len(whole) - 1 { // but for the last line break
		bad = append(bad, whole[:n])
	}
	for _, data := range bad {
		if err := os.WriteFile(path, data, 0o644); err != nil {
			t.Fatal(err)
		}
		f, err := Open(path, "")
		if !errors.Is(err, ErrCorrupt) || !strings.Contains(err.Error(), path+".bad") {
			t.Fatalf("%q: %v", data, err)
		}
		if aside, err := os.ReadFile(path + ".bad"); err != nil || !bytes.Equal(aside, data) {
			t.Fatalf("%q is put aside as %q, %v", data, aside, err)
		}
		expect(t, f, "drift", nil)
		put(t, f, "drift", map[string]float64{"hw:New,0": 3})
		if err := f.Save(); err != nil {
			t.Fatal(err)
		}
		expect(t, open(t, path), "drift", map[string]float64{"hw:New,0": 3})
	}
	t.Logf("%d bad files", len(bad))
	if f, err := Open(filepath.Dir(path), ""); err == nil || f == nil {
		t.Errorf("a directory: %v, %v", f, err)
	}
}

// A reader sees the old file or the new one, and a save that fails leaves the old one.
func TestReplaceIsAtomic(t *testing.T) {
	path := filepath.Join(t.TempDir(), "state.json")
	content := func(i int) []byte { return bytes.Repeat([]byte{byte('a' + i%26)}, 100_000+i) }
	if err := Replace(path, content(0), true); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() {
		for i := range 50 {
			if err := Replace(path, content(i), true); err != nil {
				ended <- err
				return
			}
		}
		ended <- nil
	}()
	seen := map[int]bool{}
	for done := false; !done; {
		select {
		case err := <-ended:
			if err != nil {
				t.Fatal(err)
			}
			done = true
		default:
		}
		data, err := os.ReadFile(path)
		if err != nil || len(data) < 100_000 || !bytes.Equal(data, content(len(data)-100_000)) {
			t.Fatalf("read %d bytes of %.1q, %v", len(data), data, err)
		}
		seen[len(data)] = true
	}
	t.Logf("%d states seen, all whole", len(seen))

	if err := os.MkdirAll(path+".new/x", 0o755); err != nil {
		t.Fatal(err)
	}
	if err := Replace(path, content(1), true); err == nil {
		t.Error("a save without a place for the new file")
	}
	if data, err := os.ReadFile(path); err != nil || !bytes.Equal(data, content(49)) {
		t.Errorf("after a failure: %d bytes, %v", len(data), err)
	}
	os.RemoveAll(path + ".new")
	if err := os.WriteFile(path+".new", content(20), 0o600); err != nil { // of a save that the power cut off
		t.Fatal(err)
	}
	if err := Replace(path, content(1), true); err != nil {
		t.Fatal(err)
	}
	if entries, err := os.ReadDir(filepath.Dir(path)); err != nil || len(entries) != 1 {
		t.Errorf("left behind: %v, %v", entries, err)
	}
}

func TestFailuresAreToldOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		path := filepath.Join(t.TempDir(), "missing", "state.json")
		f := open(t, path)
		ctx, cancel := context.WithCancel(t.Context())
		told := make(chan error, 10)
		go f.Run(ctx, func(err error) { told <- err })
		for i := range 60 {
			put(t, f, "a", i)
			time.Sleep(retryPause / 4)
		}
		if err := <-told; !errors.Is(err, os.ErrNotExist) || len(told) > 0 {
			t.Errorf("told %v and %d more, want once that the directory is missing", err, len(told))
		}
		if err := os.Mkdir(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		time.Sleep(retryPause)
		synctest.Wait()
		if err := <-told; err != nil || len(told) > 0 {
			t.Errorf("told %v and %d more, want that it works again", err, len(told))
		}
		var got int
		if err := open(t, path).Get("a", &got); err != nil || got != 59 {
			t.Errorf("saved %d, %v, want 59", got, err)
		}
		cancel()
	})
}

func TestWithoutPath(t *testing.T) {
	f := open(t, "")
	put(t, f, "a", map[string]float64{"x": 1})
	expect(t, f, "a", map[string]float64{"x": 1})
	if err := f.Save(); !errors.Is(err, ErrNoFile) {
		t.Errorf("saved without a path: %v", err)
	}
}
