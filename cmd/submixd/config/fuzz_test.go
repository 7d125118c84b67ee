package config_test

import (
	"errors"
	"os"
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
