package doctor

import (
	"compress/gzip"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"

	"submix/hw/alsa"
)

// oldest is the first kernel with the requests for GPIO lines that are used here (GPIO_V2_GET_LINE_IOCTL).
var oldest = [2]int{5, 10}

func kernel(b *Box) (all []Finding) {
	const topic = "kernel"
	release, version := b.read("proc/sys/kernel/osrelease"), b.read("proc/sys/kernel/version")
	var n [2]int
	fmt.Sscanf(release, "%d.%d", &n[0], &n[1])
	if n[0] < oldest[0] || n[0] == oldest[0] && n[1] < oldest[1] {
		all = append(all, bad(topic, "install a newer one", "Linux %s is older than %d.%d, of which the GPIO lines are used", release, oldest[0], oldest[1]))
	}
	if !strings.Contains(version, "PREEMPT_RT") {
		all = append(all, warn(topic, "install a kernel with PREEMPT_RT, or have blocks of 5 ms and 3 periods at least",
			"Linux %s is no real-time kernel: drivers may hold up the mix for milliseconds", release))
	}
	hz, known := b.hz()
	cables := false
	for _, c := range alsa.Plugged(b.Root) {
		cables = cables || strings.HasPrefix(c.LongName, "Loopback ")
	}
	if known && hz < 1000 && cables {
		all = append(all, warn(topic, "install a kernel with CONFIG_HZ=1000", "HZ is %d: a cable (snd-aloop) moves only every %d ms", hz, 1000/hz))
	}
	if len(all) > 0 {
		return all
	}
	text := "Linux " + release + " is a real-time kernel"
	if known {
		text += fmt.Sprintf(", HZ is %d", hz)
	}
	return []Finding{ok(topic, "%s", text)}
}

// hz is CONFIG_HZ, if the kernel or its package has left its configuration somewhere.
func (b *Box) hz() (hz int, known bool) {
	text := b.read("boot/config-" + b.read("proc/sys/kernel/osrelease"))
	if f, err := os.Open(b.path("proc/config.gz")); err == nil {
		defer f.Close()
		if z, err := gzip.NewReader(f); err == nil {
			all, _ := io.ReadAll(z)
			text = string(all)
		}
	}
	for line := range strings.Lines(text) {
		if value, ok := strings.CutPrefix(strings.TrimSpace(line), "CONFIG_HZ="); ok {
			hz, err := strconv.Atoi(value)
			return hz, err == nil && hz > 0
		}
	}
	return 0, false
}

// governor looks whether the processor's clock waits for load before it rises: a block comes too soon for that.
func governor(b *Box) []Finding {
	const topic = "governor"
	all := b.glob("sys/devices/system/cpu/cpu[0-9]*/cpufreq/scaling_governor")
	for _, path := range all {
		if g := b.read(path); g != "performance" {
			return []Finding{warn(topic, "at each boot, for each processor: echo performance > "+path,
				"a processor is on %s: its clock rises only after blocks have been late", g)}
		}
	}
	if len(all) == 0 {
		return []Finding{ok(topic, "the processors' clock is not governed")}
	}
	return []Finding{ok(topic, "every processor is on performance")}
}

// Bits of get_throttled: the Pi's firmware, as vcgencmd get_throttled shows them.
const (
	underVoltageNow  = 1 << 0
	throttledNow     = 1<<1 | 1<<2 | 1<<3
	underVoltageOnce = 1 << 16
	throttledOnce    = 1<<17 | 1<<18 | 1<<19
)

// power looks what the firmware of a Pi says of it; other boards say nothing.
func power(b *Box) []Finding {
	const topic = "power"
	const supply = "use the board's own power supply and a short cable; give USB cards a hub with its own"
	text := b.read("sys/devices/platform/soc/soc:firmware/get_throttled")
	if text == "" {
		return nil
	}
	bits, err := strconv.ParseUint(strings.TrimPrefix(text, "0x"), 16, 64)
	switch {
	case err != nil:
		return []Finding{warn(topic, "", "the firmware says %q", text)}
	case bits&underVoltageNow != 0:
		return []Finding{bad(topic, supply, "the board has too little voltage now")}
	case bits&throttledNow != 0:
		return []Finding{bad(topic, "cool it", "the board is slowed down now, for heat (%s)", text)}
	case bits&underVoltageOnce != 0:
		return []Finding{warn(topic, supply, "the board has had too little voltage since it was switched on")}
	case bits&throttledOnce != 0:
		return []Finding{warn(topic, "cool it", "the board was slowed down since it was switched on (%s)", text)}
	}
	return []Finding{ok(topic, "the board has had voltage enough")}
}
