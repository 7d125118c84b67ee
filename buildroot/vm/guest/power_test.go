//go:build vm

package guest

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"submix/control/state"
)

// numbered is a change whose content can be told to be whole.
type numbered struct {
	Number int
	Text   string
}

func numberedOf(n int) numbered {
	return numbered{n, strings.Repeat(fmt.Sprint(n, " "), 400+n%400)}
}

// TestPowerCut says what it finds on the disk, and then saves one change after another, telling of each that is on the
// disk, until the host cuts the power. Package vm's test of the same name judges it.
func TestPowerCut(t *testing.T) {
	acks := openPort(t, "acks")
	const dir = "/tmp/disk"
	if err := os.Mkdir(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	// Without auto_da_alloc a file that takes another one's name is on the disk only when that was asked for.
	if err := unix.Mount("/dev/vda", dir, "ext4", 0, "data=ordered,noauto_da_alloc"); err != nil {
		t.Fatal(err)
	}
	path, torn := dir+"/state.json", 0
	if _, err := os.Stat(path + ".new"); err == nil {
		torn = 1
	}
	f, err := state.Open(path, "")
	var was numbered
	if err == nil {
		err = f.Get("numbered", &was)
	}
	if err == nil && was.Number > 0 && was != numberedOf(was.Number) {
		err = fmt.Errorf("change %d is torn: %q", was.Number, was.Text)
	}
	if err != nil {
		fmt.Fprintln(acks, err)
		t.Fatal(err)
	}
	fmt.Fprintln(acks, "found", was.Number, "torn", torn)
	for n := was.Number + 1; ; n++ {
		if err = f.Put("numbered", numberedOf(n)); err == nil {
			err = f.Save()
		}
		if err != nil {
			fmt.Fprintln(acks, err)
			t.Fatal(err)
		}
		fmt.Fprintln(acks, "saved", n)
	}
}

// openPort opens the virtio port that the host calls name.
func openPort(t *testing.T, name string) *os.File {
	t.Helper()
	var port string
	within(t, time.Second, "port "+name, func() bool {
		paths, err := filepath.Glob("/sys/class/virtio-ports/*/name")
		if err != nil {
			t.Fatal(err)
		}
		for _, path := range paths {
			if readFile(t, path) == name {
				port = "/dev/" + filepath.Base(filepath.Dir(path))
			}
		}
		return port != ""
	})
	f, err := os.OpenFile(port, os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	return f
}
