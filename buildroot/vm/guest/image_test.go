//go:build vm

package guest

import (
	"fmt"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// soundWithin is how long after the kernel's start the first block is to sound.
const soundWithin = 5 * time.Second

// systemBox is the daemon that systemd has started.
func systemBox(t *testing.T) *box { return &box{t: t, socket: "/run/submix/control.sock"} }

// tone is a player at the cable that the image's configuration captures from, and a recorder at the other.
type tone struct {
	player *player
	heard  *recorder
	at     time.Time // of the first sound
}

// playTone plays into the first cable.
func playTone(t *testing.T) *player { return startPlayerIn(t, "hw:SrcA,0", 2, 240, noiseOf(6), nil) }

// startTone begins both, and returns when there is sound.
func startTone(t *testing.T, limit time.Duration) tone {
	t.Helper()
	t.Cleanup(func() {
		if t.Failed() {
			t.Log(output(t, "/usr/bin/journalctl", "-b", "-o", "short-monotonic", "--no-hostname"))
		}
	})
	slowTime(t) // so that a host that is late is not seen in the guest: when idle its time is the host's
	heard := startRecorderIn(t, "hw:Out,1", 2, nil)
	player := playTone(t)
	first := 0
	within(t, limit, "sound", func() bool {
		for to := heard.frames(); first < to; first++ {
			if p := heard.part(first, first+1); p[0] != 0 || p[1] != 0 {
				return true
			}
		}
		return false
	})
	return tone{player, heard, heard.when(first)}
}

// sinceBoot is the time from the kernel's start to at.
func sinceBoot(t *testing.T, at time.Time) time.Duration {
	t.Helper()
	var now unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_BOOTTIME, &now); err != nil {
		t.Fatal(err)
	}
	return time.Duration(now.Nano()) - time.Since(at)
}

// waited is for how long nothing ran as somebody waited for the disk, and for how long for other reasons. The disk answers in
// the host's time: that part of a boot depends on how busy the host is, while what is computed is of the machine's own time.
func waited(t *testing.T) (disk, idle time.Duration) {
	t.Helper()
	cpu := strings.Fields(readFile(t, "/proc/stat")) // see proc_stat(5): in hundredths of a second
	count := func(field string) time.Duration {
		n, err := strconv.Atoi(field)
		if err != nil {
			t.Fatal(err)
		}
		return time.Duration(n) * 10 * time.Millisecond
	}
	return count(cpu[5]), count(cpu[4])
}

// output is what a program prints. It does not run in real time, as the players do.
func output(t *testing.T, program string, args ...string) string {
	t.Helper()
	out, err := ordinary(program, args...).CombinedOutput()
	if err != nil {
		t.Errorf("%s %s: %v\n%s", program, strings.Join(args, " "), err, out)
	}
	return strings.TrimSpace(string(out))
}

// systemIsUp waits until systemd has started all that there is, well or not.
func systemIsUp(t *testing.T) {
	t.Helper()
	state, _ := ordinary("/usr/bin/systemctl", "is-system-running", "--wait").Output()
	t.Logf("the system is %s", strings.TrimSpace(string(state)))
}

// The image as it is flashed, with a good configuration: it sounds soon, and nothing in it is amiss.
func TestImage(t *testing.T) {
	tone := startTone(t, time.Minute)
	disk, idle := waited(t)
	sound, heard := sinceBoot(t, tone.at), tone.heard
	var reads, merged, sectors int
	fmt.Sscanf(strings.TrimSpace(readFile(t, "/sys/class/block/vda/stat")), "%d %d %d", &reads, &merged, &sectors)
	t.Logf("the first block sounds %.2f s after the kernel's start; without %.2f s for %.1f MiB of the disk in %d pieces, which are the host's, %.2f s; else it idled for %.2f s",
		sound.Seconds(), disk.Seconds(), float64(sectors)/2048, reads, (sound - disk).Seconds(), idle.Seconds())
	if sound-disk > soundWithin || sound > 2*soundWithin {
		t.Errorf("more than %v, or with the disk's twice that", soundWithin)
	}
	// Once the fade is over the noise is as it was played.
	heard.sleepUntil(heard.frames() + 24000)
	from := heard.frames() - 4800
	mix := heard.part(from, from+4800)
	first := find(t, noiseOf(6), []int{0, 1}, 4800, func(frame, channel int) int16 { return mix[2*frame+channel] })
	t.Logf("from cable to cable 4800 frames are the same bit for bit, from frame %d on", first)

	systemIsUp(t)
	t.Log(output(t, "/usr/bin/systemd-analyze", "time"))
	if failed := output(t, "/usr/bin/systemctl", "--failed", "--no-legend", "--plain"); failed != "" {
		t.Errorf("units have failed:\n%s", failed)
	}
	journal := output(t, "/usr/bin/journalctl", "-b", "-o", "short-monotonic", "--no-hostname")
	t.Logf("the journal has %d lines", strings.Count(journal, "\n"))
	for line := range strings.Lines(journal) {
		if strings.Contains(line, "ordering cycle") || strings.Contains(line, "Unknown key") || strings.Contains(line, "detected stall") {
			t.Error(line)
		}
	}
	imageKernel(t)
	imageDaemon(t)
	imagePlug(t, tone)
	imageConsole(t)
	imageWear(t)
}

