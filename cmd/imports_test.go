// Package cmd_test holds the rules of the whole tree.
package cmd_test

import (
	"go/parser"
	"go/token"
	"io/fs"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// rule says what the Go files of a folder may import beyond the standard library. A path that ends
// in /... stands for the package and all below it.
type rule struct {
	folder string   // with the folders below it that have no rule of their own
	pure   bool     // and not the operating system: neither os, net, syscall nor what is below them
	code   []string // for all files
	tests  []string // for _test.go files also, with the package that they test; they are never pure
}

// policy is policy: a test that fails here is not mended by a new entry but by moving the code,
// unless the design itself has changed. Its reasons:
//   - The mixer is arithmetic that runs anywhere and in virtual time.
//   - Each hw package hides one library and one piece of the machine, and is used alone. They share
//     only the sample formats.
//   - The commands know the mixer but no device, so they can be tested without any.
//   - Only the programs know everything.
//   - The tests in the machine try hw packages and the state file on real drivers, and the box only from
//     outside, as its owner does.
//
// What stands nowhere here is forbidden everywhere. That includes periph.io/x/host/v3 and
// periph.io/x/conn/v3/gpio/gpioreg, which map the chip's registers behind the kernel's back, and
// "C", for the programs are built without cgo.
var policy = []rule{
	{folder: "mixer", pure: true, code: []string{"submix/mixer/..."}, tests: []string{rapid}},
	// Which vector instructions the processor has, nothing else of the system.
	{folder: "mixer/resample", pure: true, code: []string{"golang.org/x/sys/cpu"}, tests: []string{rapid, "submix/mixer/analyse"}},

	{folder: "hw/alsa", code: []string{sys, "submix/hw/pcm", "submix/hw/alsa/...", "github.com/yobert/alsa/..."}, tests: []string{rapid}},
	{folder: "hw/file", code: []string{sys, "submix/hw/pcm"}, tests: []string{rapid}},
	{folder: "hw/gpio", code: []string{sys, "periph.io/x/conn/v3/driver/driverreg", "periph.io/x/conn/v3/gpio", "periph.io/x/conn/v3/pin",
		"periph.io/x/host/v3/gpioioctl"}, tests: []string{rapid}},
	{folder: "hw/pcm", pure: true, tests: []string{rapid}},
	{folder: "hw/rt", code: []string{sys}, tests: []string{rapid}},
	{folder: "hw/serial", code: []string{sys, serial}, tests: []string{rapid, pty}},
	{folder: "hw/sim", code: []string{"submix/hw/pcm"}, tests: []string{rapid}},
	{folder: "hw/uevent", code: []string{sys}, tests: []string{rapid}},

	{folder: "control", code: []string{sys, term, "submix/mixer", "submix/control/..."}, tests: []string{rapid, pty, "submix/mixer/..."}},

	{folder: "cmd", code: []string{sys, term, systemd, "submix/..."}, tests: []string{rapid, pty}},
	{folder: "cmd/submixd/config", code: []string{"github.com/BurntSushi/toml", "submix/hw/sim"}, tests: []string{rapid}},

	{folder: "systemd"},
	// A person sits at a terminal outside of the machine.
	{folder: "buildroot", code: []string{sys, "submix/buildroot/..."}, tests: []string{rapid, pty, "submix/control/controltest/vt"}},
	// The far end of the serial cable may be opened with the library that a person's program would use. The resampler's
	// instructions are counted there. The state file is saved on a real file system when the power goes.
	{folder: "buildroot/vm/guest", code: []string{sys, "submix/buildroot/..."}, tests: []string{rapid, serial, "submix/hw/...", "submix/mixer/...",
		"submix/control/state"}},
}

const (
	sys     = "golang.org/x/sys/..."
	term    = "golang.org/x/term"
	systemd = "github.com/coreos/go-systemd/v22/daemon"
	serial  = "go.bug.st/serial"
	rapid   = "pgregory.net/rapid"
	pty     = "github.com/creack/pty"
)

func TestImports(t *testing.T) {
	files := 0
	err := filepath.WalkDir("..", func(name string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case entry.IsDir() && (entry.Name() == "testdata" || strings.HasPrefix(entry.Name(), ".") && entry.Name() != ".."):
			return fs.SkipDir
		case entry.IsDir() || path.Ext(name) != ".go":
			return nil
		}
		files++
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.ImportsOnly)
		if err != nil {
			return err
		}
		inTree, _ := filepath.Rel("..", name)
		for _, spec := range file.Imports {
			imported, _ := strconv.Unquote(spec.Path.Value)
			if !allowed(filepath.ToSlash(inTree), imported) {
				t.Errorf("%s may not import %s: see policy in cmd/imports_test.go", inTree, imported)
			}
		}
		return nil
	})
	if err != nil || files < 10 {
		t.Fatalf("read %d files: %v", files, err)
	}
}

