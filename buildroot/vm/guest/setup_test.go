//go:build vm

package guest

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// owner is somebody with a new box: what is typed, and what is said to it.
type owner struct{ t *testing.T }

// types runs a program and returns what it prints and its exit status.
func (o owner) types(program string, args ...string) (printed string, status int) {
	o.t.Helper()
	out, err := ordinary("/bin/"+program, args...).CombinedOutput()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		o.t.Fatal(err)
	} else if err != nil {
		status = exit.ExitCode()
	}
	o.t.Logf("$ %s %s\n%s", program, strings.Join(args, " "), out)
	return string(out), status
}

// expects runs a program, which must end well and print all of these.
func (o owner) expects(want []string, program string, args ...string) {
	o.t.Helper()
	printed, status := o.types(program, args...)
	if status != 0 {
		o.t.Errorf("%s %q: status %d", program, args, status)
	}
	for _, w := range want {
		if !strings.Contains(printed, w) {
			o.t.Errorf("%s %q does not say %q", program, args, w)
		}
	}
}

const (
	firstConfig = "/etc/submix/submix.toml"
	firstSocket = "/run/submix/control.sock"
)

// startFirst starts submixd as its unit does, with what -init has written.
func startFirst(t *testing.T) *box {
	t.Helper()
	for _, dir := range []string{"/run/submix", "/var/lib/submix"} {
		if err := os.MkdirAll(dir, 0o755); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { os.RemoveAll(dir) })
	}
	b := &box{t: t, config: firstConfig, socket: firstSocket, log: &bytes.Buffer{}}
	b.cmd = ordinary("/bin/submixd", "-config", firstConfig)
	b.cmd.Stderr = b.log
	if err := b.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(b.stop)
	b.answers()
	return b
}

// level waits until what is recorded is a constant, to what a resampler leaves of it, and stays so for 10 ms.
func level(t *testing.T, out *recorder, v int16) {
	t.Helper()
	start := time.Now()
	within(t, 2*time.Second, fmt.Sprintf("the mix is %d", v), func() bool {
		n := out.frames()
		off := func(x int16) bool { return x < v-2 || x > v+2 }
		return n >= 480 && !slices.ContainsFunc(out.part(n-480, n), off)
	})
	t.Logf("%d is heard after %.0f ms", v, time.Since(start).Seconds()*1000)
}

// From an unknown machine to sound and back, in the commands of the manual.
func TestSetupPath(t *testing.T) {
	o, chip := owner{t}, makeGPIO(t, "GPIO17", "GPIO22")
	t.Cleanup(func() { os.RemoveAll(filepath.Dir(firstConfig)) })
	o.expects([]string{firstConfig + ": written"}, "submixd", "-init", "-config", firstConfig)
	o.expects([]string{firstConfig + ": no mistakes"}, "submixd", "-check", "-config", firstConfig)
	if printed, status := o.types("submixd", "-init", "-config", firstConfig); status != 1 || !strings.Contains(printed, "left as it is") {
		t.Errorf("over a configuration: status %d: %s", status, printed)
	}
	text := readFile(t, firstConfig)
	for _, want := range []string{`device = "hw:SrcA,0"`, `name = "srcb-1"`, `device = "hw:SrcB,1"`, `#chip = "` + chip.Label + `"`, `#line = "GPIO17"`} {
		if !strings.Contains(text, want) {
			t.Errorf("the configuration has no %s:\n%s", want, text)
		}
	}

	out := startRecorder(t, "hw:SrcA,1", 2)
	startPlayer(t, "hw:SrcB,0", 2, 240, constant(8000))
	startPlayer(t, "hw:SrcC,0", 2, 240, constant(1000))
	b := startFirst(t)
	level(t, out, 9000)
	o.expects([]string{
		`device hw:SrcA,0 direction=playback formats=S16_LE rates=48000 channels=2 busy=yes user="submix output" card="Loopback"`,
		`device hw:SrcB,1 direction=capture formats=S16_LE rates=48000 channels=2 busy=yes user="submix stream srcb-1" card="Loopback"`,
		fmt.Sprintf(`busy=yes user="guest.test (pid %d)"`, os.Getpid()),
		`device hw:SrcB,1 direction=playback`, `busy=no`,
	}, "submixctl", "devices")
	o.expects(nil, "submixctl", "remove", "srcc-1")
	level(t, out, 8000)
	o.expects(nil, "submixctl", "add", "second", "hw:SrcC,1", "gain=0")
	level(t, out, 9000)
	o.expects([]string{"stream second state=live"}, "submixctl", "streams")
	o.expects(nil, "submixctl", "mute", "second")
	level(t, out, 8000)
	o.expects([]string{"submix running, 7 streams", "\nsecond     muted   #", "\nout "}, "submixctl", "top", "-once")
	o.expects([]string{
		"ok configuration: " + firstConfig + " has no mistakes", "ok daemon: the mix is running", "ok limits: ",
		"ok threads: the mixing thread is SCHED_FIFO 60", "is a real-time kernel", "ok cards: ", "ok state: submixd may write to /var/lib/submix",
	}, "submixctl", "doctor")
	b.inTime()
	o.expects(nil, "submixctl", "end")
	level(t, out, 0)
	within(t, time.Second, "ended", func() bool { return b.status()["state"] == "ended" })
}

// Two cards at one hub are named by their sockets, and said to share what the hub has.
func TestHub(t *testing.T) {
	o := owner{t}
	for _, socket := range []string{"1-1.1", "1-1.4"} {
		within(t, 10*time.Second, "a card is at "+socket, func() bool {
			list, _ := filepath.Glob("/sys/bus/usb/devices/" + socket + ":1.0/sound/card*/pcm*p")
			return len(list) == 1
		})
	}
	for _, file := range []string{"usb1/speed", "usb1/bDeviceProtocol", "1-1/speed", "1-1/bDeviceProtocol", "1-1.1/speed", "1-1.4/speed"} {
		t.Logf("%s is %s", file, readFile(t, "/sys/bus/usb/devices/"+file))
	}
	t.Cleanup(func() { os.RemoveAll(filepath.Dir(firstConfig)) })
	o.expects([]string{"written"}, "submixd", "-init", "-config", firstConfig)
	if text := readFile(t, firstConfig); !strings.Contains(text, `device = "usb:1-1.1,0"`) || !strings.Contains(text, "#   usb:1-1.4,0") {
		t.Errorf("the configuration is\n%s", text)
	}
	b := startFirst(t)
	at := func(socket string) (line string) {
		for _, l := range b.do("devices") {
			if strings.Contains(l, " usb=usb:"+socket+",0 ") {
				line = l
			}
		}
		return line
	}
	within(t, 2*time.Second, "it plays", func() bool { return strings.Contains(at("1-1.1"), `busy=yes user="submix output"`) })
	for _, socket := range []string{"1-1.1", "1-1.4"} {
		line := at(socket)
		t.Log(line)
		if !strings.Contains(line, " tt=1-1 ") || !strings.Contains(line, ` note="shares the 12 Mbit/s of USB 1-1 with hw:`) {
			t.Error("it does not say with which card it shares what")
		}
	}
	o.expects([]string{"warn usb: hw:", " share 12 Mbit/s at USB 1-1 -> plug one into another socket"}, "submixctl", "doctor")
}
