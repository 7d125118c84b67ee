//go:build vm

package guest

import (
	"bufio"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// usbSocket is the machine's USB socket: see usbSocket of package vm.
type usbSocket struct {
	t      *testing.T
	port   *os.File
	answer *bufio.Reader
	full   bool
}

// The card that is put into it, as the kernel calls it.
const (
	usbCard = "hw:Audio,0"
	usbPath = "usb:1-1,0"
)

// openUSBSocket opens it for the test, at the end of which there is no card in it.
func openUSBSocket(t *testing.T) *usbSocket {
	t.Helper()
	names, err := filepath.Glob("/sys/class/virtio-ports/*/name")
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range names {
		if readFile(t, path) != "usb" {
			continue
		}
		port, err := os.OpenFile("/dev/"+filepath.Base(filepath.Dir(path)), os.O_RDWR, 0)
		if err != nil {
			t.Fatal(err)
		}
		u := &usbSocket{t: t, port: port, answer: bufio.NewReader(port)}
		t.Cleanup(func() {
			if u.full {
				u.do("unplug")
			}
			port.Close()
		})
		return u
	}
	t.Fatal("the machine has no USB socket")
	return nil
}

// do has the card plugged or unplugged, and returns when that is done.
func (u *usbSocket) do(what string) {
	u.t.Helper()
	if _, err := fmt.Fprintln(u.port, what); err != nil {
		u.t.Fatal(err)
	}
	if answer, err := u.answer.ReadString('\n'); err != nil || strings.TrimSpace(answer) != "ok" {
		u.t.Fatalf("%s: %q, %v", what, answer, err)
	}
	if u.full = what == "plug"; !u.full { // which takes the kernel a moment to notice
		within(u.t, time.Second, "the USB card is gone", func() bool {
			_, err := os.Lstat("/proc/asound/Audio")
			return err != nil
		})
	}
}

// plays reports that the kernel says that a card of that number plays.
func plays(card int) bool {
	text, err := os.ReadFile(fmt.Sprintf("/proc/asound/card%d/pcm0p/sub0/status", card)) // there a moment after the node
	return err == nil && strings.Contains(string(text), "state: RUNNING")
}
