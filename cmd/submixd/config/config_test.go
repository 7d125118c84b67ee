package config_test

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"submix/cmd/submixd/config"
)

// minimal is the shortest file that works.
const minimal = `[playback]
device = "hw:Out,0"
`

func TestExampleHasEveryKey(t *testing.T) {
	got, err := config.Load("example.toml", refuseNonsense)
	if err != nil {
		t.Fatal(err)
	}
	const chip, hold, double = "pinctrl-bcm2711", 800 * time.Millisecond, 300 * time.Millisecond
	want := &config.Config{
		Mixer:    config.Mixer{Rate: 48000, Channels: 2, Block: 240, StreamTimeout: 100 * time.Millisecond, Capacity: 2, Limiter: true},
		Playback: config.Playback{Device: config.Device{Kind: config.HW, Name: "Out"}, Periods: 3},
		Captures: []config.Capture{
			{Name: "mic", Device: config.Device{Kind: config.USB, Name: "1-1.2"}, GainDB: -6, Channels: []int{1}, Add: true},
			{Name: "line", Device: config.Device{Kind: config.USB, Name: "1-1.4"}, Add: true},
			{Name: "jingle", Device: config.Device{Kind: config.File, Name: "/var/lib/submix/jingle.wav"}},
		},
		Buttons: []config.Button{
			{Name: "red", Chip: chip, Line: "GPIO17", ActiveLow: true, Pull: "up",
				Press: "toggle mic", Hold: "end", Double: "unmute all", HoldTime: hold, DoubleTime: double, RepeatRate: 5},
			{Name: "black", Chip: chip, Line: "GPIO27", ActiveLow: true, Pull: "up",
				Press: "toggle out; gain mic =-6", Hold: "start", HoldTime: hold, DoubleTime: double, RepeatRate: 5},
			{Name: "talk", Chip: chip, Line: "GPIO5", ActiveLow: true, Pull: "up",
				Press: "unmute mic", Release: "mute mic", HoldTime: hold, DoubleTime: double, RepeatRate: 5},
			{Name: "louder", Chip: chip, Line: "GPIO6", ActiveLow: true, Pull: "up",
				Press: "gain out +1", Repeat: "gain out +1 max=6", HoldTime: hold, DoubleTime: double, RepeatRate: 5},
		},
		Encoders: []config.Encoder{{Name: "volume", Chip: chip, LineA: "GPIO24", LineB: "GPIO25", ActiveLow: true, Pull: "up",
			Turns: "out", StepDB: 1, Accelerate: true, MinDB: -60, MaxDB: 6, Steps: 4}},
		LEDs: []config.LED{
			{Chip: chip, Line: "GPIO22", Shows: config.Shows{What: "muted", Name: "mic"}, As: "on"},
			{Chip: chip, Line: "GPIO23", Shows: config.Shows{What: "fault", Name: "any"}, As: "fast"},
		},
		Serial:  config.Serial{Port: "/dev/ttyAMA1", Baud: 115200},
		Control: config.Control{Socket: "/run/submix/control.sock", OnEnd: "wait"},
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("example.toml is read as\n%+v, want\n%+v", got, want)
	}
}

