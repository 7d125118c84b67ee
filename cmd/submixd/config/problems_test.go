package config_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"submix/cmd/submixd/config"
)

// mistakes holds a file for each mistake, put after the shortest file that works, and the
// problems it must give: "line key: text", where the text is a part of the real one.
// Line 3 is the first of the added text.
var mistakes = []struct {
	name, text string
	want       []string
}{
	{"unknown key", "[mixer]\nrate = 48000\nratte = 1", []string{"5 [mixer] ratte: unknown key; [mixer] takes rate, channels,"}},
	{"unknown section", "[mixr]\nrate = 1\nx = 2", []string{"3 [mixr]: unknown section; the sections are [mixer],"}},
	{"unknown nested section", "[mixer.deep]\nrate = 1", []string{"3 [mixer] deep: unknown key"}},
	{"key that needs quotes", "[mixer]\n\"\\n\" = 1\n[\"a b\"]", []string{`4 [mixer] "\n": unknown key`, `5 ["a b"]: unknown section`}},
	{"wrong brackets", "[capture]\nname = \"a\"\ndevice = \"sim:tone\"", []string{"3 [capture]: is written [[capture]]"}},
	{"too many brackets", "[[mixer]]\nrate = 44100", []string{"3 [[mixer]]: is written [mixer]"}},
	{"section twice", "[mixer]\nrate = 1\n[mixer]\nrate = 2", []string{"4 [mixer] rate: 1 is not", "5 : already been defined"}},
	{"key twice", "[mixer]\nrate = 48000\n\nrate = 44100", []string{"6 : 'mixer.rate' has already been defined"}},

	{"rate", "[mixer]\nrate = 7999", []string{"4 [mixer] rate: 7999 is not a whole number of frames per second from 8000 to 192000"}},
	{"rate as text", "[mixer]\nrate = \"48000\"", []string{`4 [mixer] rate: "48000" is not a whole number`}},
	{"rate as float", "[mixer]\nrate = 48000.5", []string{`4 [mixer] rate: 48000.5 is not a whole number`}},
	{"rate beyond int", "[mixer]\nrate = 99999999999999999999", []string{"4 : out of range"}},
	{"channels", "[mixer]\nchannels = 0", []string{"4 [mixer] channels: 0 is not a whole number from 1 to 64"}},
	{"block", "[mixer]\nblock = 15", []string{"4 [mixer] block: 15 is not 0 (a tenth of a second) or 16 to 48000"}},
	{"block longer than a second", "[mixer]\nblock = 44101\nrate = 44100", []string{"4 [mixer] block: 44101 is not 0"}},
	{"negative block", "[mixer]\nblock = -1", []string{"4 [mixer] block: -1 is not a whole number of frames from 0"}},
	{"timeout without unit", "[mixer]\nstream_timeout = 100", []string{`4 [mixer] stream_timeout: 100 is not a time with its unit, as "100ms"`}},
	{"timeout of nothing", "[mixer]\nstream_timeout = \"0s\"", []string{`4 [mixer] stream_timeout: "0s" is not a time`}},
	{"timeout too long", "[mixer]\nstream_timeout = \"61s\"", []string{`4 [mixer] stream_timeout: "61s" is not a time`}},
	{"timeout in unknown unit", "[mixer]\nstream_timeout = \"1 sec\"", []string{`4 [mixer] stream_timeout: "1 sec" is not a time`}},
	{"capacity", "[mixer]\ncapacity = 0", []string{"4 [mixer] capacity: 0 is not a whole number of blocks from 1 to 1000"}},
	{"limiter", "[mixer]\nlimiter = \"on\"", []string{`4 [mixer] limiter: "on" is not true or false`}},
	{"baud of nothing", "[control]\n[serial]\nport = \"/dev/ttyS0\"\nbaud = 0", []string{"6 [serial] baud: 0 is not a whole number of bits per second"}},

	{"no name", "[[capture]]\ndevice = \"sim:tone\"", []string{"3 [[capture]] name: missing"}},
	{"no device", "[[capture]]\nname = \"mic\"", []string{"3 [[capture]] mic device: missing"}},
	{"name with capitals", capture("Mic", ""), []string{`4 [[capture]] name: "Mic" is not a name: 1 to 32 of a-z`}},
	{"name too long", capture(strings.Repeat("a", 33), ""), []string{"4 [[capture]] name: "}},
	{"name of another type", "[[capture]]\nname = 5\ndevice = \"sim:tone\"", []string{"4 [[capture]] name: 5 is not a name"}},
	{"reserved all", capture("all", ""), []string{`4 [[capture]] name: "all" is a reserved name`}},
	{"reserved out", capture("out", ""), []string{`4 [[capture]] name: "out" is a reserved name`}},
	{"name twice", capture("mic", "") + capture("mic", ""), []string{`8 [[capture]] name: "mic" is already the name of the [[capture]] of line 3`}},
	{"gain", capture("mic", "gain = 24.5"), []string{"6 [[capture]] mic gain: 24.5 is not a number of dB from -120 to 24"}},
	{"gain as text", capture("mic", "gain = \"-6 dB\""), []string{`6 [[capture]] mic gain: "-6 dB" is not a number of dB`}},
	{"gain that is none", capture("mic", "gain = nan"), []string{"6 [[capture]] mic gain: NaN is not a number of dB"}},
	{"mute", capture("mic", "mute = 1"), []string{"6 [[capture]] mic mute: 1 is not true or false"}},
	{"channel 0", capture("mic", "channels = [0, 1]"), []string{"6 [[capture]] mic channels: [0, 1] is not a list of the device's channels, numbers from 1"}},
	{"no channels", capture("mic", "channels = []"), []string{"6 [[capture]] mic channels: [] is not a list"}},
	{"channels of another type", capture("mic", "channels = 2"), []string{"6 [[capture]] mic channels: 2 is not a list"}},
	{"channels over several lines", capture("mic", "channels = [\n1, # left\n\"2\",\n]"), []string{`6 [[capture]] mic channels: [1, "2"] is not a list`}},
	{"three channels for two", capture("mic", "channels = [1, 2, 3]"), []string{"6 [[capture]] mic channels: the list has 3 channels; it may have 1 (for every channel of the mix) or 2"}},
	{"channels of a mix that is wrong itself", capture("mic", "channels = [1, 2, 3]") + "\n[mixer]\nchannels = -3", []string{"9 [mixer] channels: -3"}},
	{"sync", capture("mic", `sync = "lock"`), []string{`6 [[capture]] mic sync: "lock" is not one of "adaptive", "locked"`}},
	{"latency", capture("mic", `latency = "12"`), []string{`6 [[capture]] mic latency: "12" is not "auto" or a time with its unit, as "12ms", from 1ms to 1s`}},
	{"latency as a number", capture("mic", `latency = 12`), []string{`6 [[capture]] mic latency: 12 is not "auto" or a time`}},
	{"latency too short", capture("mic", `latency = "999us"`), []string{`6 [[capture]] mic latency: "999us" is not "auto" or a time`}},
	{"latency too long", capture("mic", `latency = "1.001s"`), []string{`6 [[capture]] mic latency: "1.001s" is not "auto" or a time`}},
	{"negative latency", capture("mic", `latency = "-12ms"`), []string{`6 [[capture]] mic latency: "-12ms" is not "auto" or a time`}},
	{"priority", capture("mic", `priority = 10`), []string{"6 [[capture]] mic priority: 10 is not a whole number from 0 to 9"}},
	{"priority as text", capture("mic", `priority = "high"`), []string{`6 [[capture]] mic priority: "high" is not a whole number from 0 to 9`}},
	{"add", capture("mic", `add = "no"`), []string{`6 [[capture]] mic add: "no" is not true or false`}},
	{"device twice", "[[capture]]\nname = \"a\"\ndevice = \"hw:Mic,0\"\n[[capture]]\nname = \"b\"\ndevice = \"hw:Mic,0\"",
		[]string{`8 [[capture]] b device: hw:Mic,0 is already captured by "a" (line 3)`}},
	{"capture from what only plays", "[[capture]]\nname = \"a\"\ndevice = \"sim:null\"", []string{"5 [[capture]] a device: sim:null: bad simulated device: want one of sim:noise, "}},
	{"unknown setting of a simulated card", "[[capture]]\nname = \"a\"\ndevice = \"sim:tone?herz=1\"", []string{`5 [[capture]] a device: sim:tone?herz=1: bad simulated device: no setting "herz"`}},
	{"device of another type", "[[capture]]\nname = \"a\"\ndevice = 1", []string{"5 [[capture]] a device: 1 is not a device in quotes: hw:CARD,DEV"}},

	{"no command", "[[button]]\nname = \"red\"\nchip = \"c\"\nline = 1", []string{"3 [[button]] red: has no command; give it press, release, hold, double or repeat"}},
	{"no line", "[[button]]\nname = \"red\"\nchip = \"c\"\npress = \"end\"", []string{"3 [[button]] red line: missing"}},
	{"refused commands", button("red", 1, "press = \"nonsense 1\"\nhold = \"end\"\ndouble = \"nonsense 2\""),
		[]string{`7 [[button]] red press: "nonsense 1" is not a command: no such command`, `9 [[button]] red double: "nonsense 2" is not a command`}},
	{"empty command", button("red", 1, `press = ""`), []string{`7 [[button]] red press: "" is not a command, as "toggle mic"`}},
	{"command of two lines", button("red", 1, `press = "end\nstart"`), []string{`7 [[button]] red press: "end\nstart" is not a command`}},
	{"one of several commands refused", button("red", 1, `press = "end; nonsense"`), []string{`7 [[button]] red press: "end; nonsense" is not a command: no such command`}},
	{"release with hold", button("red", 1, "press = \"end\"\nrelease = \"start\"\nhold = \"end\""), []string{"8 [[button]] red release: does not go with hold: with hold, press waits"}},
	{"release with double", button("red", 1, "double = \"end\"\nrelease = \"start\""), []string{"8 [[button]] red release: does not go with double: with double, press waits"}},
	{"repeat with hold", button("red", 1, "repeat = \"end\"\nhold = \"start\""), []string{"7 [[button]] red repeat: does not go with hold: both run while"}},
	{"times without use", button("red", 1, "press = \"end\"\nhold_time = \"1s\"\ndouble_time = \"1s\"\nrepeat_rate = 5"),
		[]string{"8 [[button]] red hold_time: has no use without hold or repeat", "9 [[button]] red double_time: has no use without double", "10 [[button]] red repeat_rate: has no use without repeat"}},
	{"times", button("red", 1, "double = \"end\"\nrepeat = \"start\"\nhold_time = 800\ndouble_time = \"3s\"\nrepeat_rate = 21"),
		[]string{"9 [[button]] red hold_time: 800 is not a time", `10 [[button]] red double_time: "3s" is not a time with its unit, as "100ms", from 50ms to 2s`, "11 [[button]] red repeat_rate: 21 is not a number of times per second from 0.5 to 20"}},
	{"button twice", button("red", 1, `press = "end"`) + button("red", 2, `press = "end"`), []string{`9 [[button]] name: "red" is already the name of the [[button]] of line 3`}},
	{"line twice", button("red", 1, `press = "end"`) + led(1, "running"), []string{"10 [[led]] line: 1 of c is already used by the [[button]] of line 3"}},
	{"line of another type", "[[led]]\nchip = \"c\"\nline = 1.5\nshows = \"running\"", []string{`5 [[led]] line: 1.5 is not a gpio line: its name, as "GPIO17"`}},
	{"negative line", led(-1, "running"), []string{"5 [[led]] line: -1 is not a gpio line"}},
	{"active", button("red", 1, "press = \"end\"\nactive = \"down\""), []string{`8 [[button]] red active: "down" is not one of "low", "high"`}},
	{"pull", button("red", 1, "press = \"end\"\npull = true"), []string{`8 [[button]] red pull: true is not one of "up", "down", "none"`}},
	{"shows", led(1, "bright"), []string{`6 [[led]] shows: "bright" is not "running", "heartbeat", or "muted NAME"`}},
	{"shows nothing of a stream", led(1, "muted"), []string{`6 [[led]] shows: "muted" is not "running"`}},
	{"shows an unknown stream", capture("mic", "") + led(1, "muted mick"), []string{`10 [[led]] shows: "mick" is no [[capture]] of this file; allowed after "muted": any, out, mic`}},
	{"shows the heartbeat of a stream", led(1, "heartbeat mic"), []string{`6 [[led]] shows: "heartbeat mic" is not`}},
	{"heartbeat as", led(1, "heartbeat") + "as = \"blink\"", []string{"7 [[led]] as: a heartbeat flashes in its own way"}},
	{"as", led(1, "running") + "as = \"bright\"", []string{`7 [[led]] as: "bright" is not one of "on", "blink", "fast"`}},
	{"active light", led(1, "running") + "active = true", []string{`7 [[led]] active: true is not one of "low", "high"`}},
	{"shows that out is live", led(1, "live out"), []string{`6 [[led]] shows: "out" is no [[capture]] of this file; allowed after "live": any`}},
	{"shows what out cannot be", led(1, "stalled out"), []string{`6 [[led]] shows: "out" is no [[capture]]`}},

	{"encoder of nothing", "[[encoder]]\nname = \"e\"\nchip = \"c\"", []string{"3 [[encoder]] e line_a: missing", "3 [[encoder]] e line_b: missing", "3 [[encoder]] e turns: missing"}},
	{"turns", encoder("e", 1, "mute mic", ""), []string{`8 [[encoder]] e turns: "mute mic" is not "gain NAME"`}},
	{"turns an unknown stream", capture("mic", "") + encoder("e", 1, "gain mick", ""), []string{`12 [[encoder]] e turns: "mick" is no [[capture]] of this file; allowed after "gain": out, mic`}},
	{"encoder twice", encoder("e", 1, "gain out", "") + encoder("e", 3, "gain out", ""), []string{`11 [[encoder]] name: "e" is already the name of the [[encoder]] of line 3`}},
	{"encoder on one line", "[[encoder]]\nname = \"e\"\nchip = \"c\"\nline_a = 1\nline_b = 1\nturns = \"gain out\"", []string{"7 [[encoder]] e line_b: 1 of c is already used by the [[encoder]] of line 3"}},
	{"encoder on a button's line", button("red", 2, `press = "end"`) + encoder("e", 1, "gain out", ""), []string{"12 [[encoder]] e line_b: 2 of c is already used by the [[button]] of line 3"}},
	{"step", encoder("e", 1, "gain out", "step = 0\nsteps = 3\naccelerate = 2\nreverse = 1"), []string{"9 [[encoder]] e step: 0 is not a number of dB from 0.1 to 12",
		"10 [[encoder]] e steps: 3 is not 4, 2 or 1", "11 [[encoder]] e accelerate: 2 is not true", "12 [[encoder]] e reverse: 1 is not true"}},
	{"min above max", encoder("e", 1, "gain out", "min = 3\nmax = 3.0"), []string{"10 [[encoder]] e max: min = 3 is not below max = 3"}},
	{"min alone", encoder("e", 1, "gain out", "min = 24"), []string{"9 [[encoder]] e min: min = 24 is not below max = 24"}},

	{"no port", "[serial]\nbaud = 9600", []string{"3 [serial] port: missing"}},
	{"port of another type", "[serial]\nport = 0", []string{`4 [serial] port: 0 is not the path of a serial port, as "/dev/ttyAMA1"`}},
	{"baud", "[serial]\nport = \"/dev/ttyS0\"\nbaud = \"fast\"", []string{`5 [serial] baud: "fast" is not a whole number of bits per second`}},
	{"socket", "[control]\nsocket = \"\"", []string{`4 [control] socket: "" is not the path of a socket`}},
	{"on_end", "[control]\non_end = \"stop\"", []string{`4 [control] on_end: "stop" is not one of "wait", "exit"`}},
	{"a date", "[control]\non_end = 2026-01-02", []string{`4 [control] on_end: a date or time is not one of`}},
	{"a table", "[control]\non_end = {a = 1}", []string{`4 [control] on_end: a table is not one of`}},

	// Broken TOML: the rest is checked all the same, and nothing follows from what is torn.
	{"unclosed quote", "[control]\non_end = \"wait\n[serial]\nbaud = 1", []string{"4 : strings cannot contain newlines", "6 [serial] baud: 1 is not"}},
	{"unclosed list", capture("mic", "channels = [1, 2\nmute = 3") + led(1, "bright"), []string{"6 : (noticed on line 7)", `11 [[led]] shows: "bright"`}},
	{"unclosed header", "[[capture]\nname = \"A\"\n[control]\non_end = 1", []string{"3 : ", "6 [control] on_end: 1"}},
	{"long socket", "[control]\nsocket = \"/" + strings.Repeat("x", 103) + "\"", []string{`4 [control] socket: "/xxx`}},
	{"no value", "[control]\non_end =\nsocket = 1", []string{"4 : ", "5 [control] socket: 1"}},
	{"no quotes", "[control]\non_end = wait", []string{"4 : "}},
	{"name of a LED's capture torn", "[[capture]]\nname = mic\ndevice = \"sim:tone\"\n" + led(1, "muted mic"), []string{"4 : "}},
	{"command torn", button("red", 1, "press = end"), []string{"7 : "}},
	{"unclosed long text", "[control]\n\non_end = \"\"\"wait\nsocket = 1\n", []string{"5 : (noticed on line"}},
	{"long values before and after", "[control]\nsocket = \"\"\"\n\n\n\n\n\"\"\"\nx = [\n\n\n1,\n\n\n2\n\n]\non_end =\ny = '''\n\n\n\n\n'''\nz = 1",
		[]string{`4 [control] socket: "\n\n\n\n"`, "10 [control] x: unknown", "19 : ", "20 [control] y: unknown", "26 [control] z: unknown"}},
	{"long values before and after", "[[capture]]\nname = \"\"\"a\\\n\n\n  \\\n\"\"\"\ndevice = [\n[\n]\n,\n[\n1\n]\n]\non_end =\n",
		[]string{"9 [[capture]] a device: [[], [1]] is not a device", "17 : "}},
	{"value without end", "[control]\nsocket = [\n" + strings.Repeat("#\n", 250) + "[serial]\nbaud = 1", []string{"4 : ", "256 [serial] baud"}},
	{"zero byte", "[mixer]\nrate = \x00", []string{"4 : a zero byte"}},
	{"not text", "[control]\non_end = \"\xff\"", []string{"4 : "}},
}

