package buildroot

import (
	"flag"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

var release = flag.String("buildroot", "", "record in the file symbols which options the Buildroot in this `folder` has")

// Options that the release does not have vanish without a word. The file symbols lists those that it has, of all that
// are used here; -buildroot looks them up anew, in the folder of a release.
func TestSymbols(t *testing.T) {
	used := make(map[string]string) // symbol, and where
	for _, board := range boards {
		for _, o := range configuration(t, board) {
			used[o.name] = "the configuration of " + board
		}
	}
	for _, name := range regexp.MustCompile(`BR2_\w+`).FindAllString(read(t, "package/submix/Config.in"), -1) {
		used[name] = "package/submix/Config.in"
	}
	delete(used, "BR2_PACKAGE_SUBMIX") // our own
	head := "# Recorded from Buildroot " + pinned(t, "version") + ", commit " + pinned(t, "commit") + ": options that it has and that are used here.\n"
	if *release != "" {
		record(t, head, used)
	}
	recorded, ok := strings.CutPrefix(read(t, "symbols"), head)
	if !ok {
		t.Errorf("symbols was not recorded from the pinned release: go test ./buildroot/ -run %s -buildroot FOLDER", t.Name())
	}
	has := strings.Fields(recorded)
	for _, name := range slices.Sorted(maps.Keys(used)) {
		if !slices.Contains(has, name) {
			t.Errorf("%s: %s is not an option that was found in Buildroot %s", used[name], name, pinned(t, "version"))
		}
	}
	for _, name := range has {
		if used[name] == "" {
			t.Errorf("symbols: %s is not used any more", name)
		}
	}
	t.Logf("%d options, all of them in Buildroot %s", len(used), pinned(t, "version"))
}

// record writes to the file symbols which of the used ones the release defines.
func record(t *testing.T, head string, used map[string]string) {
	t.Helper()
	if makefile := read(t, filepath.Join(*release, "Makefile")); !strings.Contains(makefile, "BR2_VERSION := "+pinned(t, "version")+"\n") {
		t.Fatalf("%s is not Buildroot %s", *release, pinned(t, "version"))
	}
	defines := regexp.MustCompile(`(?m)^\s*(?:menu)?config (BR2_\w+)$`)
	found := make(map[string]bool)
	err := filepath.WalkDir(*release, func(name string, entry fs.DirEntry, err error) error {
		if err != nil || !entry.Type().IsRegular() || !strings.HasPrefix(entry.Name(), "Config.in") {
			return err
		}
		for _, m := range defines.FindAllStringSubmatch(read(t, name), -1) {
			if used[m[1]] != "" {
				found[m[1]] = true
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	lines := head + strings.Join(slices.Sorted(maps.Keys(found)), "\n") + "\n"
	if err := os.WriteFile("symbols", []byte(lines), 0o644); err != nil {
		t.Fatal(err)
	}
}
