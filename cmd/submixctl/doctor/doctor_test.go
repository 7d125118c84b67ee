package doctor

import (
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"submix/control"
	"submix/hw/gpio"
)

// tree is a file system: text by path; after "->" where a link leads. An empty text is no file.
type tree map[string]string

func (files tree) write(t *testing.T) (root string) {
	t.Helper()
	root = t.TempDir()
	for path, text := range files {
		if text == "" {
			continue
		}
		path = filepath.Join(root, path)
		err := os.MkdirAll(filepath.Dir(path), 0o755)
		if to, link := strings.CutPrefix(text, "->"); err == nil && link {
			err = os.Symlink(to, path)
		} else if err == nil {
			err = os.WriteFile(path, []byte(text), 0o644)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	return root
}

func limit(rt, memory string) string {
	return "Limit                     Soft Limit           Hard Limit           Units     \n" +
		"Max locked memory         " + memory + "            8388608              bytes     \n" +
		"Max realtime priority     " + rt + "                   99                   \n"
}

func status(uid int, caps string, groups string) string {
	return fmt.Sprintf("Name:\tx\nUid:\t%d\t%d\t%d\t%d\nGid:\t%d\t%d\t%d\t%d\nGroups:\t%s\nCapEff:\t%s\n", uid, uid, uid, uid, uid, uid, uid, uid, groups, caps)
}

// stat is a thread's, with its terminal, priority and policy.
func stat(tty, priority, policy int) string {
	return fmt.Sprintf("7 (a (b) c) S 1 7 7 %d -1 4194560 1 0 0 0 1 2 0 0 20 0 3 0 100 1 2 3 4 5 6 7 8 9 10 11 12 13 14 0 17 0 %d %d 0 0 0\n", tty, priority, policy)
}

const wellConfig = `[playback]
device = "hw:Out,0"
[[capture]]
name = "mic"
device = "usb:1-1.1"
[[button]]
name = "red"
chip = "pins"
line = "GPIO17"
press = "toggle mic"
[[led]]
chip = "pins"
line = "1"
shows = "muted mic"
[[encoder]]
name = "vol"
chip = "pins"
line_a = "GPIO5"
line_b = "GPIO6"
turns = "gain out"
[serial]
port = "/dev/serial/by-id/adapter"
[control]
socket = "/run/box.sock"
`

// well is a box on which all is as it should be; the daemon is user 70, who asks is user 1000.
func well() tree {
	return tree{
		"etc/group":                               "root:x:0:\naudio:x:29:x\ngpio:x:97:\ndialout:x:20:\nsubmix:x:990:\n",
		"box.toml":                                wellConfig,
		"proc/9/comm":                             "submixctl\n",
		"proc/9/status":                           status(1000, "0000000000000000", "27 990"),
		"proc/9/limits":                           limit("0", "65536"),
		"proc/70/comm":                            "submixd\n",
		"proc/70/cmdline":                         "/usr/bin/submixd\x00-config\x00/box.toml\x00--state=/kept\x00",
		"proc/70/status":                          status(70, "0000000000000000", "20 29 97"),
		"proc/70/limits":                          limit("60", "unlimited"),
		"proc/70/task/70/stat":                    stat(0, 20, 1),
		"proc/70/task/71/stat":                    stat(0, 60, 1),
		"proc/70/mountinfo":                       "30 1 254:1 / / ro - squashfs /dev/root ro\n31 30 254:2 / /kept rw - ext4 /dev/vda8 rw\n33 30 0:5 / /kept/not rw - tmpfs none ro\n",
		"proc/9/mountinfo":                        "30 1 254:1 / / ro - squashfs /dev/root ro\n", // of its sandbox
		"proc/80/comm":                            "bash\n",
		"proc/80/stat":                            stat(34816, 0, 0), // pts/0
		"proc/sys/kernel/osrelease":               "6.12.30\n",
		"proc/sys/kernel/version":                 "#1 SMP PREEMPT_RT Mon Jan 1\n",
		"boot/config-6.12.30":                     "# CONFIG_HZ_100 is not set\nCONFIG_HZ=1000\n",
		"sys/class/sound/card0":                   "->../../devices/x/sound/card0",
		"sys/devices/x/sound/card0/id":            "Out\n",
		"sys/class/sound/card1":                   "->../../devices/usb1/1-1/1-1.1/1-1.1:1.0/sound/card1",
		"sys/class/sound/card2":                   "->../../devices/usb1/1-1/1-1.2/1-1.2:1.0/sound/card2",
		"sys/bus/usb/devices/usb1/speed":          "480\n",
		"sys/bus/usb/devices/1-1/speed":           "480\n",
		"sys/bus/usb/devices/1-1.1/speed":         "12\n",
		"sys/bus/usb/devices/1-1.2/speed":         "12\n",
		"sys/class/tty/console/active":            "tty0 ttyAMA0\n",
		"sys/class/tty/ttyUSB0/dev":               "188:0\n",
		"dev/serial/by-id/adapter":                "->../../ttyUSB0",
		"dev/ttyUSB0":                             "x",
		"sys/bus/usb/devices/1-1/bDeviceProtocol": "02\n",
		"sys/devices/usb1/1-1/1-1.1/1-1.1:1.0/sound/card1/id":  "Mic\n",
		"sys/devices/usb1/1-1/1-1.2/1-1.2:1.0/sound/card2/id":  "Line\n",
		"sys/devices/system/cpu/cpu0/cpufreq/scaling_governor": "performance\n",
		"sys/devices/system/cpu/cpu1/cpufreq/scaling_governor": "performance\n",
		"sys/devices/platform/soc/soc:firmware/get_throttled":  "0\n",
		"kept/state.json": "{}\n",
	}
}

// examine looks at the box of a tree; say is what the daemon answers to status.
func examine(t *testing.T, files tree, pins []gpio.Pin, say string) (all []string) {
	t.Helper()
	b := &Box{Root: files.write(t), Chips: []gpio.Chip{{Name: "gpiochip0", Label: "pins", Pins: pins}}, Socket: control.DefaultSocket}
	b.Ask = func(socket, _ string) (control.Reply, error) {
		if b.Config != nil && socket != "/run/box.sock" {
			t.Errorf("asked at %s", socket)
		}
		if say == "" {
			return control.Reply{}, errors.New("the daemon cannot be reached")
		}
		return control.Reply{Data: strings.Split(say, "\n")}, nil
	}
	if err := os.Chmod(b.path("kept"), 0o777); err != nil && !errors.Is(err, os.ErrNotExist) {
		t.Fatal(err)
	}
	b.processes("9")
	b.configure(b.path(b.Path))
	for _, f := range b.Findings() {
		all = append(all, strings.ReplaceAll(f.String(), b.Root, ""))
	}
	return all
}

var (
	wellPins = []gpio.Pin{{Name: "GPIO17", User: "submixd@70"}, {}, {Name: "GPIO5"}, {Name: "GPIO6"}}
	wellSays = "state: running\nuptime: 5\nload: 3.1\nxruns: 0"
	wellBox  = []string{
		"ok configuration: /box.toml has no mistakes",
		"ok daemon: the mix is running, and takes 3.1 % of its time",
		"ok user: user 1000 is in the group submix and may use the control socket",
		"ok rights: submixd is in audio, gpio, dialout",
		"ok limits: submixd may have real-time priority 60 and lock its memory",
		"ok threads: the mixing thread is SCHED_FIFO 60",
		"ok kernel: Linux 6.12.30 is a real-time kernel, HZ is 1000",
		"ok cards: every card of the configuration is there",
		"ok usb: no sound card is in another's way",
		"ok gpio: every button, encoder and light has its line",
		"ok serial: /dev/serial/by-id/adapter is there, and free of consoles and logins",
		"ok governor: every processor is on performance",
		"ok power: the board has had voltage enough",
		"ok state: submixd may write to /kept",
	}
)

func TestAllIsWell(t *testing.T) {
	if got := examine(t, well(), wellPins, wellSays); !slices.Equal(got, wellBox) {
		t.Errorf("found\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(wellBox, "\n"))
	}
}

// Paths that the daemon was given count from where it was started.
func TestPathsOfTheDaemon(t *testing.T) {
	files := well()
	files["proc/70/cmdline"] = "submixd\x00-config\x00box.toml\x00-state\x00../kept\x00"
	files["proc/70/cwd"], files["home/box.toml"], files["box.toml"] = "->/home", wellConfig, ""
	want := slices.Clone(wellBox)
	want[0] = "ok configuration: /home/box.toml has no mistakes"
	if got := examine(t, files, wellPins, wellSays); !slices.Equal(got, want) {
		t.Errorf("found\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

// Each fault alone is found, with what to do, and nothing else changes.
func TestFaults(t *testing.T) {
	hub := "sys/bus/usb/devices/1-1/bDeviceProtocol"
	for _, c := range []struct {
		name string
		set  tree
		pins []gpio.Pin
		says string
		want string // the findings that are new, but for what to do
		do   string // in that
	}{
		{name: "no file", set: tree{"box.toml": ""}, want: "bad configuration: /box.toml is not there", do: "submixd -init -config /box.toml"},
		{name: "mistake", set: tree{"box.toml": strings.Replace(wellConfig, "[control]", "baud = 3\n[control]", 1)}, want: "bad configuration: /box.toml:23: [serial] baud", do: "mend that line"},
		{name: "no answer", says: "-", want: "warn daemon: submixd runs (pid 70) and does not answer", do: "-socket"},
		{name: "no output", says: "state: no-output\nreason: \"hw:Out,0: no such sound device\"\nload: 0.0", want: "bad daemon: the mix is no-output: hw:Out,0", do: "devices"},
		{name: "xruns", says: wellSays + "\nxruns: 12", want: "warn daemon: the output has had 12 xruns", do: "periods"},
		{name: "crash", says: wellSays + "\ncrash: \"a driver\"", want: "warn daemon: a run did not end in order: a driver", do: "status"},
		{name: "user", set: tree{"proc/9/status": status(1000, "0", "27")}, want: "warn user: user 1000 is not in the group submix", do: "usermod -aG submix"},
		{name: "no group", set: tree{"etc/group": "audio:x:29:\ngpio:x:97:\ndialout:x:20:\n"}, want: "warn user: there is no group submix", do: "groupadd"},
		{name: "audio", set: tree{"proc/70/status": status(70, "0", "20 97")}, want: "bad rights: submixd is not in the group audio and may not open sound cards", do: "SupplementaryGroups=audio"},
		{name: "gpio", set: tree{"proc/70/status": status(70, "0", "20 29")}, want: "bad rights: submixd is not in the group gpio", do: "SupplementaryGroups=gpio"},
		{name: "dialout", set: tree{"proc/70/status": status(70, "0", "29 97")}, want: "bad rights: submixd is not in the group dialout", do: "SupplementaryGroups=dialout"},
		{name: "priority", set: tree{"proc/70/limits": limit("0", "unlimited")}, want: "bad limits: submixd may have a real-time priority of 0 at most", do: "LimitRTPRIO=60"},
		{name: "memory", set: tree{"proc/70/limits": limit("60", "8388608")}, want: "bad limits: submixd may lock 8388608 bytes", do: "LimitMEMLOCK=infinity"},
		{name: "ordinary thread", set: tree{"proc/70/task/71/stat": stat(0, 0, 0)}, want: "bad threads: no thread of submixd is SCHED_FIFO 60", do: "start it again"},
		{name: "other policy", set: tree{"proc/70/task/71/stat": stat(0, 60, 2)}, want: "bad threads: no thread", do: "start it again"},
		{name: "no real time", set: tree{"proc/sys/kernel/version": "#1 SMP PREEMPT\n"}, want: "warn kernel: Linux 6.12.30 is no real-time kernel", do: "PREEMPT_RT"},
		{name: "old", set: tree{"proc/sys/kernel/osrelease": "5.4.0\n"}, want: "bad kernel: Linux 5.4.0 is older than 5.10", do: "newer"},
		{name: "slow cable", set: tree{"boot/config-6.12.30": "CONFIG_HZ=250\n", "proc/asound/cards": " 0 [Out            ]: Loopback - Loopback\n       Loopback 1\n"},
			want: "warn kernel: HZ is 250: a cable (snd-aloop) moves only every 4 ms", do: "CONFIG_HZ=1000"},
		{name: "no card", set: tree{"sys/class/sound/card0": ""}, want: "bad cards: hw:Out,0, for the output, is not there", do: "plug it in"},
		{name: "no USB card", set: tree{"sys/class/sound/card1": ""}, want: "bad cards: usb:1-1.1,0, for stream mic, is not there", do: "plug it in"},
		{name: "one translator", set: tree{hub: "01\n"}, want: "warn usb: hw:Mic, hw:Line share 12 Mbit/s at USB 1-1", do: "multi TT"},
		{name: "USB 1.1", set: tree{hub: "00\n", "sys/bus/usb/devices/usb1/speed": "12\n"}, want: "warn usb: bus 1, with hw:Mic, hw:Line, is USB 1.1", do: "USB 2"},
		{name: "no line", pins: []gpio.Pin{{}, {}, {Name: "GPIO5"}, {Name: "GPIO6"}}, want: "bad gpio: button red: GPIO line GPIO17 of chip pins: no such GPIO line", do: "dtoverlay"},
		{name: "used", pins: []gpio.Pin{{Name: "GPIO17", User: "spi0 CS0"}, {}, {Name: "GPIO5"}, {Name: "GPIO6"}}, want: "bad gpio: button red: line GPIO17 of pins is used by \"spi0 CS0\"", do: "another line"},
		{name: "light used", pins: []gpio.Pin{{Name: "GPIO17"}, {User: "led0"}, {Name: "GPIO5"}, {Name: "GPIO6"}}, want: "bad gpio: light on 1: line 1 of pins is used by \"led0\"", do: "another line"},
		{name: "knob used", pins: []gpio.Pin{{Name: "GPIO17"}, {}, {Name: "GPIO5"}, {Name: "GPIO6", User: "i2c"}}, want: "bad gpio: encoder vol: line GPIO6 of pins is used by \"i2c\"", do: "another line"},
		{name: "knob without names", set: tree{"box.toml": strings.Replace(wellConfig, "GPIO5", "4", 1)}, pins: append(slices.Clone(wellPins), gpio.Pin{}),
			want: "bad gpio: encoder vol: line 4 of pins has no name of its own", do: "lines that have names"},
		{name: "no port", set: tree{"dev/ttyUSB0": ""}, want: "bad serial: /dev/serial/by-id/adapter is not there", do: "plug it in"},
		{name: "console", set: tree{"sys/class/tty/console/active": "ttyUSB0\n"}, want: "bad serial: /dev/serial/by-id/adapter is the kernel's console", do: "console=ttyUSB0"},
		{name: "quiet console", set: tree{"sys/class/tty/console/active": "ttyUSB0\n", "proc/sys/kernel/printk": "1\t4\t1\t7\n"},
			want: "warn serial: /dev/serial/by-id/adapter is the system's console too", do: "another port"},
		{name: "login", set: tree{"proc/81/comm": "agetty\n", "proc/81/stat": stat(188<<8, 0, 0)},
			want: "bad serial: /dev/serial/by-id/adapter is held by agetty (pid 81)", do: "serial-getty@ttyUSB0"},
		{name: "governor", set: tree{"sys/devices/system/cpu/cpu1/cpufreq/scaling_governor": "ondemand\n"}, want: "warn governor: a processor is on ondemand",
			do: "performance > /sys/devices/system/cpu/cpu1/"},
		{name: "powersave", set: tree{"sys/devices/system/cpu/cpu0/cpufreq/scaling_governor": "powersave\n"}, want: "warn governor: a processor is on powersave", do: "cpu0"},
		{name: "voltage", set: tree{"sys/devices/platform/soc/soc:firmware/get_throttled": "50005\n"}, want: "bad power: the board has too little voltage now", do: "supply"},
		{name: "voltage once", set: tree{"sys/devices/platform/soc/soc:firmware/get_throttled": "0x50000\n"}, want: "warn power: the board has had too little voltage", do: "supply"},
		{name: "heat", set: tree{"sys/devices/platform/soc/soc:firmware/get_throttled": "80008\n"}, want: "bad power: the board is slowed down now", do: "cool"},
		{name: "directory unknown", set: tree{"proc/70/cmdline": "submixd\x00-config\x00/box.toml\x00-state\x00kept\x00"},
			want: "warn state: kept counts from where submixd was started", do: "root"},
		{name: "read-only", set: tree{"proc/70/mountinfo": "30 1 254:1 / / ro - squashfs /dev/root ro\n31 30 254:2 / /kept rw,nosuid - ext4 /dev/vda8 ro,errors=remount-ro\n"},
			want: "bad state: /kept is on a read-only file system", do: "mount"},
		{name: "no directory", set: tree{"kept/state.json": ""}, want: "bad state: /kept is not there", do: "StateDirectory"},
	} {
		t.Run(c.name, func(t *testing.T) {
			files, pins, says := well(), wellPins, wellSays
			maps.Copy(files, c.set)
			if c.pins != nil {
				pins = c.pins
			}
			if c.says != "" {
				says = strings.TrimPrefix(c.says, "-")
			}
			var found []string
			for _, f := range examine(t, files, pins, says) {
				if !slices.Contains(wellBox, f) {
					found = append(found, f)
				}
			}
			if len(found) != 1 {
				t.Fatalf("found %q, want %q alone", found, c.want)
			}
			text, do, _ := strings.Cut(found[0], " -> ")
			if !strings.HasPrefix(text, c.want) || !strings.Contains(do, c.do) {
				t.Errorf("found %q, want %q with %q in what to do", found[0], c.want, c.do)
			}
		})
	}
}