func TestMistakes(t *testing.T) {
	for _, test := range mistakes {
		for _, ending := range []string{"\n", "\r\n"} {
			text := strings.ReplaceAll(minimal+test.text, "\n", ending)
			t.Run(fmt.Sprintf("%s %q", test.name, ending), func(t *testing.T) { expect(t, text, test.want...) })
		}
	}
}

func TestKeyBeforeSections(t *testing.T) {
	expect(t, "# a comment\n\nrate = 44100\n\"\" = [1, 2]\n"+minimal,
		"3 rate: stands in no section; the sections are [mixer],", "4 \"\": stands in no section")
}

func TestPlaybackIsRequired(t *testing.T) {
	expect(t, "", "1 [playback]: missing")
	expect(t, "[mixer]\n[playback]\n", "2 [playback] device: missing")
}

func TestPlaybackMistakes(t *testing.T) {
	expect(t, "[playback]\nperiods = 1\ndevice = \"sim:tone\"",
		"2 [playback] periods: 1 is not a whole number from 2 to 32",
		"3 [playback] device: sim:tone: bad simulated device: want one of sim:null")
	expect(t, "[playback]\ndevice = \"file:a.wav\"\n[[capture]]\nname = \"a\"\ndevice = \"file:a.wav\"",
		"5 [[capture]] a device: file:a.wav is what [playback] writes to")
}

