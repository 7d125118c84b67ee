package doctor

import (
	"cmp"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"submix/cmd/submixd/config"
	"submix/hw/alsa"
	"submix/hw/gpio"
)

// cards looks whether the cards of the configuration are plugged in.
func cards(b *Box) (all []Finding) {
	const topic = "cards"
	if b.Config == nil {
		return nil
	}
	there := alsa.Plugged(b.Root)
	missing := func(what string, d config.Device) {
		if !plugged(d, there) {
			all = append(all, bad(topic, "plug it in, or write the address of one that submixctl devices shows", "%s, for %s, is not there", d, what))
		}
	}
	missing("the output", b.Config.Playback.Device)
	for _, c := range b.Config.Captures {
		if c.Add {
			missing("stream "+c.Name, c.Device)
		}
	}
	if len(all) == 0 {
		all = append(all, ok(topic, "every card of the configuration is there"))
	}
	return all
}

// plugged reports that a device is that of a card that is there, or of none.
func plugged(d config.Device, there []alsa.Card) bool {
	if d.Kind != config.HW && d.Kind != config.USB {
		return true
	}
	return slices.ContainsFunc(there, func(c alsa.Card) bool {
		return d.Kind == config.USB && d.Name == c.USB || d.Kind == config.HW && (d.Name == c.ID || d.Name == strconv.Itoa(c.Number))
	})
}

// many is how many sound cards one USB controller may be trusted with: each keeps its bandwidth for as long as it
// plays, and the next one is refused (ENOSPC) when there is none left.
const many = 4

// usb looks whether cards are in one another's way on the bus.
func usb(b *Box) (all []Finding) {
	const topic = "usb"
	shared, buses := map[string][]string{}, map[string][]string{}
	for _, c := range alsa.Plugged(b.Root) {
		if c.USB == "" {
			continue
		}
		bus, _, _ := strings.Cut(c.USB, "-")
		buses[bus] = append(buses[bus], "hw:"+c.ID)
		if c.TT != "" {
			shared[c.TT] = append(shared[c.TT], "hw:"+c.ID)
		}
	}
	for _, tt := range slices.Sorted(maps.Keys(shared)) {
		if ids := shared[tt]; len(ids) > 1 {
			all = append(all, warn(topic, "plug one into another socket of the board, or have a hub with a translator for each port (multi TT)",
				"%s share 12 Mbit/s at USB %s", strings.Join(ids, ", "), tt))
		}
	}
	for _, bus := range slices.Sorted(maps.Keys(buses)) {
		ids := strings.Join(buses[bus], ", ")
		if speed := b.read("sys/bus/usb/devices/usb"+bus, "speed"); speed == "12" {
			all = append(all, warn(topic, "plug it into a socket for USB 2", "bus %s, with %s, is USB 1.1: 12 Mbit/s for all", bus, ids))
		} else if len(buses[bus]) > many {
			all = append(all, warn(topic, "plug some into sockets of another controller", "%d sound cards are on bus %s: %s", len(buses[bus]), bus, ids))
		}
	}
	if len(all) == 0 {
		all = append(all, ok(topic, "no sound card is in another's way"))
	}
	return all
}

