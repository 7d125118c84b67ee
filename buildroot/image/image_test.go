//go:build vm

package image

import (
	"bytes"
	"context"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"submix/buildroot/vm"
)

var long = flag.Bool("long", false, "cut the power as often as is meant to be")

const (
	top  = "../.."
	size = 1 << 30 // of most cards
)

// toml is what the owner has written.
const toml = `[playback]
device = "hw:Out,0"
[[capture]]
name = "mic"
device = "hw:SrcA,1"
sync = "locked"
`

// built is the image, made once for all tests.
var built = sync.OnceValues(func() (Image, error) { return Build(top, workDir) })

var workDir string // for built, removed after the tests

func TestMain(m *testing.M) {
	var err error
	if workDir, err = os.MkdirTemp("", "submix-image"); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	code := m.Run()
	os.RemoveAll(workDir)
	os.Exit(code)
}

// card is a card in a box that can be switched on.
type card struct {
	*testing.T
	path   string
	kernel string
}

// newCard makes a card as it is flashed, with the owner's files.
func newCard(t *testing.T, size int64, files map[string]string) *card {
	t.Helper()
	image, err := built()
	if err != nil {
		t.Fatal(err)
	}
	c := &card{t, filepath.Join(t.TempDir(), "card"), image.Kernel}
	if err := image.Copy(c.path, size, files); err != nil {
		t.Fatal(err)
	}
	return c
}

// machine is the box with the card in it, to run one of the guest's tests.
func (c *card) machine(test string) vm.Machine {
	line, err := os.ReadFile(top + "/buildroot/board/common/cmdline")
	if err != nil {
		c.Fatal(err)
	}
	return vm.Machine{
		Kernel: c.kernel, Devices: Drive(c.path), Params: append(strings.Fields(string(line)), "root=PARTUUID=5ab31c00-05"),
		Args: []string{"-test.v=test2json", "-test.run=^" + test + "$"}, Limit: 15 * time.Minute,
	}
}

// boot runs m, whose tests must be well, and returns what they printed, and the console.
func (c *card) boot(m vm.Machine) string {
	c.Helper()
	r, err := m.Run(context.Background())
	if err != nil {
		c.Fatal(err)
	}
	var said strings.Builder
	for _, test := range r.Tests {
		fmt.Fprintf(&said, "%s\n", test.Output)
		if p := test.Problem(); p != "" {
			c.Errorf("%s: %s", test.Name, p)
		}
	}
	for _, p := range r.Problems() {
		c.Error(p)
	}
	c.Logf("the boot took %.1f s of the host's time\n%s", r.Host.Seconds(), said.String())
	if c.Failed() {
		c.Fatalf("the end of the console:\n%s", r.Tail())
	}
	return said.String() + r.Console
}

func TestImage(t *testing.T) {
	t.Parallel()
	c := newCard(t, size, map[string]string{"submix.toml": toml})
	if said := c.boot(c.machine("TestImage")); strings.Contains(said, "not for the console") {
		t.Error("the kernel speaks on the console of a system that is up")
	}
}

// Two roots of the same parts are the same, byte for byte.
func TestRootTwice(t *testing.T) {
	t.Parallel()
	image, err := built()
	if err != nil {
		t.Fatal(err)
	}
	again := filepath.Join(t.TempDir(), "rootfs.squashfs")
	if err := run(top, "buildroot/image/root.sh", filepath.Join(workDir, "programs"), again); err != nil {
		t.Fatal(err)
	}
	one, err := os.ReadFile(filepath.Join(filepath.Dir(image.Card), "rootfs.squashfs"))
	if err != nil {
		t.Fatal(err)
	}
	two, err := os.ReadFile(again)
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("the root has %.1f MiB", float64(len(one))/(1<<20))
	if !bytes.Equal(one, two) {
		t.Error("made twice, it is another one")
	}
}
