package config_test

import (
	"encoding/json"
	"strings"
	"testing"

	"submix/cmd/submixd/config"
)

func TestDevices(t *testing.T) {
	for _, test := range []struct {
		text string
		want config.Device
	}{
		{"hw:Out,0", config.Device{Kind: config.HW, Name: "Out"}},
		{"hw:3,12", config.Device{Kind: config.HW, Name: "3", Number: 12}},
		{"usb:1-1.2", config.Device{Kind: config.USB, Name: "1-1.2"}},
		{"usb:3-1.4.1,1", config.Device{Kind: config.USB, Name: "3-1.4.1", Number: 1}},
		{"file:/a b/c.WAV", config.Device{Kind: config.File, Name: "/a b/c.WAV"}},
		{"sim:tone?hz=440&ppm=-80", config.Device{Kind: config.Sim, Name: "tone?hz=440&ppm=-80"}},
		{"sim:null", config.Device{Kind: config.Sim, Name: "null"}},
	} {
		got, err := config.ParseDevice(test.text)
		if err != nil || got != test.want {
			t.Errorf("ParseDevice(%q) = %+v, %v, want %+v", test.text, got, err, test.want)
		}
		if again, err := config.ParseDevice(got.String()); err != nil || again != got {
			t.Errorf("ParseDevice(%q) = %+v, %v, want %+v as at first", got.String(), again, err, got)
		}
		var again config.Device
		if saved, err := json.Marshal(got); err != nil || json.Unmarshal(saved, &again) != nil || again != got {
			t.Errorf("%+v is saved as %s, %v, and read as %+v", got, saved, err, again)
		}
	}
	for _, text := range []string{
		"", "hw", "hw:", "hw:Out", "hw:Out,", "hw:Out,x", "hw:Out,-1", "hw:Out,0,0", "hw:,0", "hw:A B,0", "hw:0123456789abcdef,0",
		"usb:", "usb:1", "usb:1-", "usb:1-1.", "usb:1-1.2,", "usb:a-1", "file:", "file:.wav", "file:a.mp3",
		"sim:", "sim:?hz=1", "sim:tone?hz=4 4", "HW:Out,0", "plughw:0,0", " hw:0,0",
	} {
		_, err := config.ParseDevice(text)
		if err == nil || !strings.Contains(err.Error(), "hw:CARD,DEV") {
			t.Errorf("ParseDevice(%q): %v, want an error that lists the forms", text, err)
		}
	}
}