// What a card holds is played out at the end, which may take 2 s; a file's sound need not be waited for.
func TestLongQueue(t *testing.T) {
	const card = "[playback]\ndevice = \"hw:Out,0\"\n"
	parse(t, card+"periods = 20\n[mixer]\nblock = 0")
	parse(t, card+"periods = 2\n[mixer]\nblock = 48000")
	parse(t, "[playback]\ndevice = \"file:a.wav\"\nperiods = 32\n[mixer]\nblock = 48000")
	expect(t, card+"periods = 21\n[mixer]\nblock = 0",
		"3 [playback] periods: 21 periods of 4800 frames are 2.1 s in the card's buffer; it may have 2 s: take fewer periods")
	expect(t, "[mixer]\nrate = 44100\nblock = 44100\n[playback]\ndevice = \"usb:1-1\"", "3 [mixer] block: 3 periods of 44100 frames are 3.0 s")
	expect(t, card+"periods = 99\n[mixer]\nblock = 48000", "3 [playback] periods: 99 is not")
	expect(t, "[mixer]\nblock = 50000\n[playback]\ndevice = \"usb:1-1\"\nperiods = 32", "2 [mixer] block: 50000 is not 0")
}

// The same card may be used by streams that are not in the mix together.
func TestDeviceSharedByTurns(t *testing.T) {
	parse(t, minimal+"[[capture]]\nname = \"a\"\ndevice = \"hw:Mic,0\"\n"+
		"[[capture]]\nname = \"b\"\ndevice = \"hw:Mic,0\"\nchannels = [2]\nadd = false")
}

