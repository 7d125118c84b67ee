//go:build vm

package guest

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"
)

// gpioChip is a chip of gpio-sim: lines that a test presses, and reads back when a program drives them.
// See Documentation/admin-guide/gpio/gpio-sim.rst of the kernel.
type gpioChip struct {
	Name  string // "gpiochip0": the device is /dev/ and the name
	Label string // as a configuration names it
	t     *testing.T
	sysfs string
	lines map[string]int // offsets
}

// makeGPIO makes a chip with the named lines, offsets from 0 on, all pulled down. It goes when the test ends.
func makeGPIO(t *testing.T, lines ...string) *gpioChip {
	t.Helper()
	chips, err := filepath.Glob("/sys/kernel/config/gpio-sim/*")
	if err != nil {
		t.Fatal(err)
	}
	c := &gpioChip{t: t, Label: fmt.Sprintf("submix-buttons-%d", len(chips)), lines: map[string]int{}}
	config := "/sys/kernel/config/gpio-sim/" + c.Label
	bank := config + "/bank0"
	made := []string{config, bank}
	for i, name := range lines {
		c.lines[name] = i
		made = append(made, fmt.Sprintf("%s/line%d", bank, i))
	}
	for i, dir := range made {
		if err := os.Mkdir(dir, 0o755); err != nil {
			t.Fatal(err)
		}
		if i == 1 {
			writeFile(t, bank+"/num_lines", fmt.Sprint(len(lines)))
			writeFile(t, bank+"/label", c.Label)
		}
		if i > 1 {
			writeFile(t, dir+"/name", lines[i-2])
		}
	}
	writeFile(t, config+"/live", "1")
	t.Cleanup(func() {
		writeFile(t, config+"/live", "0")
		for i := len(made) - 1; i >= 0; i-- {
			if err := os.Remove(made[i]); err != nil {
				t.Error(err)
			}
		}
	})
	c.Name = readFile(t, bank+"/chip_name")
	c.sysfs = filepath.Join("/sys/devices/platform", readFile(t, config+"/dev_name"), c.Name)
	return c
}

func (c *gpioChip) path(line, attribute string) string {
	c.t.Helper()
	offset, ok := c.lines[line]
	if !ok {
		c.t.Fatalf("%s has no line %q", c.Label, line)
	}
	return fmt.Sprintf("%s/sim_gpio%d/%s", c.sysfs, offset, attribute)
}

// pull sets what a switch on the line does: high or low.
func (c *gpioChip) pull(line string, high bool) {
	c.t.Helper()
	to := "pull-down"
	if high {
		to = "pull-up"
	}
	writeFile(c.t, c.path(line, "pull"), to)
}

// high reads a line's value: what a program drives, if it is an output, else how it is pulled.
func (c *gpioChip) high(line string) bool {
	c.t.Helper()
	return readFile(c.t, c.path(line, "value")) == "1"
}