// lines looks whether buttons, encoders and lights can have their GPIO lines.
func lines(b *Box) (all []Finding) {
	const topic = "gpio"
	if !b.usesGPIO() {
		return nil
	}
	if b.ChipsErr == nil && len(b.Chips) == 0 && len(b.glob("dev/gpiochip*")) > 0 {
		return []Finding{warn(topic, "ask as root, or in the group gpio", "this user may not open the GPIO chips, so that it is not known which lines there are")}
	}
	check := func(what, chip, line string, nameless bool) {
		pin, err := gpio.Find(b.Chips, gpio.Line{Chip: chip, Line: line})
		switch {
		case b.ChipsErr != nil:
			all = append(all, bad(topic, "be root, or in the group gpio", "%v", b.ChipsErr))
		case err != nil:
			all = append(all, bad(topic, "write a chip and a line that are there; they may want a dtoverlay", "%s: %v", what, err))
		case pin.User != "" && !strings.HasPrefix(pin.User, "submixd"):
			all = append(all, bad(topic, "choose another line, or end what uses it", "%s: line %s of %s is used by %q", what, line, chip, pin.User))
		case pin.Name == "" && !nameless:
			all = append(all, bad(topic, "choose lines that have names, as those of the board itself", "%s: line %s of %s has no name of its own, which an encoder needs", what, line, chip))
		}
	}
	for _, v := range b.Config.Buttons {
		check("button "+v.Name, v.Chip, v.Line, true)
	}
	for _, v := range b.Config.Encoders {
		check("encoder "+v.Name, v.Chip, v.LineA, false)
		check("encoder "+v.Name, v.Chip, v.LineB, false)
	}
	for _, v := range b.Config.LEDs {
		check("light on "+v.Line, v.Chip, v.Line, true)
	}
	if len(all) == 0 {
		all = append(all, ok(topic, "every button, encoder and light has its line"))
	}
	return all
}

// usesGPIO reports that something is configured that needs a GPIO line.
func (b *Box) usesGPIO() bool {
	return b.Config != nil && len(b.Config.Buttons)+len(b.Config.Encoders)+len(b.Config.LEDs) > 0
}

// serial looks whether the line is there for commands alone.
func serial(b *Box) (all []Finding) {
	const topic = "serial"
	if b.Config == nil || b.Config.Serial.Port == "" {
		return nil
	}
	port := b.Config.Serial.Port
	real, err := filepath.EvalSymlinks(b.path(port))
	if err != nil {
		return []Finding{bad(topic, "plug it in, or switch it on in config.txt; ls /dev/serial/by-id", "%s is not there", port)}
	}
	if info, err := os.Stat(real); err == nil && info.Mode().IsDir() {
		return []Finding{bad(topic, "write the path of a port", "%s is a directory", port)}
	}
	name := filepath.Base(real)
	if shared := slices.Contains(strings.Fields(b.read("sys/class/tty/console/active")), name); shared && b.quietKernel() {
		all = append(all, warn(topic, "have what reads there pass over lines that it does not know, or take another port",
			"%s is the system's console too, on which there is what it says while it starts, of updates, and when it fails", port))
	} else if shared {
		all = append(all, bad(topic, "take console="+name+" (or console=serial0) out of the kernel's command line", "%s is the kernel's console", port))
	}
	if holder := b.session(name); holder != "" {
		all = append(all, bad(topic, "systemctl disable --now serial-getty@"+name, "%s is held by %s", port, holder))
	}
	if len(all) == 0 {
		all = append(all, ok(topic, "%s is there, and free of consoles and logins", port))
	}
	return all
}

// quietKernel reports that the kernel says nothing on its consoles but its last words, as on the image.
func (b *Box) quietKernel() bool {
	level, _, _ := strings.Cut(b.read("proc/sys/kernel/printk"), "\t")
	return level == "0" || level == "1"
}

// session returns the process whose terminal a port is: a login, or what was started there. Submixd never takes one.
func (b *Box) session(name string) string {
	var major, minor int
	if _, err := fmt.Sscanf(b.read("sys/class/tty", name, "dev"), "%d:%d", &major, &minor); err != nil {
		return ""
	}
	tty := minor&0xff | major<<8 | minor&^0xff<<12 // tty_nr of proc(5)
	for _, path := range b.glob("proc/[0-9]*/stat") {
		if b.stat(path)[0] == tty {
			pid := filepath.Base(filepath.Dir(path))
			return fmt.Sprintf("%s (pid %s)", cmp.Or(b.read("proc", pid, "comm"), "a program"), pid)
		}
	}
	return ""
}
