package gpio

import (
	"errors"
	"testing"
)

func TestFindAmongChips(t *testing.T) {
	chips := []Chip{{Name: "gpiochip4", Label: "pinctrl-rp1", Path: "/dev/gpiochip4", Pins: []Pin{{}, {"GPIO17", "buttons"}, {Name: "GPIO27"}}}}
	for _, c := range []struct {
		line Line
		want Pin
		err  error
	}{
		{Line{Chip: "pinctrl-rp1", Line: "GPIO17"}, Pin{"GPIO17", "buttons"}, nil},
		{Line{Chip: "gpiochip4", Line: "2"}, Pin{Name: "GPIO27"}, nil},
		{Line{Chip: "pinctrl-rp1", Line: "0"}, Pin{}, nil},
		{Line{Chip: "pinctrl-rp1", Line: "3"}, Pin{}, ErrNoLine},
		{Line{Chip: "pinctrl-bcm2711", Line: "GPIO17"}, Pin{}, ErrNoChip},
	} {
		if got, err := Find(chips, c.line); got != c.want || !errors.Is(err, c.err) {
			t.Errorf("%v: %+v, %v, want %+v, %v", c.line, got, err, c.want, c.err)
		}
	}
}
