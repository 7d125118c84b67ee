//go:build vm

package guest

import (
	"bytes"
	"io"
	"maps"
	"os"
	"runtime"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

func TestSmokeBoot(t *testing.T) {
	var now unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_BOOTTIME, &now); err != nil {
		t.Fatal(err)
	}
	t.Logf("first test %v after power-on; the kernel is %s", time.Duration(now.Nano()), readFile(t, "/proc/sys/kernel/osrelease"))
	if v := readFile(t, "/proc/version"); !strings.Contains(v, "PREEMPT_RT") {
		t.Errorf("no real-time kernel: %s", v)
	}
	if tainted := readFile(t, "/proc/sys/kernel/tainted"); tainted != "0" {
		t.Errorf("the kernel is tainted: %s", tainted)
	}
}

func TestSmokeClock(t *testing.T) {
	last := time.Now()
	for range 100 {
		before := last
		time.Sleep(time.Millisecond)
		last = time.Now()
		if d := last.Sub(before); d < time.Millisecond || d > 2*time.Millisecond {
			t.Errorf("a millisecond's sleep took %v", d)
		}
	}
}

func TestSmokeCards(t *testing.T) {
	want := map[int]string{0: "SrcA", 1: "SrcB", 2: "SrcC", 3: "Out", 4: "Dummy"}
	if got := cards(t); !maps.Equal(got, want) {
		t.Errorf("sound cards are %v, want %v", got, want)
	}
	if got := cardIndex(t, "Out"); got != 3 {
		t.Errorf("card Out is number %d, want 3", got)
	}
	for _, device := range []string{"pcmC0D1c", "pcmC3D0p", "controlC2", "timer"} {
		if _, err := os.Stat("/dev/snd/" + device); err != nil {
			t.Error(err)
		}
	}
}

func TestSmokeUnplug(t *testing.T) {
	if err := <-unplug(t, 1); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat("/dev/snd/pcmC1D1c"); !os.IsNotExist(err) {
		t.Errorf("the device of a card that is unplugged: %v", err)
	}
	if err := <-plug(t, 1); err != nil {
		t.Fatal(err)
	}
	if got := cards(t)[1]; got != "SrcB" {
		t.Errorf("plugged in again, the card is %q", got)
	}
}

func TestSmokeGPIO(t *testing.T) {
	chip := makeGPIO(t, "RED", "GREEN")
	if _, err := os.Stat("/dev/" + chip.Name); err != nil {
		t.Fatal(err)
	}
	for _, want := range []bool{true, false} {
		chip.pull("GREEN", want)
		if got := chip.high("GREEN"); got != want {
			t.Errorf("pulled to %v, the line is %v", want, got)
		}
		if chip.high("RED") {
			t.Error("the other line moved")
		}
	}
}

// Every byte value, both ways, more than the ports' buffers hold.
func TestSmokeSerial(t *testing.T) {
	slowTime(t)
	a, b := openSerial(t, programEnd, 115200), openSerial(t, testEnd, 115200)
	sent := bytes.Repeat([]byte("\x00\x01\x03\x04\x11\x13\r\n\x1a\x7f\x80\xff any line\n"), 50)
	for _, way := range []struct {
		name string
		w    io.Writer
		r    io.Reader
	}{{"to the test", a, b}, {"to the program", b, a}} {
		written := make(chan error, 1)
		go func() {
			_, err := way.w.Write(sent)
			written <- err
		}()
		start := time.Now()
		got := make([]byte, len(sent))
		if _, err := io.ReadFull(way.r, got); err != nil {
			t.Fatal(err)
		}
		if err := <-written; err != nil {
			t.Fatal(err)
		}
		t.Logf("%s: %d bytes in %v", way.name, len(sent), time.Since(start))
		if !bytes.Equal(got, sent) {
			t.Errorf("%s: the bytes changed on the way", way.name)
		}
	}
}

func TestSmokeCPU(t *testing.T) {
	own := os.Getpid()
	before, start := cpuTime(t, own), time.Now()
	burn(t, 19)
	time.Sleep(time.Second)
	used, took := cpuTime(t, own)-before, time.Since(start)
	t.Logf("beside a burning process: %v of processor time in %v", used, took)
	if used <= 0 || used > 100*time.Millisecond {
		t.Errorf("a sleeping process used %v in %v", used, took)
	}
}

// What burns stays an ordinary thread, even if the one that starts it is not: else nothing here would go on.
func TestSmokeBurn(t *testing.T) {
	runtime.LockOSThread() // and not unlocked: the thread ends with the test
	fifo := unix.SchedAttr{Size: unix.SizeofSchedAttr, Policy: unix.SCHED_FIFO, Priority: 1}
	if err := unix.SchedSetAttr(0, &fifo, 0); err != nil {
		t.Fatal(err)
	}
	burn(t, 0)
	time.Sleep(time.Second)
}

// Needs the kernel parameter snd_aloop.timer_source=,Dummy.0.0: the card that can be made to stall.
func TestClockedSmoke(t *testing.T) {
	for card, want := range map[string]string{"SrcA": "" /* the kernel's ticks */, "SrcB": "Dummy.0.0"} {
		if got := readFile(t, "/proc/asound/"+card+"/timer_source"); got != want {
			t.Errorf("%s has %q for a clock, want %q", card, got, want)
		}
	}
}
