package gpio

import "strings"

// Chip is a GPIO chip of this machine, as it was when Chips looked.
type Chip struct {
	Name, Label string // gpiochip0, pinctrl-bcm2711
	Path        string // of its device node
	Pins        []Pin  // by offset
}

// Pin is one line of a chip.
type Pin struct {
	Name string // as GPIO17; empty if it has none
	User string // the program or driver that has requested it, as that calls itself; empty if it is free
}

// Chips lists the chips that this user may open. Nothing is requested, and no line changes.
func Chips() ([]Chip, error) {
	requesting.Lock()
	defer requesting.Unlock()
	_, found, err := scan(false)
	if err != nil {
		return nil, err
	}
	chips := make([]Chip, len(found))
	for i, c := range found {
		chips[i] = Chip{Name: c.name, Label: c.label, Path: c.path}
		for _, l := range c.lines {
			chips[i].Pins = append(chips[i].Pins, Pin{strings.TrimPrefix(l.name, c.name+"-"), l.user})
		}
	}
	return chips, nil
}

// Find returns the pin that l means. It returns ErrNoChip or ErrNoLine, wrapped, with what there is instead.
func Find(chips []Chip, l Line) (Pin, error) {
	var known []chip
	for _, c := range chips {
		known = append(known, c.known())
	}
	c, offset, err := find(known, l)
	if err != nil {
		return Pin{}, err
	}
	return chips[c].Pins[offset], nil
}

func (c Chip) known() chip {
	k := chip{name: c.Name, label: c.Label, path: c.Path}
	for _, p := range c.Pins {
		k.lines = append(k.lines, known{p.Name, p.User})
	}
	return k
}
