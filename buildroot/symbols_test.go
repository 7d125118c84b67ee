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

var (
	release = flag.String("buildroot", "", "record in the file symbols which options the Buildroot in this `folder` has")
	loader  = flag.String("uboot", "", "record in the file symbols-uboot which options the U-Boot in this `folder` has")
)

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
		if makefile := read(t, filepath.Join(*release, "Makefile")); !strings.Contains(makefile, "BR2_VERSION := "+pinned(t, "version")+"\n") {
			t.Fatalf("%s is not Buildroot %s", *release, pinned(t, "version"))
		}
		record(t, "symbols", head, *release, "Config.in", `BR2_\w+`, used)
	}
	recorded(t, "symbols", head, used)
}

// The same of U-Boot's options. Only those of boards with it are there; whether their needs are met was tried by hand, with
// U-Boot's own merge_config.sh on top of rpi_arm64_defconfig.
func TestSymbolsOfUBoot(t *testing.T) {
	used := make(map[string]string)
	for _, board := range boards {
		fragment, ok := value(configuration(t, board), "BR2_TARGET_UBOOT_CONFIG_FRAGMENT_FILES")
		if !ok {
			continue
		}
		file := strings.TrimPrefix(fragment, external)
		for _, m := range regexp.MustCompile(`(?m)^CONFIG_(\w+)=`).FindAllStringSubmatch(read(t, file), -1) {
			used[m[1]] = file
		}
	}
	for option, what := range map[string]string{"BOOTDELAY=-2": "a byte", "AUTOBOOT_KEYED=y": "a Ctrl-C"} {
		if !strings.Contains(read(t, "board/common/rpi-uboot.fragment"), "\nCONFIG_"+option+"\n") {
			t.Error(what, "on the serial line stops U-Boot")
		}
	}
	head := "# Recorded from U-Boot " + pinned(t, "uboot") + ": options that it has and that are used here.\n"
	if *loader != "" {
		year, month, _ := strings.Cut(pinned(t, "uboot"), ".")
		if makefile := read(t, filepath.Join(*loader, "Makefile")); !strings.HasPrefix(makefile[strings.Index(makefile, "VERSION"):], "VERSION = "+year+"\nPATCHLEVEL = "+month+"\n") {
			t.Fatalf("%s is not U-Boot %s", *loader, pinned(t, "uboot"))
		}
		record(t, "symbols-uboot", head, *loader, "Kconfig", `\w+`, used)
	}
	recorded(t, "symbols-uboot", head, used)
}

// recorded sees that the options in a file, after its head, are those that are used.
func recorded(t *testing.T, file, head string, used map[string]string) {
	t.Helper()
	options, ok := strings.CutPrefix(read(t, file), head)
	if !ok {
		t.Errorf("%s was not recorded from the pinned release: go test ./buildroot/ -run %s, with -buildroot or -uboot FOLDER", file, t.Name())
	}
	has := strings.Fields(options)
	for _, name := range slices.Sorted(maps.Keys(used)) {
		if !slices.Contains(has, name) {
			t.Errorf("%s: %s is not among the options that were found: %s", used[name], name, strings.TrimSpace(head))
		}
	}
	for _, name := range has {
		if used[name] == "" {
			t.Errorf("%s: %s is not used any more", file, name)
		}
	}
	t.Logf("%d options, all of them found. %s", len(used), strings.TrimSpace(head))
}

// record writes to a file which of the used options the source in a folder defines, in files whose names begin with kconfig.
func record(t *testing.T, file, head, folder, kconfig, name string, used map[string]string) {
	t.Helper()
	defines := regexp.MustCompile(`(?m)^\s*(?:menu)?config (` + name + `)$`)
	found := make(map[string]bool)
	err := filepath.WalkDir(folder, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || !entry.Type().IsRegular() || !strings.HasPrefix(entry.Name(), kconfig) {
			return err
		}
		for _, m := range defines.FindAllStringSubmatch(read(t, path), -1) {
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
	if err := os.WriteFile(file, []byte(lines), 0o644); err != nil {
		t.Fatal(err)
	}
}
