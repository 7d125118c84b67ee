//go:build vm

package guest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"submix/hw/alsa"
	"submix/hw/pcm"
)

const badBox = `
[mixer]
limiter = false
[playback]
device = "hw:Out,0"
[[capture]]
name = "a"
device = "hw:SrcA,1"
sync = "locked"
[serial]
port = "/dev/ttyS0"
baud = 115200
`

// heard starts a box with one stream of noise and returns a check that it came out unbroken since, bit for bit.
func heard(t *testing.T, toml string) (*box, func()) {
	out := startRecorder(t, "hw:Out,1", 2)
	noise := noiseOf(7)
	player := startPlayer(t, "hw:SrcA,0", 2, 240, noise)
	b := startBox(t, toml)
	b.is("a", "live", 2*time.Second)
	out.sleepUntil(out.frames() + 4800)
	from := out.frames()
	return b, func() {
		t.Helper()
		out.sleepUntil(out.frames() + 4800)
		b.unharmed("a")
		b.inTime()
		mix := out.stop()[2*from:]
		player.end()
		take := func(f, c int) int16 { return mix[2*f+c] }
		first := find(t, noise, []int{0, 1}, 100, take)
		if n := matches(noise, first, []int{0, 1}, len(mix)/2, take); n < len(mix)/2 {
			t.Errorf("the sound is broken after %.3f of %.3f s", float64(n)/48000, float64(len(mix)/2)/48000)
		}
		t.Logf("%.1f s of sound bit-exact meanwhile", float64(len(mix)/2)/48000)
	}
}

// badLine makes lines that are not commands: bytes of any kind, commands with wrong words, lines without end.
func badLine(r *rand.Rand) []byte {
	words := []string{"mute", "gain", "a", "out", "nobody", "add", "hw:SrcA,1", "hw:9,9", "=-6", "+nan", "gain=1e9", "\x1b[A", "\"", "ÿ"}
	var line []byte
	switch r.IntN(4) {
	case 0:
		for range r.IntN(20) {
			line = append(line, byte(r.IntN(256)))
		}
	case 1:
		line = append([]byte("frobnicate "), line...)
	default:
		for range 2 + r.IntN(2) {
			line = append(append(line, words[r.IntN(len(words))]...), ' ')
		}
		line = append(line, "nonsense"...)
	}
	if r.IntN(200) == 0 {
		line = bytes.Repeat([]byte("x"), 257+r.IntN(1000))
	}
	return append(line, []string{"\n", "\r", "\r\n"}[r.IntN(3)]...)
}

func TestBadSerialLinesAreNotHeard(t *testing.T) {
	b, unbroken := heard(t, badBox)
	const baud = 115200
	port := openSerial(t, testEnd, baud)
	replies := make(chan int, 1)
	go func() { // counts the errors, until the line that ends the test is answered
		errors, tail := 0, []byte{}
		buf := make([]byte, 4096)
		for {
			n, err := port.Read(buf)
			if err != nil {
				replies <- -1
				return
			}
			tail = append(tail, buf[:n]...)
			for {
				line, rest, ok := bytes.Cut(tail, []byte("\n"))
				if !ok {
					break
				}
				tail = rest
				if bytes.HasPrefix(line, []byte("ERR ")) {
					errors++
				}
				if bytes.HasPrefix(line, []byte("version: ")) {
					replies <- errors
					return
				}
			}
		}
	}()
	r := rand.New(rand.NewPCG(3, 4))
	const lines = 10000
	bytes, blank := 0, 0
	for range lines {
		line := badLine(r)
		if len(strings.Trim(string(line), " \t\r\n")) == 0 {
			blank++
		}
		bytes += len(line)
		time.Sleep(time.Duration(10*len(line)) * time.Second / baud) // which the emulated port does not take
		if _, err := port.Write(line); err != nil {
			t.Fatal(err)
		}
	}
	var errors int
	within(t, time.Minute, "version is answered after all that", func() bool {
		io.WriteString(port, "\nversion\n")
		select {
		case errors = <-replies:
			return true
		case <-time.After(100 * time.Millisecond):
			return false
		}
	})
	t.Logf("%d bad lines, %d bytes: %d errors answered; submixd holds %s kB", lines, bytes, errors, resident(t, b.pid()))
	if errors < lines-blank { // a line end within a line makes two of it
		t.Errorf("%d errors for %d bad lines that were not blank", errors, lines-blank)
	}
	if n := len(b.do("streams")); n != 1 {
		t.Errorf("%d streams", n)
	}
	unbroken()
}