func TestFileTooLarge(t *testing.T) {
	text := minimal + strings.Repeat("#", 64<<10-len(minimal))
	parse(t, text)
	expect(t, text+"\n", "1 : the file has 65537 bytes, more than the 65536")
}

func TestTwelveMistakesAtOnce(t *testing.T) {
	expect(t, `# A box in a hurry.
[mixer]
rate = 1
blok = 240
stream_timeout = "soon"

[playback]
device = "hw:Out"

[[capture]]
name = "all"
device = "usb:1-1.2"
gain = "loud"

[[capture]]
name = "line"
device = "usb:1-1.3"
channels = [
    2,
    0,
]
sync = "yes"

[[capture]]
name = "line"
device = "sim:tone"

[[button]]
name = "red"
chip = "pinctrl-bcm2711"
line = "GPIO17"
press = "nonsense"

[serial]
baud = 115200

[control]
on_end = "stop" # and nothing else
`,
		"3 [mixer] rate: ",
		"4 [mixer] blok: unknown key",
		"5 [mixer] stream_timeout: ",
		"8 [playback] device: ",
		"11 [[capture]] name: ",
		"13 [[capture]] all gain: ",
		"18 [[capture]] line channels: ",
		"22 [[capture]] line sync: ",
		"25 [[capture]] name: ",
		"32 [[button]] red press: ",
		"34 [serial] port: missing",
		"38 [control] on_end: ",
	)
}

