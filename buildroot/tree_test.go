package buildroot

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// boards are those that images are made for.
var boards = []string{"qemu", "rpi3", "rpi4", "rpi5", "rpizero2w"}

const external = "$(BR2_EXTERNAL_SUBMIX_PATH)/" // how Buildroot's files name this folder

// option is a line of a Buildroot configuration; value is empty for one that is switched off.
type option struct{ name, value string }

var optionLine = regexp.MustCompile(`^(?:# )?(BR2_\w+)(?:=(.*)| is not set)$`)

// configuration returns the lines of a board as make image puts them together: configs/common, then its own.
func configuration(t *testing.T, board string) []option {
	t.Helper()
	var options []option
	for _, file := range []string{"configs/common", "configs/submix_" + board + "_defconfig"} {
		for line := range strings.Lines(read(t, file)) {
			if m := optionLine.FindStringSubmatch(strings.TrimSpace(line)); m != nil {
				options = append(options, option{m[1], strings.Trim(m[2], `"`)})
			} else if !strings.HasPrefix(line, "#") && strings.TrimSpace(line) != "" {
				t.Errorf("%s: neither an option nor a comment: %s", file, line)
			}
		}
	}
	return options
}

// value returns what the configuration says of an option last, and whether it says anything.
func value(options []option, name string) (string, bool) {
	for _, o := range slices.Backward(options) {
		if o.name == name {
			return o.value, true
		}
	}
	return "", false
}

func read(t *testing.T, file string) string {
	t.Helper()
	content, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return string(content)
}

// pinned returns what the file release says of name.
func pinned(t *testing.T, name string) string {
	t.Helper()
	for line := range strings.Lines(read(t, "release")) {
		if v, ok := strings.CutPrefix(strings.TrimSpace(line), name+"="); ok {
			return v
		}
	}
	t.Fatalf("release says nothing of %s", name)
	return ""
}

// files calls do for each file of the external tree that Buildroot or its scripts read.
func files(t *testing.T, do func(name string)) {
	t.Helper()
	err := filepath.WalkDir(".", func(name string, entry fs.DirEntry, err error) error {
		if err == nil && entry.Type().IsRegular() && filepath.Ext(name) != ".go" {
			do(name)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}