// The policy itself, where a careless change of it would do most harm.
func TestPolicy(t *testing.T) {
	for _, test := range []struct {
		file, imported string
		want           bool
	}{
		{"mixer/a.go", "math", true},
		{"mixer/a.go", "os", false},
		{"mixer/a.go", "net/http", false},
		{"mixer/a.go", "syscall", false},
		{"mixer/a.go", rapid, false},
		{"mixer/a_test.go", rapid, true},
		{"mixer/a_test.go", "os", true},
		{"mixer/a.go", "submix/hw/pcm", false},
		{"mixer/a.go", "golang.org/x/sys/cpu", false},
		{"mixer/resample/a.go", "golang.org/x/sys/cpu", true},
		{"mixer/resample/a.go", "golang.org/x/sys/unix", false},
		{"mixer/resample/a.go", "submix/mixer", false},
		{"hw/alsa/a.go", "github.com/yobert/alsa/alsatype", true},
		{"hw/alsa/a.go", "submix/mixer", false},
		{"hw/alsa/a.go", "submix/hw/rt", false},
		{"hw/gpio/a.go", "periph.io/x/host/v3/gpioioctl", true},
		{"hw/gpio/a.go", "periph.io/x/host/v3", false},
		{"hw/gpio/a_test.go", "periph.io/x/conn/v3/gpio/gpioreg", false},
		{"hw/rt/a_test.go", "submix/hw/rt", true},
		{"hw/new/a.go", "golang.org/x/sys/unix", false},
		{"control/a.go", "submix/mixer", true},
		{"control/a.go", "submix/hw/gpio", false},
		{"control/a_test.go", "submix/hw/serial", false},
		{"cmd/submixd/a.go", "submix/hw/gpio", true},
		{"cmd/submixd/a.go", "go.bug.st/serial", false},
		{"cmd/submixd/a.go", "github.com/BurntSushi/toml", false},
		{"cmd/submixd/config/a.go", "github.com/BurntSushi/toml", true},
		{"cmd/submixd/config/a.go", "submix/control", false},
		{"buildroot/vm/a_test.go", "submix/hw/alsa", false},
		{"buildroot/vm/guest/a_test.go", "submix/control", false},
		{"buildroot/vm/guest/a_test.go", "submix/control/state", true},
		{"cmd/a.go", "C", false},
		{"a.go", "fmt", false},
	} {
		if got := allowed(test.file, test.imported); got != test.want {
			t.Errorf("%s importing %s: allowed is %v, want %v", test.file, test.imported, got, test.want)
		}
	}
}

// allowed tells whether the file, a path in the tree, may import the package.
func allowed(file, imported string) bool {
	var r *rule
	for i := range policy {
		if strings.HasPrefix(file, policy[i].folder+"/") && (r == nil || len(policy[i].folder) > len(r.folder)) {
			r = &policy[i]
		}
	}
	if r == nil || imported == "C" {
		return false
	}
	isTest := strings.HasSuffix(file, "_test.go")
	root, _, _ := strings.Cut(imported, "/")
	if root != "submix" && !strings.Contains(root, ".") {
		return isTest || !r.pure || !slices.Contains([]string{"os", "net", "syscall"}, root)
	}
	if isTest && imported == "submix/"+path.Dir(file) {
		return true
	}
	matches := func(pattern string) bool {
		below, tree := strings.CutSuffix(pattern, "/...")
		return imported == below || tree && strings.HasPrefix(imported, below+"/")
	}
	return slices.ContainsFunc(r.code, matches) || isTest && slices.ContainsFunc(r.tests, matches)
}