func capture(name, more string) string {
	return fmt.Sprintf("[[capture]]\nname = %q\ndevice = \"sim:tone\"\n%s\n", name, more)
}

func button(name string, line int, more string) string {
	return fmt.Sprintf("[[button]]\nname = %q\nchip = \"c\"\nline = %d\n%s\n", name, line, more)
}

func encoder(name string, line int, turns, more string) string {
	return fmt.Sprintf("[[encoder]]\nname = %q\nchip = \"c\"\nline_a = %d\nline_b = %d\nturns = %q\n%s\n", name, line, line+1, turns, more)
}

func led(line int, shows string) string {
	return fmt.Sprintf("[[led]]\nchip = \"c\"\nline = %d\nshows = %q\n", line, shows)
}

// expect checks that text gives exactly the problems wanted, in order, each "line key: part of the text".
func expect(t *testing.T, text string, want ...string) {
	t.Helper()
	_, err := config.Parse("submix.toml", []byte(text), refuseNonsense)
	var got config.Problems
	if err != nil && !errors.As(err, &got) {
		t.Fatalf("%v is not of type Problems", err)
	}
	ok := len(got) == len(want)
	for i := 0; ok && i < len(want); i++ {
		where, part, _ := strings.Cut(want[i], ": ")
		ok = fmt.Sprintf("%d %s", got[i].Line, got[i].Key) == where && strings.Contains(got[i].Text, part)
	}
	if !ok {
		t.Errorf("%.1000s\ngave\n%v\nwant\n%s", text, err, strings.Join(want, "\n"))
	}
}
