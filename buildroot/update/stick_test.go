//go:build vm

package update

import (
	"fmt"
	"path/filepath"
	"testing"
)

// newStick is a USB stick with a bundle on it.
func newStick(t *testing.T, bundle string) string {
	t.Helper()
	stick := filepath.Join(t.TempDir(), "stick")
	for _, step := range [][]string{{"mformat", "-C", "-T", "400000", "-i", stick, "::"}, {"mcopy", "-i", stick, bundle, "::"}} {
		if err := run(step[0], step[1:]...); err != nil {
			t.Fatal(err)
		}
	}
	return stick
}

// plug plugs in one of the sticks that on was given, by its number.
func (b *box) plug(n int) {
	fmt.Fprintf(b.monitor, "device_add usb-storage,bus=usb.0,id=usb%d,drive=stick%d\n", n, n)
}

// A stick with a newer system is all it takes: whatever else is plugged in, and also after it was pulled too early.
func TestStick(t *testing.T) {
	t.Parallel()
	b := newBox(t) // the bundles are made with it
	f := theFactory(t)
	b.on([]string{newStick(t, b.sample(f.ca, "rpi4", "9.9")), newStick(t, filepath.Join(f.dir, "submix-1.1.raucb"))}, first.state)
	b.plug(0)
	b.says("update: submix-9.9.raucb is for submix-rpi4, and this is submix-qemu")
	b.says("no bundle on the stick is for this box")
	b.plug(1)
	b.says("update: installing 1.1 from the stick")
	b.says("Copying image to rootfs.1")
	fmt.Fprintln(b.monitor, "device_del usb1")
	t.Log(b.eventually("submixctl update status", `(?s)next: A\n.*reason: ".* was broken off.*slot B state=broken`))
	b.plug(1)
	b.says("update: installing 1.1 from the stick")
	b.comesUp()
	at := b.read
	b.says("1.1 in slot B has proved itself and is kept")
	b.read = at                                                  // the one or the other comes first
	b.says("1.1 on the stick is not newer than 1.1, which runs") // which is still there
	t.Log(b.expect("submixctl update status", `(?s)slot: B.*slot B state=good`))
}
