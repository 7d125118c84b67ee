//go:build vm

package guest

import (
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"go.bug.st/serial"
)

// Configurations that doctor is asked about beside the box's own: what the first one wants is there when imageDoctor has made
// the second chip, and what the second one wants is not. The first chip is imageKernel's.
const (
	wellToml = `[playback]
device = "hw:Out,0"
[[button]]
name = "red"
chip = "submix-buttons-0"
line = "RED"
press = "mute out"
[[led]]
chip = "submix-buttons-1"
line = "GREEN"
shows = "running"
`
	faultyToml = wellToml + `[[capture]]
name = "mic"
device = "hw:Nowhere,1"
[[led]]
chip = "submix-buttons-0"
line = "DARK"
shows = "running"
[serial]
port = "/dev/ttyS7"
`
)

// imageDoctor has somebody at a serial port ask what ails the box, who is told what is true of it, and not of the sandbox of
// the console: the same as root, who has none.
func imageDoctor(t *testing.T, far serial.Port, all *string, user uint32) {
	t.Helper()
	for name, text := range map[string]string{"well": wellToml, "faulty": faultyToml} {
		path := "/run/" + name + ".toml"
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		defer os.Remove(path)
	}
	load := regexp.MustCompile(`takes [\d.]+ %`)
	ask := func(words string, problems ...string) {
		t.Helper()
		said := until(t, far, all, words+"\r", `(?s)\sstate: .*submix> $`)
		_, said, _ = strings.Cut(said, "\n") // what was typed
		said = strings.Join(strings.Fields(strings.TrimSuffix(said, "submix> ")), " ")
		out, _ := ordinary("/usr/bin/submixctl", strings.Fields(words)...).Output() // an error where something is bad
		want := strings.Replace(string(out), "root may do everything",
			fmt.Sprintf("user %d is in the group submix and may use the control socket", user), 1)
		if want = strings.Join(strings.Fields(want), " "); load.ReplaceAllString(said, "") != load.ReplaceAllString(want, "") {
			t.Errorf("%s: on the port it is\n%s\nand for root\n%s", words, said, want)
		}
		t.Logf("%s: %s", words, said)
		var found []string
		for _, at := range regexp.MustCompile(`\b(?:bad|warn) \w+: `).FindAllStringIndex(said, -1) {
			found = append(found, said[at[0]:])
		}
		if !slices.EqualFunc(found, problems, strings.HasPrefix) {
			t.Errorf("%s: there is to be %q amiss", words, problems)
		}
	}
	ask("doctor")
	ask("doctor /run/faulty.toml", "bad cards: hw:Nowhere,1, for stream mic, ", "bad gpio: light on GREEN: ", "bad gpio: light on DARK: ",
		"bad serial: /dev/ttyS7 is not there")
	makeGPIO(t, "GREEN")
	output(t, "/usr/bin/systemctl", "stop", "submixd")
	ask("doctor /run/well.toml", "warn daemon: submixd does not run") // it is not the first look at GREEN that counts
	output(t, "/usr/bin/systemctl", "start", "submixd")
}
