package alsa

import (
	"os"
	"path/filepath"
	"testing"
)

// fakeUSB has a hub of each kind in sockets of one board, with cards behind them: speed and bDeviceProtocol of each.
var fakeUSB = map[string][2]string{
	"usb1": {"480", "01"}, // what an xHCI says of itself
	"1-1":  {"480", "01"}, "1-1.1": {"12", "00"}, "1-1.2": {"12", "00"}, "1-1.3": {"480", "00"},
	"1-2": {"480", "02"}, "1-2.1": {"12", "00"}, "1-2.2": {"12", "00"}, "1-2.3": {"12", "00"}, "1-2.3.1": {"12", "00"}, "1-2.3.2": {"12", "00"},
	"1-3": {"12", "00"}, "1-4": {"480", "00"},
	"1-5": {"12", "00"}, "1-5.1": {"12", "00"},
	"1-1.4": {"480", "02"}, "1-1.4.2": {"12", "00"}, // a hub in a hub
	"1-6": {"480", "01"}, "1-6.3": {"12", "00"}, "1-6.3.4": {"12", "00"},
}

func TestTranslator(t *testing.T) {
	sys := system{sys: t.TempDir()}
	for device, of := range fakeUSB {
		dir := filepath.Join(sys.sys, "bus/usb/devices", device)
		if err := os.MkdirAll(dir, 0o755); err != nil {
			t.Fatal(err)
		}
		for i, name := range []string{"speed", "bDeviceProtocol"} {
			if err := os.WriteFile(filepath.Join(dir, name), []byte(of[i]+"\n"), 0o644); err != nil {
				t.Fatal(err)
			}
		}
	}
	for _, c := range []struct{ port, want, why string }{
		{"1-1.1", "1-1", "one translator for the hub"},
		{"1-1.2", "1-1", "the same"},
		{"1-1.3", "", "high speed needs none"},
		{"1-2.1", "1-2.1", "one for the port"},
		{"1-2.2", "1-2.2", "another one"},
		{"1-2.3.1", "1-2.3", "behind a slow hub at a port with its own"},
		{"1-2.3.2", "1-2.3", "the same"},
		{"1-3", "", "a socket of the board"},
		{"1-4", "", "fast, in a socket of the board"},
		{"1-5.1", "1-5", "a slow hub in a socket of the board"},
		{"1-1.4.2", "1-1.4.2", "the nearest fast hub counts"},
		{"1-6.3.4", "1-6", "behind a slow hub behind one with one translator"},
		{"1-9", "", "gone"},
		{"", "", "no USB card"},
	} {
		if got := sys.translator(c.port); got != c.want {
			t.Errorf("%s (%s): %q, want %q", c.port, c.why, got, c.want)
		}
	}
}
