//go:build vm

package guest

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"go.bug.st/serial"
	"golang.org/x/sys/unix"
)

// imagePlug pulls the card that is captured from and puts it back: inside of its sandbox, too, submixd hears of that and may
// open the new device.
func imagePlug(t *testing.T, tone tone) {
	t.Helper()
	b := systemBox(t)
	if err := <-unplug(t, 0); err != nil { // when submixd has closed it
		t.Fatal(err)
	}
	tone.player.end()
	time.Sleep(150 * time.Millisecond)
	silence := tone.heard.frames()
	bound := plug(t, 0)
	there := node(t, "pcmC0D1c")
	playTone(t)
	back := tone.heard.heardAgain(0, silence).Sub(there)
	if err := <-bound; err != nil {
		t.Fatal(err)
	}
	s := b.is("mic", "live", time.Second)
	t.Logf("pulled and put back, mic is heard %.0f ms after its device node was there; unplugs %s", back.Seconds()*1e3, s["unplugs"])
	if back > backWithin || s["unplugs"] != "1" {
		t.Errorf("want %v at most, and one unplug", backWithin)
	}
}

// imageConsole has somebody at a serial port: there is the mixer's console, and no login. Where the owner's configuration
// gives the port to the mixer, it stays away.
func imageConsole(t *testing.T) {
	t.Helper()
	const unit = "submix-console@ttyS0.service"
	show := func(property string) string {
		return output(t, "/usr/bin/systemctl", "show", unit, "--value", "-p", property)
	}
	far := openSerial(t, testEnd, 115200)
	if err := far.SetReadTimeout(10 * time.Millisecond); err != nil {
		t.Fatal(err)
	}
	all := ""
	output(t, "/usr/bin/systemctl", "start", unit)
	until(t, far, &all, "\r", `submix> $`)
	var pid int
	var owner unix.Stat_t
	fmt.Sscan(show("MainPID"), &pid)
	if err := unix.Stat(fmt.Sprintf("/proc/%d", pid), &owner); err != nil || owner.Uid == 0 {
		t.Errorf("the console is process %d of user %d: %v", pid, owner.Uid, err)
	}
	status := until(t, far, &all, "status\r", `(?s)state:? +running.*submix> $`)
	id := until(t, far, &all, "id\r", `(?s)id\W.*submix> $`)
	t.Logf("on the port process %d of user %d says\n%q\n%q", pid, owner.Uid, status, id)
	if login := regexp.MustCompile(`(?i)login|password|uid=`).FindString(all); login != "" {
		t.Errorf("%q is on the port:\n%q", login, all)
	}

	imageDoctor(t, far, &all, owner.Uid)
	output(t, "/usr/bin/systemctl", "stop", unit)
	toml := filepath.Join(t.TempDir(), "submix.toml")
	if err := os.WriteFile(toml, []byte("[serial]\nport = \""+programEnd+"\"\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	const owners = "/boot/submix/submix.toml"
	if err := unix.Mount(toml, owners, "", unix.MS_BIND, ""); err != nil {
		t.Fatal(err)
	}
	defer unix.Unmount(owners, unix.MNT_DETACH)
	output(t, "/usr/bin/systemctl", "start", unit)
	state, said := show("ActiveState"), output(t, "/usr/bin/journalctl", "-b", "-u", unit, "-n", "3", "-o", "cat")
	t.Logf("with [serial] on its port the console is %s: %s", state, said)
	if state != "inactive" || !strings.Contains(said, "exec-condition") {
		t.Error("it is to be inactive, for its condition")
	}
}

// until types keys at a port and reads, as a terminal that tells where its cursor is when it is asked, as systemd does for
// its size, until something is there; that is added to all that was said. What is typed where nobody reads yet is lost: it
// is typed again after 3 s.
func until(t *testing.T, port serial.Port, all *string, keys, want string) (said string) {
	t.Helper()
	right := regexp.MustCompile(want)
	buffer := make([]byte, 4096)
	var typed time.Time
	told := 0
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("after %q the port said %q", keys, said)
		}
	})
	within(t, 10*time.Second, fmt.Sprintf("%q after %q", want, keys), func() bool {
		if time.Since(typed) > 3*time.Second {
			typed = time.Now()
			if _, err := port.Write([]byte(keys)); err != nil {
				t.Fatal(err)
			}
		}
		n, err := port.Read(buffer)
		if err != nil {
			t.Fatal(err)
		}
		said += string(buffer[:n])
		if asked := strings.Count(said, "\x1b[6n"); asked > told {
			port.Write([]byte(strings.Repeat("\x1b[24;80R", asked-told)))
			told = asked
		}
		return right.MatchString(said)
	})
	*all += said
	return said
}

// imageWear checks that nothing is written while nothing changes, for longer than the file system keeps back what is.
func imageWear(t *testing.T) {
	t.Helper()
	systemBox(t).do("save")
	unix.Sync()
	time.Sleep(2 * time.Second)
	before, begin := written(t), time.Now()
	time.Sleep(40 * time.Second)
	after := written(t)
	t.Logf("%d sectors were written since the start, %d of them in %.0f s of sound", after, after-before, time.Since(begin).Seconds())
	if after != before || before == 0 {
		t.Error("the card wears while nothing changes")
	}
}

// written is how many sectors were written to all disks: the seventh number, in Documentation/block/stat.rst.
func written(t *testing.T) (sectors int) {
	t.Helper()
	paths, err := filepath.Glob("/sys/block/vd*/stat")
	if err != nil || len(paths) == 0 {
		t.Fatalf("no disks: %v", err)
	}
	for _, path := range paths {
		n, err := strconv.Atoi(strings.Fields(readFile(t, path))[6])
		if err != nil {
			t.Fatal(err)
		}
		sectors += n
	}
	return sectors
}
