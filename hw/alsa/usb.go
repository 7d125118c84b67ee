package alsa

import (
	"os"
	"path/filepath"
	"strings"
)

// Speeds of USB devices in Mbit/s, as sysfs has them. Low speed, 1.5, has no sound.
const (
	full = "12"
	high = "480"
)

// singleTT is bDeviceProtocol of a high-speed hub that has one translator for all of its ports; 2 is one with a
// translator for each (USB 2.0, 11.23.1).
const singleTT = "01"

// translator returns what the full-speed USB card at a port shares 12 Mbit/s in, and "" if it need not share them: it is
// faster, or plugged into the board itself. That is the transaction translator of the nearest hub of high speed on the
// way to the board, as in hub_port_init of drivers/usb/core/hub.c. A translator is named as the hub that has one for all
// its ports, as 1-1, or as the port that has one for itself, as 1-1.2; with it go all that are behind a slower hub there.
// The board's own ports count as one each: for all of a controller's together the kernel claims one translator as soon
// as there is no second, slow controller (rh_call_control in hcd.c), whatever there is.
func (sys system) translator(port string) string {
	if port == "" || sys.usb(port, "speed") != full {
		return ""
	}
	for own := port; ; {
		dot := strings.LastIndexByte(port, '.')
		if dot < 0 && port == own {
			return ""
		} else if dot < 0 {
			return port
		}
		hub := port[:dot]
		if sys.usb(hub, "speed") == high {
			if sys.usb(hub, "bDeviceProtocol") == singleTT {
				return hub
			}
			return port
		}
		port = hub
	}
}

// usb reads a file of a USB device; "" if there is none. The files are told in Documentation/ABI/testing/sysfs-bus-usb.
func (sys system) usb(device, file string) string {
	text, _ := os.ReadFile(filepath.Join(sys.sys, "bus/usb/devices", device, file))
	return strings.TrimSpace(string(text))
}
