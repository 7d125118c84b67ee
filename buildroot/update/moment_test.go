//go:build vm

package update

import (
	"crypto/x509"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

// A moment is a box with the system 1.0 in both slots that was switched on for the first time and sounds, with bundles on its
// second disk, as all tests need it: its card, and the state of its machine. Each test goes on from there, on a copy.
type moment struct {
	sync.Mutex // one makes it
	card       string
	state      string
	disk       string
	took       time.Duration // from power-on to sound
}

var first moment

// newBox is a box in the moment.
func newBox(t *testing.T) *box {
	t.Helper()
	first.Lock()
	defer first.Unlock()
	if first.state == "" {
		first.make(t)
	}
	b := &box{T: t, dir: t.TempDir(), disk: first.disk}
	b.card = filepath.Join(b.dir, "card")
	if err := run("cp", "--sparse=always", first.card, b.card); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(b.off)
	return b
}

func theFactory(t *testing.T) *factory {
	t.Helper()
	f, err := made()
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// goesOn is newBox, switched on.
func goesOn(t *testing.T) *box {
	t.Helper()
	b := newBox(t)
	b.on(nil, first.state)
	return b
}

// make makes it; a test that fails here leaves the next one to try again.
func (m *moment) make(t *testing.T) {
	t.Helper()
	f := theFactory(t)
	begin := time.Now()
	m.disk = filepath.Join(f.dir, "media")
	if err := run("mksquashfs", append(bundles(t, f), m.disk, "-quiet", "-no-progress", "-noD", "-noappend")...); err != nil {
		t.Fatal(err)
	}
	b := &box{T: t, dir: t.TempDir(), card: filepath.Join(f.dir, "card"), disk: m.disk}
	if err := f.card(system{version: "1.0", proof: proof("5s 2m")}, b.card); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(b.off)
	t.Logf("card and bundles after %.0f s", time.Since(begin).Seconds())
	begin = time.Now()
	b.on(nil)
	b.comesUp()
	b.sounds()
	m.took = time.Since(begin)
	t.Logf("up after %.0f s", m.took.Seconds())
	b.expect("mkdir /run/media && mount -o ro /dev/vdb /run/media && ls /run/media", "submix-1.1.raucb")
	t.Log(b.eventually("submixctl update status", `(?s)slot: A\nversion: "1.0"\nboard: submix-qemu\nnext: A\nslot A state=good .*slot B state=good version=factory`))
	b.expect("submixctl version", `(?s)image: "1.0"\nboard: qemu\nslot: A`)
	b.expect("cat /proc/cmdline; sync", "rauc.slot=A$")
	state := filepath.Join(f.dir, "state")
	b.order("migrate -d \"exec:cat > "+state+"\"", "info migrate", "Migration status: completed")
	b.off()
	m.card, m.state = b.card, state
	t.Logf("kept after %.0f s", time.Since(begin).Seconds())
}

// rarely is the first of the versions that are tried with -long only.
const rarely = "2.4"

// bundles are the updates of all tests, by what is in them.
func bundles(t *testing.T, f *factory) []string {
	t.Helper()
	storage, err := os.ReadFile(common + "overlay/usr/lib/submix/storage")
	if err != nil {
		t.Fatal(err)
	}
	var files []string
	for _, s := range []system{
		{version: "1.1", proof: proof("5s 2m")},
		{version: "1.2", proof: "2s 2m"}, // a verdict is to be among what is cut, and is not waited for longer than need be
		{version: "1.3", proof: "2s 2m"},
		{version: "2.1", proof: proof("5s 15s"), files: map[string]string{"usr/bin/submixd": "#!/bin/sh\nexit 1\n"}},
		{version: "2.2", params: "init=/nowhere"},
		{version: "2.3", proof: proof("5s 15s"), limit: 100, files: map[string]string{
			"usr/bin/rauc": "#!/bin/sh\necho error while loading shared libraries >&2\nexit 127\n"}},
		{version: "2.4", limit: 40, files: map[string]string{
			"usr/lib/systemd/system/stuck.service":           "[Unit]\nDefaultDependencies=no\n[Service]\nType=oneshot\nExecStart=/bin/sleep 1d\n",
			"usr/lib/systemd/system/sysinit.target.d/s.conf": "[Unit]\nRequires=stuck.service\nAfter=stuck.service\n"}},
		{version: "2.5", proof: proof("5s 15s"), limit: 100, files: map[string]string{"usr/bin/dbus-daemon": "#!/bin/sh\nexit 1\n"}},
		{version: "2.6", proof: proof("5s 15s"), limit: 100, files: map[string]string{
			"usr/lib/submix/storage": strings.Replace(string(storage), "mount -t ext4", "mount -t ext5", 1)}},
	} {
		if s.version >= rarely && !*long {
			continue
		}
		path, err := f.bundle(s)
		if err != nil {
			t.Fatal(err)
		}
		files = append(files, path)
	}
	content, err := os.ReadFile(files[0])
	if err != nil {
		t.Fatal(err)
	}
	other := func(name string, content []byte) {
		files = append(files, filepath.Join(f.dir, name+".raucb"))
		if err := os.WriteFile(files[len(files)-1], content, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	other("truncated", content[:len(content)-100_000])
	content[len(content)/2] ^= 1
	other("modified", content)
	theirs := trusted(t, x509.ExtKeyUsageCodeSigning)
	foreign, err := theirs.bundle("qemu", "foreign", filepath.Join(f.dir, "1.1.boot"), filepath.Join(f.dir, "1.1.root"))
	if err != nil {
		t.Fatal(err)
	}
	board, err := f.ca.bundle("rpi4", "board", uboot, uboot)
	if err != nil {
		t.Fatal(err)
	}
	return append(files, foreign, board)
}

// installs has the box's own group install a bundle and restart into it, and nobody more.
func (b *box) installs(version string) {
	b.Helper()
	begin := time.Now()
	b.Log(b.expect(as+"install /run/media/submix-"+version+".raucb now", fmt.Sprintf(`(?s)next: B\nslot A state=good .*slot B state=untried version="%s"`, version)))
	b.Logf("installed in %.0f s", time.Since(begin).Seconds())
}