func TestBadDevicesAreClearErrors(t *testing.T) {
	b, unbroken := heard(t, badBox)
	held, err := alsa.OpenCapture(alsa.Config{Device: "hw:SrcB,1"})
	if err != nil {
		t.Fatal(err)
	}
	defer held.Close()
	slow, err := alsa.OpenPlayback(alsa.Config{Device: "hw:SrcC,0", Rate: 44100, Formats: []pcm.Format{pcm.S16LE}})
	if err != nil { // the cable has 44.1 kHz and two channels from now on
		t.Fatal(err)
	}
	defer slow.Close()
	for _, c := range []struct {
		line, verdict string
		says          []string
	}{
		{"add x hw:SrcB,1", "ERR 51 ", []string{"hw:SrcB,1", "in use", "guest.test"}},
		{"add x hw:Nope,1", "ERR 52 ", []string{"hw:Nope,1", "SrcA", "SrcB"}},
		{"add x hw:SrcC,1 channels=3", "ERR 53 ", []string{"hw:SrcC,1", "3 channels", "2 channels", "44100"}},
		{"add x usb:9-9", "ERR 52 ", []string{"usb:9-9"}},
		{"add x cassette:1", "ERR 14 ", []string{"cassette:1", "hw:CARD,DEV"}},
		{"add a hw:SrcB,1", "ERR 30 ", []string{"a"}},
		{"add nobody", "ERR 20 ", []string{"nobody"}},
		{"remove nobody", "ERR 20 ", []string{"nobody"}},
	} {
		before := b.do("streams")
		_, verdict := b.try(c.line)
		t.Logf("%s: %s", c.line, verdict)
		if !strings.HasPrefix(verdict, c.verdict) {
			t.Errorf("%s: %s, want %s", c.line, verdict, c.verdict)
		}
		for _, s := range c.says {
			if !strings.Contains(verdict, s) {
				t.Errorf("%s: %q does not say %s", c.line, verdict, s)
			}
		}
		if after := b.do("streams"); len(after) != len(before) {
			t.Errorf("%s: %v", c.line, after)
		}
	}
	unbroken()
}

// twelve has twelve mistakes, one on each of these lines.
const twelve = `[mixer]
rate = 1
channels = "two"
block = -3
stream_timeout = "soon"
loudness = 11
[playback]
device = "cassette:1"
periods = 1
[[capture]]
name = "mic"
device = "hw:SrcA,1"
gain = 99.0
[[capture]]
name = "mic"
device = "hw:SrcB,1"
sync = "sometimes"
channels = [0]
[[button]]
name = "red"
chip = "x"
line = "RED"
press = "explode"
`

func TestBadConfigurationIsListedAndNotTaken(t *testing.T) {
	path := filepath.Join(t.TempDir(), "bad.toml")
	if err := os.WriteFile(path, []byte(twelve), 0o600); err != nil {
		t.Fatal(err)
	}
	out, err := ordinary("/bin/submixd", "-config", path, "-check").CombinedOutput()
	t.Logf("%v\n%s", err, out)
	exit, ok := err.(*exec.ExitError)
	if !ok || exit.ExitCode() != 2 {
		t.Errorf("submixd -check: %v, want exit status 2", err)
	}
	for _, line := range []int{2, 3, 4, 5, 6, 8, 9, 13, 15, 17, 18, 23} {
		if n := strings.Count(string(out), fmt.Sprintf("bad.toml:%d: ", line)); n != 1 {
			t.Errorf("%d mistakes on line %d, want 1", n, line)
		}
	}
	if n := bytes.Count(out, []byte("\n")); n != 12 {
		t.Errorf("%d lines, want 12", n)
	}

	b, unbroken := heard(t, badBox)
	b.configure(twelve)
	_, verdict := b.try("reload")
	if !strings.HasPrefix(verdict, "ERR 34 ") || !strings.Contains(verdict, "submix.toml:2:") {
		t.Errorf("reload: %s", verdict)
	}
	unbroken()
}

// The client gives the reply's verdict as its exit status, and JSON.
func TestBadCommandsFailTheClient(t *testing.T) {
	b, unbroken := heard(t, badBox)
	client := func(words ...string) (string, int) {
		out, err := ordinary("/bin/submixctl", append([]string{"-socket", b.socket}, words...)...).Output()
		if exit, ok := err.(*exec.ExitError); ok {
			return string(out), exit.ExitCode()
		} else if err != nil {
			t.Fatal(err)
		}
		return string(out), 0
	}
	if out, status := client("streams"); status != 0 || !strings.HasPrefix(out, "stream a state=live ") {
		t.Errorf("streams: %q, %d", out, status)
	}
	if _, status := client("mute", "nobody"); status != 1 {
		t.Errorf("mute nobody: exit status %d, want 1", status)
	}
	if out, _ := client("devices"); !strings.Contains(out, "device hw:SrcB,1 direction=capture") {
		t.Errorf("devices: %q", out)
	}
	out, status := client("-json", "streams")
	var reply struct {
		OK   bool
		Data []struct {
			State string
			Gain  float64
		}
	}
	if err := json.Unmarshal([]byte(out), &reply); err != nil || status != 0 || !reply.OK || len(reply.Data) != 1 || reply.Data[0].State != "live" {
		t.Errorf("-json streams: %q, %d, %v", out, status, err)
	}
	unbroken()
}
