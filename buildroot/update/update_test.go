//go:build vm

package update

import (
	"flag"
	"strings"
	"testing"
	"time"

	"submix/buildroot/image"
)

var long = flag.Bool("long", false, "cut the power as often, and have a system prove itself for as long, as is meant to be")

// proof is short where the tests are.
func proof(short string) string {
	if *long {
		return ""
	}
	return short
}

// as has the box's own group do it, and nobody more.
const as = "setpriv --reuid=submix --regid=submix --clear-groups submixctl update "

// An update is installed, tried, proves itself and is kept; others are refused.
func TestUpdate(t *testing.T) {
	t.Parallel()
	b := goesOn(t)
	b.expect("setpriv --reuid=65534 --regid=65534 --clear-groups submixctl update status", "(?i)denied|not permitted|rejected")
	for name, want := range map[string]string{"submix-foreign": "signature verification failed", "truncated": "bundle size", "submix-board": "Compatible mismatch"} {
		t.Log(b.expect(as+"install /run/media/"+name+".raucb", want+".*the system that runs is as it was"))
		b.expect("submixctl update status", `(?s)next: A.*slot B state=good version=factory`)
	}
	t.Log(b.expect(as+"install /run/media/modified.raucb now", "the system that runs is as it was"))
	t.Log(b.expect("submixctl update status", `(?s)next: A\nreason: ".* was broken off.*slot B state=broken`))

	b.atPort()
	b.installs("1.1")
	begin := time.Now()
	b.comesUp()
	b.expect("cat /proc/cmdline", "rauc.slot=B submix.trial")
	b.eventually("submixctl update status", `slot B state=trial version="1.1" runs=yes`)
	b.says("1.1 in slot B has proved itself and is kept")
	t.Logf("kept %.0f s after the restart", time.Since(begin).Seconds())
	t.Log(b.expect("submixctl update status", `(?s)slot: B.*next: B.*slot B state=good`))
	b.expect("submixctl version", `(?s)image: "1.1"\nboard: qemu\nslot: B`)
	// The deadline has seen that, too.
	b.eventually("systemctl is-active submix-trial; fw_printenv", `(?s)inactive.*BOOT_B_LEFT=3.*BOOT_ORDER=B A\z`)
	// And it stays. As on a Pi 4 and 5, a slot is to be tried that was not: the box restarts, once, and hands the word over.
	b.expect("mkdir /data/slots; echo A untried >/data/slots/wish; sync", "")
	b.off()
	if err := image.Put(b.card, "autoboot.txt", "[all]\ntryboot_a_b=1\nboot_partition=3\n[tryboot]\nboot_partition=2\n"); err != nil {
		t.Fatal(err)
	}
	b.on(nil)
	b.says("update: slot A is still to be tried: the box restarts into it")
	b.says("submix: slot B begins") // again: U-Boot knows nothing of the word
	b.comesUp()
	b.sounds()
	b.eventually("submixctl update status", "slot: B")
	b.expect("cat /proc/cmdline /data/slots/wish", "rauc.slot=B\nA tried$")
	// The file on the real FAT is turned round, or stays as it is, and the FAT is read-only again.
	const state = `; sed -n s/boot_partition=//p /boot/submix/autoboot.txt; awk '$2 == "/boot/submix" { print $4 }' /proc/mounts; ls /data/slots`
	tries := "echo rauc.slot=A >/tmp/line; CMDLINE=/tmp/line /usr/lib/submix/tryboot set-state A good" + state
	t.Log(b.expect("cd /boot/submix; mount --bind autoboot.txt autoboot.txt;"+tries, `cannot be written: .*\n3\n2\nro,.*\nB\nwish$`)) // which stays read-only
	t.Log(b.expect("umount autoboot.txt;"+tries, `^2\n3\nro,.*\nA\nB$`))
}

// A system that does not prove itself is left again, and what it was is said. It is the deadline that leaves one whose rauc
// is broken, as it does those that are tried with -long. Where there is no data partition, it says why on the console only.
func TestFallBack(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, version, why string
		last               string // what the new system says; empty: nothing
		panics             int
	}{
		{"silent", "2.1", "it was not well for .* within .*, last: the daemon cannot be reached", "the box goes back to slot A", 0},
		{"panics", "2.2", "it ended before it had proved itself, or did not come up at all", "", 3},
		{"rauc is broken", "2.3", "rauc: error while loading shared libraries", "the system in slot B has not proved itself in time: rauc: error", 0},
		{"starts for ever", "2.4", "its start did not come to an end, but waits for .*stuck.service", "the system in slot B has not proved itself in time: its start", 0},
		{"D-Bus is broken", "2.5", "rauc: .*", "the system in slot B has not proved itself in time: rauc: ", 0},
		{"no data partition", "2.6", "it ended before .*", "the system in slot B has not proved itself in time: 2.6 in slot B finds no data partition", 0},
	} {
		if c.version >= rarely && !*long {
			continue
		}
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			b := goesOn(t)
			b.expect("echo kept >/data/kept", "")
			b.installs(c.version)
			begin := time.Now()
			if c.last != "" {
				b.comesUp()
				b.expect("cat /proc/cmdline", "rauc.slot=B submix.trial")
				b.says(c.last)
			}
			b.comesUp()
			b.says("update: " + c.version + " in slot B was given up: ")
			b.sounds()
			t.Logf("back after %.0f s", time.Since(begin).Seconds())
			t.Log(b.eventually("submixctl update status", `(?s)slot: A\n.*reason: "`+c.version+` in slot B was given up: `+c.why+`.*1.0 in slot A runs".*slot B state=failed`))
			t.Log(b.expect("submixctl status | grep notice", `notice update text="`+c.version+` in slot B was given up: `+c.why))
			b.expect("cat /data/kept", "^kept$")
			if n := strings.Count(b.console(), "Kernel panic"); n != c.panics {
				t.Errorf("the kernel has panicked %d times, not %d", n, c.panics)
			}
			if n := strings.Count(b.console(), "submix: slot B begins"); n != max(1, c.panics) {
				t.Errorf("slot B was begun %d times", n)
			}
		})
	}
}
