package config_test

import (
	"errors"
	"os"
	"reflect"
	"strings"
	"testing"

	"submix/cmd/submixd/config"
)

// Whatever the file holds, it is read or every problem has a line of it, and no line is repaired twice.
func FuzzParse(f *testing.F) {
	example, err := os.ReadFile("example.toml")
	if err != nil {
		f.Fatal(err)
	}
	f.Add(string(example))
	for _, test := range mistakes {
		f.Add(minimal + test.text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		c, err := config.Parse("f", []byte(text), refuseNonsense)
		if err == nil {
			if c.Playback.Device.Kind == "" || c.Mixer.Block < 16 {
				t.Fatalf("%q is accepted as %+v", text, c)
			}
			sameWithCRLF(t, text, c)
			return
		}
		var problems config.Problems
		if !errors.As(err, &problems) || c != nil {
			t.Fatalf("%q: %v, %v", text, c, err)
		}
		last, torn := 1, 0
		for _, p := range problems {
			if p.Line < last || p.Line > strings.Count(text, "\n")+1 || p.Text == "" {
				t.Fatalf("%q: problem on line %d after line %d:\n%v", text, p.Line, last, err)
			}
			last = p.Line
			if p.Key == "" && p.Line == torn {
				t.Fatalf("%q: line %d is repaired twice:\n%v", text, torn, err)
			}
			if p.Key == "" {
				torn = p.Line
			}
		}
	})
}

// sameWithCRLF: line ends and a comment change nothing, but within a text of
// several lines.
func sameWithCRLF(t *testing.T, text string, want *config.Config) {
	if strings.Contains(text, "\r") || strings.Contains(text, `"""`) || strings.Contains(text, "'''") {
		return
	}
	other := strings.ReplaceAll(text, "\n", "\r\n") + "\r\n# the end\r\n"
	if got, err := config.Parse("f", []byte(other), refuseNonsense); len(other) < 32<<10 && (err != nil || !reflect.DeepEqual(got, want)) {
		t.Fatalf("%q is read as %+v; with CRLF as %+v, %v", text, want, got, err)
	}
}

// A device that is one is the same when it is written and read again.
func FuzzDevice(f *testing.F) {
	for _, s := range []string{"hw:Mic,0", "hw:0,255", "usb:1-1.2", "usb:1-1.2,3", "file:/a b.wav", "sim:tone?hz=440&db=-6"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		d, err := config.ParseDevice(text)
		if err != nil {
			if d != (config.Device{}) {
				t.Fatalf("%q: %+v, %v", text, d, err)
			}
			return
		}
		if again, err := config.ParseDevice(d.String()); err != nil || again != d {
			t.Fatalf("%q is %+v, written as %q that is %+v, %v", text, d, d, again, err)
		}
	})
}
