package gpio

import (
	"errors"
	"os"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

var someChips = []chip{
	{name: "gpiochip0", label: "pinctrl-bcm2711", path: "/dev/gpiochip0", lines: []known{{name: "ID_SDA"}, {name: "GPIO17"}, {name: ""}}},
	{name: "gpiochip1", label: "expander", path: "/dev/gpiochip1", lines: []known{{name: "gpiochip1-GPIO17"}, {name: "0"}}},
}

func TestFind(t *testing.T) {
	for _, c := range []struct {
		chip, line   string
		index, place int
		err          error
		says         string
	}{
		{"pinctrl-bcm2711", "GPIO17", 0, 1, nil, ""},
		{"gpiochip0", "2", 0, 2, nil, ""},
		{"/dev/gpiochip1", "GPIO17", 1, 0, nil, ""},
		{"expander", "0", 1, 1, nil, ""}, // a name wins over an offset
		{"pinctrl-rp1", "GPIO17", 0, 0, ErrNoChip, "pinctrl-bcm2711 (gpiochip0), expander (gpiochip1)"},
		{"pinctrl-bcm2711", "GPIO99", 0, 0, ErrNoLine, "offsets 0 to 2, ID_SDA, GPIO17"},
		{"pinctrl-bcm2711", "3", 0, 0, ErrNoLine, "offsets 0 to 2"},
		{"pinctrl-bcm2711", "-1", 0, 0, ErrNoLine, "offsets 0 to 2"},
		{"pinctrl-bcm2711", "", 0, 0, ErrNoLine, "offsets 0 to 2"},
		{"expander", "GPIO9", 0, 0, ErrNoLine, "offsets 0 to 1, GPIO17, 0"},
	} {
		index, place, err := find(someChips, Line{Chip: c.chip, Line: c.line})
		if !errors.Is(err, c.err) || index != c.index || place != c.place {
			t.Errorf("chip %q line %q: got %d, %d, %v; want %d, %d, %v", c.chip, c.line, index, place, err, c.index, c.place, c.err)
		}
		if err != nil && !strings.Contains(err.Error(), c.says) {
			t.Errorf("chip %q line %q: %q does not say %q", c.chip, c.line, err, c.says)
		}
	}
	if _, _, err := find(nil, Line{Chip: "pinctrl-rp1", Line: "GPIO17"}); !errors.Is(err, ErrNoChip) || !strings.Contains(err.Error(), "none") {
		t.Errorf("no chips at all: %v", err)
	}
}

func TestOpenWithoutTheChip(t *testing.T) {
	absent := Line{Chip: "no-such-chip", Line: "GPIO17"}
	if _, err := OpenInput(absent); !errors.Is(err, ErrNoChip) || !strings.Contains(err.Error(), "GPIO17 of chip no-such-chip") {
		t.Errorf("input: %v", err)
	}
	if _, err := OpenOutput(absent); !errors.Is(err, ErrNoChip) {
		t.Errorf("output: %v", err)
	}
	absent.Pull = "sideways"
	if _, err := OpenInput(absent); !errors.Is(err, ErrConfig) || !strings.Contains(err.Error(), `"sideways"`) {
		t.Errorf("pull: %v", err)
	}
}

// The library may close file 0 while it looks for chips; whatever was there must be there afterwards.
func TestStdinSurvives(t *testing.T) {
	spare, err := unix.FcntlInt(0, unix.F_DUPFD_CLOEXEC, 3)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { unix.Dup3(spare, 0, 0); unix.Close(spare) }()

	file, err := os.Open("gpio_test.go")
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	for _, open := range []bool{true, false} {
		if open {
			unix.Dup3(int(file.Fd()), 0, 0)
		} else {
			unix.Close(0)
		}
		restore, err := keepStdin()
		if err != nil {
			t.Fatal(err)
		}
		var before, after unix.Stat_t
		if err := unix.Fstat(0, &before); err != nil {
			t.Fatalf("stdin open %v: file 0 is not taken while the chips are looked for: %v", open, err)
		}
		unix.Close(0)
		restore()
		if err := unix.Fstat(0, &after); err != nil || after.Ino != before.Ino || after.Dev != before.Dev {
			t.Errorf("stdin open %v: file 0 is another one afterwards (%v)", open, err)
		}
	}
}