// imageKernel checks what the kernel knows: that it is healthy, that a hang ends in a reset, and that nothing but the data can be written.
func imageKernel(t *testing.T) {
	t.Helper()
	makeGPIO(t, "RED") // as the tests of buttons do
	if tainted := readFile(t, "/proc/sys/kernel/tainted"); tainted != "0" {
		t.Errorf("the kernel is tainted: %s", tainted)
	}
	dog := "/sys/class/watchdog/watchdog0/"
	t.Logf("watchdog: %s, %s, %s s", readFile(t, dog+"identity"), readFile(t, dog+"state"), readFile(t, dog+"timeout"))
	if state, timeout := readFile(t, dog+"state"), readFile(t, dog+"timeout"); state != "active" || timeout != "15" {
		t.Error("it is to be active, with 15 s")
	}
	if text := readFile(t, "/sys/module/watchdog/parameters/open_timeout"); text != "60" {
		t.Errorf("what never opens the watchdog has %s s for it", text)
	}
	writeFile(t, "/dev/kmsg", "<2>submix: "+"not for the console\n") // package image looks there
	if err := os.WriteFile("/etc/new", nil, 0o644); err == nil {
		t.Error("the root can be written")
	}
	for line := range strings.Lines(readFile(t, "/proc/self/mountinfo")) {
		f := strings.Fields(line)
		disk := strings.HasPrefix(f[2], "254:") && f[4] != "/data" && f[4] != "/var/lib/submix"
		if disk && !strings.HasPrefix(f[5], "ro") {
			t.Errorf("%s is mounted %s", f[4], f[5])
		}
	}
}

// imageDaemon checks that submixd runs as nobody in particular, in real time.
func imageDaemon(t *testing.T) {
	t.Helper()
	properties := strings.Split(output(t, "/usr/bin/systemctl", "show", "submixd", "--value", "-p", "MainPID", "-p", "ActiveState"), "\n")
	var pid int
	fmt.Sscan(strings.Join(properties, " "), &pid)
	var owner unix.Stat_t
	if err := unix.Stat(fmt.Sprintf("/proc/%d", pid), &owner); err != nil {
		t.Fatalf("submixd: %q: %v", properties, err)
	}
	highest := 0
	for _, task := range threads(t, pid) {
		highest = max(highest, task)
	}
	kB := func(key string) (n int) {
		fmt.Sscan(statusKB(t, pid, key), &n)
		return n
	}
	locked, there := kB("VmLck:"), kB("VmRSS:")
	t.Logf("submixd is process %d of user %d, its highest priority is FIFO %d, %d kB are locked, %d kB there", pid, owner.Uid, highest, locked, there)
	if owner.Uid == 0 || highest != 60 || locked < there {
		t.Error("it is to have a user of its own, a thread of FIFO 60, and all of its memory locked")
	}
	systemBox(t).unharmed("mic")
}

// threads are the real-time priorities of a process's threads, 0 for an ordinary one.
func threads(t *testing.T, pid int) (priorities []int) {
	t.Helper()
	tasks, err := os.ReadDir(fmt.Sprintf("/proc/%d/task", pid))
	if err != nil {
		t.Fatal(err)
	}
	for _, task := range tasks {
		var tid int
		fmt.Sscan(task.Name(), &tid)
		if a, err := unix.SchedGetAttr(tid, 0); err == nil && a.Policy == unix.SCHED_FIFO {
			priorities = append(priorities, int(a.Priority))
		}
	}
	return priorities
}

// TestImageFacts has the host judge what has become of the box: it sounds, and says what it has found. A lamp shows its
// faults, if its configuration has one.
func TestImageFacts(t *testing.T) {
	gpio := makeGPIO(t, "LAMP")
	startTone(t, 2*time.Minute)
	var data unix.Statfs_t
	if err := unix.Statfs("/data", &data); err != nil {
		t.Fatal(err)
	}
	b := systemBox(t)
	systemIsUp(t)
	time.Sleep(time.Second) // for the lamp
	t.Logf("data: %d MiB, gain: %s, lamp: %v", data.Blocks*uint64(data.Bsize)>>20, b.stream("mic")["gain"], gpio.high("LAMP"))
	for _, command := range []string{"status", "log"} {
		t.Logf("%s:\n%s", command, strings.Join(b.do(command), "\n"))
	}
	b.do("gain mic =-7")
	b.do("save")
}

// TestImagePower says what it finds when it hears something, and then saves one gain after another, telling of each that is
// saved, until the host cuts the power. Package image's TestPowerCut judges it.
func TestImagePower(t *testing.T) {
	acks := openPort(t, "acks")
	startTone(t, 2*time.Minute)
	b := systemBox(t)
	var gain float64
	if _, err := fmt.Sscan(b.stream("mic")["gain"], &gain); err != nil {
		t.Fatal(err)
	}
	n := int(-gain)
	fmt.Fprintln(acks, "found", n)
	for {
		n = (n + 1) % 60
		b.do(fmt.Sprintf("gain mic =%d", -n))
		b.do("save")
		fmt.Fprintln(acks, "saved", n)
	}
}