// The file that README.md shows is one that works.
func TestReadme(t *testing.T) {
	readme, err := os.ReadFile("../../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	var shown strings.Builder
	for line := range strings.Lines(string(readme)) {
		text, indented := strings.CutPrefix(line, "    ")
		blank := strings.TrimSpace(line) == ""
		switch {
		case shown.Len() == 0 && text != "[playback]\n":
		case indented || blank:
			shown.WriteString(text)
		default:
			got := parse(t, shown.String())
			if len(got.Captures) != 2 || len(got.Buttons) != 2 || len(got.LEDs) != 1 || got.Serial.Port == "" {
				t.Errorf("README.md shows %+v", got)
			}
			return
		}
	}
	t.Error("README.md shows no configuration")
}

func TestDefaults(t *testing.T) {
	got := parse(t, minimal)
	want := &config.Config{
		Mixer:    config.Mixer{Rate: 48000, Channels: 2, Block: 240, StreamTimeout: 100 * time.Millisecond, Capacity: 2, Limiter: true},
		Playback: config.Playback{Device: config.Device{Kind: config.HW, Name: "Out"}, Periods: 3},
		Serial:   config.Serial{Baud: 115200},
		Control:  config.Control{Socket: "/run/submix/control.sock", OnEnd: "wait"},
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("the shortest file is read as\n%+v, want\n%+v", got, want)
	}
}

// Everything that differs from its default, so that no key can be read into nothing.
func TestEveryKeyIsTakenOver(t *testing.T) {
	got := parse(t, `
[mixer]
rate = 44100
channels = 1
block = 0
stream_timeout = "1.5s"
capacity = 7
limiter = false
[playback]
device = "file:/tmp/out.wav"
periods = 4
[[capture]]
name = "a"
device = "hw:2,1"
gain = 3
mute = true
channels = [2]
sync = "locked"
latency = "12.5ms"
priority = 9
add = false
[[button]]
name = "b"
chip = "c"
line = 0
active = "high"
release = "end"
repeat = "start"
hold_time = "1.5s"
repeat_rate = 2.5
[[button]]
name = "b2"
chip = "c"
line = 1
pull = "none"
hold = "start"
double = "end"
double_time = "0.2s"
[[encoder]]
name = "e"
chip = "c"
line_a = "X"
line_b = 7
active = "high"
turns = "gain a"
step = 0.5
accelerate = false
min = -20
max = 0
steps = 2
reverse = true
[[encoder]]
name = "e2"
chip = "c"
line_a = 8
line_b = 9
pull = "none"
turns = "gain out"
[[led]]
chip = "c"
line = 2
shows = "clip out"
active = "low"
as = "blink"
[[led]]
chip = "c"
line = 3
shows = "heartbeat"
[serial]
port = "/dev/ttyS9"
baud = 9600
[control]
socket = "/tmp/s"
on_end = "exit"
`)
	want := &config.Config{
		Mixer:    config.Mixer{Rate: 44100, Channels: 1, Block: 4410, StreamTimeout: 1500 * time.Millisecond, Capacity: 7},
		Playback: config.Playback{Device: config.Device{Kind: config.File, Name: "/tmp/out.wav"}, Periods: 4},
		Captures: []config.Capture{{Name: "a", Device: config.Device{Kind: config.HW, Name: "2", Number: 1},
			GainDB: 3, Mute: true, Channels: []int{2}, Locked: true, Latency: 12500 * time.Microsecond, Priority: 9}},
		Buttons: []config.Button{
			{Name: "b", Chip: "c", Line: "0", Pull: "down", Release: "end", Repeat: "start", HoldTime: 1500 * time.Millisecond,
				DoubleTime: 300 * time.Millisecond, RepeatRate: 2.5},
			{Name: "b2", Chip: "c", Line: "1", ActiveLow: true, Pull: "none", Hold: "start", Double: "end",
				HoldTime: 800 * time.Millisecond, DoubleTime: 200 * time.Millisecond, RepeatRate: 5},
		},
		Encoders: []config.Encoder{
			{Name: "e", Chip: "c", LineA: "X", LineB: "7", Pull: "down", Turns: "a", StepDB: 0.5, MinDB: -20, Steps: 2, Reverse: true},
			{Name: "e2", Chip: "c", LineA: "8", LineB: "9", ActiveLow: true, Pull: "none", Turns: "out",
				StepDB: 1, Accelerate: true, MinDB: -120, MaxDB: 24, Steps: 4},
		},
		LEDs: []config.LED{
			{Chip: "c", Line: "2", ActiveLow: true, Shows: config.Shows{What: "clip", Name: "out"}, As: "blink"},
			{Chip: "c", Line: "3", Shows: config.Shows{What: "heartbeat"}, As: "on"},
		},
		Serial:  config.Serial{Port: "/dev/ttyS9", Baud: 9600},
		Control: config.Control{Socket: "/tmp/s", OnEnd: "exit"},
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("read as\n%+v, want\n%+v", got, want)
	}
}

// TOML has several ways to write a table; all mean the same here.
func TestTablesInEveryForm(t *testing.T) {
	want := parse(t, `
[mixer]
rate = 44100
block = 441
[playback]
device = "sim:null"
[[capture]]
name = "a"
device = "sim:tone"
[[capture]]
name = "b"
device = "sim:tone?hz=220"
`)
	got := parse(t, `mixer.rate = 44100
mixer.block = 441
playback = {device = "sim:null"}
capture = [
  # both
  {name = "a", device = "sim:tone"},
  {name = "b", device = "sim:tone?hz=220"},
]
`)
	if !reflect.DeepEqual(got, want) {
		t.Errorf("read as\n%+v, want\n%+v", got, want)
	}
}

func TestLoadOfNoFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "submix.toml")
	_, err := config.Load(path, nil)
	if !errors.Is(err, fs.ErrNotExist) || !strings.Contains(err.Error(), path) {
		t.Errorf("Load of a file that is not there: %v, want fs.ErrNotExist with the path", err)
	}
}

func TestLoadNamesThePath(t *testing.T) {
	path := filepath.Join(t.TempDir(), "submix.toml")
	if err := os.WriteFile(path, []byte("\nnonsense = 1\n"+minimal), 0o600); err != nil {
		t.Fatal(err)
	}
	_, err := config.Load(path, nil)
	var problems config.Problems
	if !errors.As(err, &problems) || !strings.HasPrefix(err.Error(), path+":2: nonsense: ") {
		t.Errorf("Load: %v, want Problems that begin with %s:2:", err, path)
	}
}

func parse(t *testing.T, text string) *config.Config {
	t.Helper()
	c, err := config.Parse("submix.toml", []byte(text), refuseNonsense)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// refuseNonsense stands for the command table.
func refuseNonsense(line string) error {
	if strings.Contains(line, "nonsense") {
		return errors.New("no such command")
	}
	return nil
}
