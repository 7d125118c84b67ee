//go:build vm

package update

import (
	"crypto/x509"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

var long = flag.Bool("long", false, "cut the power as often, and have a system prove itself for as long, as is meant to be")

// proof is short where the tests are.
func proof(short string) string {
	if *long {
		return ""
	}
	return short
}

// media is a disk with bundles, made by the factory, for the machine to mount.
func media(t *testing.T, bundles ...string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "media")
	if err := run("mksquashfs", append(bundles, path, "-quiet", "-no-progress", "-noD")...); err != nil {
		t.Fatal(err)
	}
	return path
}

// bundled makes a system into an update, under the factory's lock.
func bundled(t *testing.T, s system) string {
	t.Helper()
	path, err := theFactory(t).bundle(s)
	if err != nil {
		t.Fatal(err)
	}
	return path
}

// as has the box's own group do it, and nobody more.
const as = "setpriv --reuid=submix --regid=submix --clear-groups submixctl update "

// An update is installed, tried, proves itself and is kept; others are refused.
func TestUpdate(t *testing.T) {
	t.Parallel()
	f := theFactory(t)
	b := newBox(t, system{version: "1.0", proof: proof("5s 2m")})
	good := bundled(t, system{version: "1.1", proof: proof("5s 2m")})
	content, err := os.ReadFile(good)
	if err != nil {
		t.Fatal(err)
	}
	put := func(name string, content []byte) string {
		path := filepath.Join(t.TempDir(), name)
		if err := os.WriteFile(path, content, 0o644); err != nil {
			t.Fatal(err)
		}
		return path
	}
	truncated := put("truncated.raucb", content[:len(content)-100_000])
	modified := append([]byte{}, content...)
	modified[len(modified)/2] ^= 1
	theirs := trusted(t, x509.ExtKeyUsageCodeSigning)
	foreign, err := theirs.bundle("qemu", "foreign", filepath.Join(f.dir, "1.1.boot"), filepath.Join(f.dir, "1.1.root"))
	if err != nil {
		t.Fatal(err)
	}

	begin := time.Now()
	b.on(media(t, good, truncated, put("modified.raucb", modified), foreign), "")
	b.comesUp()
	b.sounds()
	b.expect("mkdir /run/media && mount -o ro /dev/vdb /run/media && ls /run/media", "submix-1.1.raucb")
	t.Logf("up after %.0f s", time.Since(begin).Seconds())
	t.Log(b.eventually("submixctl update status", `(?s)slot: A\nversion: "1.0"\nboard: submix-qemu\nnext: A\nslot A state=good .*slot B state=good version=factory`))
	b.expect("submixctl version", `(?s)image: "1.0"\nboard: qemu\nslot: A`)
	b.expect("setpriv --reuid=65534 --regid=65534 --clear-groups submixctl update status", "(?i)denied|not permitted|rejected")

	for name, want := range map[string]string{"submix-foreign": "signature verification failed", "truncated": "bundle size"} {
		t.Log(b.expect(as+"install /run/media/"+name+".raucb", want+".*the system that runs is as it was"))
		b.expect("submixctl update status", `(?s)next: A.*slot B state=good version=factory`)
	}
	t.Log(b.expect(as+"install /run/media/modified.raucb now", "the system that runs is as it was"))
	t.Log(b.expect("submixctl update status", `(?s)next: A\nreason: ".* was broken off.*slot B state=broken`))

	begin = time.Now()
	t.Log(b.expect(as+"install /run/media/submix-1.1.raucb now", `(?s)next: B\nslot A state=good .*slot B state=untried version="1.1"`))
	t.Logf("installed in %.0f s", time.Since(begin).Seconds())
	begin = time.Now()
	b.comesUp()
	b.eventually("submixctl update status", `slot B state=trial version="1.1" runs=yes`)
	b.says("1.1 in slot B has proved itself and is kept")
	t.Logf("kept %.0f s after the restart", time.Since(begin).Seconds())
	t.Log(b.expect("submixctl update status", `(?s)slot: B.*next: B.*slot B state=good`))
	b.expect("submixctl version", `(?s)image: "1.1"\nboard: qemu\nslot: B`)
	b.expect("fw_printenv", `(?s)BOOT_B_LEFT=3.*BOOT_ORDER=B A`)
	b.off() // and it stays
	b.on("", "")
	b.comesUp()
	b.sounds()
	b.eventually("submixctl update status", "slot: B")
}

// A system that does not prove itself is left again, and what it was is said.
func TestFallBack(t *testing.T) {
	t.Parallel()
	b := newBox(t, system{version: "2.0", proof: proof("5s 2m")})
	silent := bundled(t, system{version: "2.1", proof: proof("5s 15s"), files: map[string]string{"usr/bin/submixd": "#!/bin/sh\nexit 1\n"}})
	panics := bundled(t, system{version: "2.2", params: "init=/nowhere"})
	b.on(media(t, silent, panics), "")
	b.comesUp()
	b.sounds()
	for _, c := range []struct{ version, why string }{
		{"2.1", "it was not well for .* within .*, last: the daemon cannot be reached"},
		{"2.2", "it did not come up"},
	} {
		begin := time.Now()
		b.expect("mkdir -p /run/media && mount -o ro /dev/vdb /run/media", "")
		b.expect(as+"install /run/media/submix-"+c.version+".raucb now", "next: B")
		if c.version == "2.1" {
			b.comesUp()
			b.expect("cat /proc/cmdline", "rauc.slot=B")
			b.says("the box goes back to slot A")
		}
		b.comesUp()
		b.says("update: " + c.version + " in slot B was given up: ")
		b.sounds()
		t.Logf("%s: back after %.0f s", c.version, time.Since(begin).Seconds())
		t.Log(b.eventually("submixctl update status", `(?s)slot: A\n.*reason: "`+c.version+` in slot B was given up: `+c.why+`.*2.0 in slot A runs".*slot B state=failed`))
		t.Log(b.expect("submixctl status | grep notice", `notice update text="`+c.version+` in slot B was given up: `+c.why))
	}
	if n := strings.Count(b.console(), "Kernel panic"); n != 3 {
		t.Errorf("the kernel has panicked %d times, not 3", n)
	}
}

// A stick with a newer system is all it takes.
func TestStick(t *testing.T) {
	t.Parallel()
	b := newBox(t, system{version: "3.0", proof: proof("5s 2m")})
	newer := bundled(t, system{version: "3.1", proof: proof("5s 2m")})
	stick := filepath.Join(t.TempDir(), "stick")
	for _, step := range [][]string{{"mformat", "-C", "-T", "400000", "-i", stick, "::"}, {"mcopy", "-i", stick, newer, "::"}} {
		if err := run(step[0], step[1:]...); err != nil {
			t.Fatal(err)
		}
	}
	b.on("", stick)
	b.comesUp()
	b.sounds()
	fmt.Fprintln(b.monitor, "device_add usb-storage,bus=usb.0,drive=stick")
	b.says("update: installing 3.1 from the stick")
	b.comesUp()
	at := b.read
	b.says("3.1 in slot B has proved itself and is kept")
	b.read = at                                                  // the one or the other comes first
	b.says("3.1 on the stick is not newer than 3.1, which runs") // which is still there
	t.Log(b.expect("submixctl update status", `(?s)slot: B.*slot B state=good`))
}
