package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"submix/cmd/submixd/initial"
	"submix/hw/alsa"
)

const goodConfig = "[playback]\ndevice = \"sim:null\"\n[mixer]\nblock = 480\n"

// A box starts with its owner's configuration, with the last good one, or with one of its own making, in this order, and
// writes only what is new.
func TestConfigFileBegins(t *testing.T) { synctest.Test(t, testConfigFileBegins) }

func testConfigFileBegins(t *testing.T) {
	dir := t.TempDir()
	f := configFile{path: filepath.Join(dir, "user.toml"), good: filepath.Join(dir, "state", "submix.toml"), warn: func(err error) { t.Error(err) }}
	f.find = func() initial.Machine { return initial.Machine{} }
	begin := func(want string) (block int) {
		t.Helper()
		cfg, instead, err := f.begin()
		if err != nil {
			t.Fatal(err)
		}
		if !strings.HasPrefix(instead, want) || want == "" && instead != "" {
			t.Errorf("begins because %q, want %q", instead, want)
		}
		return cfg.Mixer.Block
	}
	write := func(text string) {
		t.Helper()
		if err := os.WriteFile(f.path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	begin("a configuration made for the cards that were found is in use, for configuration: open " + f.path)
	if _, err := os.Stat(f.good); err == nil {
		t.Error("what the box made itself is kept as good")
	}

	write("\ufeff" + strings.ReplaceAll(goodConfig, "\n", "\r\n")) // as Windows has it
	if got := begin(""); got != 480 {
		t.Errorf("block is %d", got)
	}
	kept, err := os.Stat(f.good)
	if err != nil {
		t.Fatal(err)
	}
	begin("")
	if again, err := os.Stat(f.good); err != nil || !os.SameFile(kept, again) {
		t.Errorf("the same configuration is written again: %v", err)
	}

	write(goodConfig + "rate = 7\nblocks = 3\n")
	if got := begin("the last good configuration is in use, for " + f.path + ":5: [mixer] rate: 7 is not"); got != 480 {
		t.Errorf("block is %d", got)
	}
	if err := os.WriteFile(f.good, []byte("block ="), 0o644); err != nil {
		t.Fatal(err)
	}
	begin("a configuration made for the cards that were found is in use, for " + f.path + ":5: ")
}

// A disk that is full, or gone, is no reason not to start.
func TestConfigFileIsNotKept(t *testing.T) {
	dir := t.TempDir()
	var warned error
	f := configFile{path: filepath.Join(dir, "submix.toml"), good: "/proc/none/submix.toml", warn: func(err error) { warned = err }}
	if err := os.WriteFile(f.path, []byte(goodConfig), 0o644); err != nil {
		t.Fatal(err)
	}
	if _, instead, err := f.begin(); instead != "" || err != nil {
		t.Errorf("%q %v", instead, err)
	}
	if warned == nil || !strings.Contains(warned.Error(), "/proc/none") {
		t.Errorf("the warning is %v", warned)
	}
}

// What runs instead of the owner's configuration is in the log, in status and in the lights, until a reload takes a good one.
func TestBadConfigurationIsTold(t *testing.T) {
	inBubble(t, simulated3, func(r *rig) {
		const notice = `notice config text="the last good configuration is in use, for x:1: no"`
		r.b.startedWith("the last good configuration is in use, for x:1: no")
		r.says("status", notice)
		r.says("log", "x:1: no")
		if !r.b.scene().Fault {
			t.Error("no light tells")
		}
		r.says("reload")
		if len(r.b.notices()) != 0 || r.b.scene().Fault {
			t.Error("a good one was loaded, and it is told still")
		}
	})
}

// With -fallback the daemon starts whatever the file is; without it does not.
func TestFallbackIsAsked(t *testing.T) {
	path := filepath.Join(t.TempDir(), "submix.toml")
	if err := os.WriteFile(path, []byte("nonsense"), 0o644); err != nil {
		t.Fatal(err)
	}
	for _, args := range [][]string{{"-config", path}, {"-fallback", "-check", "-config", path}} {
		var out, errs bytes.Buffer
		if status := run(args, nil, &out, &errs); status != 2 || !strings.Contains(errs.String(), path+":1:") {
			t.Errorf("%q: status %d, %s", args, status, &errs)
		}
	}
}

// Cards that come one after the other after power-on are all in the configuration that is made for them; where none comes,
// the box goes on without.
func TestCardsAreWaitedFor(t *testing.T) {
	for _, c := range []struct {
		come []time.Duration // when
		took time.Duration
	}{
		{nil, 15 * time.Second},
		{[]time.Duration{0}, 3 * time.Second},
		{[]time.Duration{4500 * time.Millisecond, 6 * time.Second}, 9 * time.Second},
	} {
		synctest.Test(t, func(t *testing.T) {
			start := time.Now()
			m := settled(func() (m initial.Machine) {
				for i, at := range c.come {
					if time.Since(start) >= at {
						m.Cards = append(m.Cards, alsa.Card{Number: i, ID: string(rune('A' + i)), Devices: []alsa.Device{{}}})
					}
				}
				return m
			})
			if took := time.Since(start); len(m.Cards) != len(c.come) || took != c.took {
				t.Errorf("cards that come at %v: %d are found after %v", c.come, len(m.Cards), took)
			}
		})
	}
}
