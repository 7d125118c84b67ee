package doctor

import (
	"slices"
	"strings"
	"testing"

	"submix/cmd/submixd/config"
)

// Who asks has no part in what a service that does not run may do.
func TestWithoutService(t *testing.T) {
	files := well()
	files["proc/70/comm"], files["usr/lib/systemd/system/submixd.service"] = "other\n", "[Service]\n"
	files["etc/submix/submix.toml"], files["var/lib/submix/state.json"] = wellConfig, "{}\n"
	const down = "warn daemon: submixd does not run, and what its unit lets it do is not looked at"
	for _, c := range []struct{ mounts, state string }{
		{"30 1 254:1 / / rw - ext4 /dev/root rw\n", "ok state: /var/lib/submix is there, on a file system that can be written"},
		{"30 1 254:1 / / ro - ext4 /dev/root rw\n", "bad state: /var/lib/submix is on a read-only file system"},
	} {
		files["proc/1/mountinfo"] = c.mounts
		var found []string
		for _, f := range examine(t, files, wellPins, "") {
			if !slices.Contains(wellBox, f) && !strings.HasPrefix(f, "ok configuration") {
				found = append(found, f)
			}
		}
		if !slices.EqualFunc(found, []string{down, c.state}, strings.HasPrefix) {
			t.Errorf("found %q, want %q and %q", found, down, c.state)
		}
	}
}

// Which lines there are is not known to who may not look.
func TestClosedChips(t *testing.T) {
	b := &Box{Root: tree{"dev/gpiochip0": "x"}.write(t), Config: &config.Config{LEDs: make([]config.LED, 1)}}
	if got := lines(b); len(got) != 1 || got[0].Level != Warn || !strings.Contains(got[0].Text, "not known which lines") {
		t.Errorf("found %q", got)
	}
}

// Without the daemon all that can be looked at is, for who asks; what only the daemon needs is not bad yet.
func TestWithoutDaemon(t *testing.T) {
	files := well()
	files["proc/70/comm"] = "other\n"
	files["proc/71/comm"], files["proc/71/cmdline"] = "submixd\n", "submixd\x00-demo\x00"
	files["etc/submix/submix.toml"], files["proc/9/status"] = wellConfig, status(1000, "0", "990")
	want := []string{
		"ok configuration: /etc/submix/submix.toml has no mistakes",
		"warn daemon: submixd does not run",
		"warn rights: this user (submixd does not run) is not in the group audio", "warn rights: this user (submixd does not run) is not in the group gpio",
		"warn rights: this user (submixd does not run) is not in the group dialout",
		"warn limits: this user (submixd does not run) may have a real-time priority of 0", "warn limits: this user (submixd does not run) may lock 65536 bytes",
		"warn state: /var/lib/submix is not there",
	}
	var found []string
	for _, f := range examine(t, files, wellPins, "") {
		if !slices.Contains(wellBox, f) {
			found = append(found, f)
		}
	}
	if !slices.EqualFunc(found, want, strings.HasPrefix) {
		t.Errorf("found\n%s\nwant\n%s", strings.Join(found, "\n"), strings.Join(want, "\n"))
	}
}
