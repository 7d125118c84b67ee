package main

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"submix/control"
)

// What goes to the journal has its priority and no time; the words are the same.
func TestJournal(t *testing.T) {
	f, err := os.Create(filepath.Join(t.TempDir(), "journal"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var stat unix.Stat_t
	if err := unix.Fstat(int(f.Fd()), &stat); err != nil {
		t.Fatal(err)
	}
	written := func() string {
		b, err := os.ReadFile(f.Name())
		if err != nil {
			t.Fatal(err)
		}
		f.Truncate(0)
		f.Seek(0, 0)
		return string(b)
	}
	write := func() {
		log := slog.New(control.NewLog(logHandler(f, isJournal(f), slog.LevelInfo))).With("stream", "mic")
		log.Debug("not written")
		log.Info("clip", control.EventClip.Attr(), "blocks", 3)
		log.Warn("level=INFO", "time", "now")
		log.Error("stuck\n<0>", "reason", "a read")
	}
	t.Setenv("JOURNAL_STREAM", fmt.Sprintf("%d:%d", stat.Dev, stat.Ino))
	write()
	const want = "<6>msg=clip stream=mic event=clip blocks=3\n" +
		"<4>msg=\"level=INFO\" stream=mic time=now\n" +
		"<3>msg=\"stuck\\n<0>\" stream=mic reason=\"a read\"\n"
	if got := written(); strings.ReplaceAll(got, " time=now", "") != strings.ReplaceAll(want, " time=now", "") {
		t.Errorf("the journal has\n%swant\n%s", got, want)
	}
	t.Setenv("JOURNAL_STREAM", fmt.Sprintf("%d:%d", stat.Dev, stat.Ino+1)) // of the service that this one was started from
	write()
	if got := written(); !strings.HasPrefix(got, "time=2") || !strings.Contains(got, " level=WARN msg=") {
		t.Errorf("the file has\n%s", got)
	}
}

func TestMachineClock(t *testing.T) {
	boot, _ := machineClock()
	b, err := os.ReadFile("/proc/uptime")
	if err != nil {
		t.Fatal(err)
	}
	var up float64
	fmt.Sscan(string(b), &up)
	if off := up - boot.Seconds(); off < -0.1 || off > 60 { // uptime was read later
		t.Errorf("the machine runs for %v, the kernel says %g s", boot, up)
	}
	dir := t.TempDir()
	for _, c := range []struct {
		content string
		want    bool
	}{{"0\n", false}, {"1\n", true}} {
		if err := os.MkdirAll(dir+"/rtc0", 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(dir+"/rtc0/hctosys", []byte(c.content), 0o644); err != nil {
			t.Fatal(err)
		}
		if got := setFromBattery(dir); got != c.want {
			t.Errorf("%q: %v", c.content, got)
		}
	}
	if setFromBattery(dir + "/none") {
		t.Error("a battery that is not there")
	}
}

// What happens to a box is told as it happens, in the words of the log.
func TestEventsOfTheBox(t *testing.T) {
	toml := strings.Replace(simulated3, "sim:tone?hz=440&db=-18", "sim:tone?hz=440&db=0", 1)
	toml = strings.Replace(toml, "gain = -6.0", "gain = 12.0", 1)
	inBubble(t, toml, func(r *rig) {
		ctx, cancel := context.WithCancel(r.Context())
		defer cancel()
		go monitor(ctx, r.b, slog.New(r.log))
		time.Sleep(3 * time.Second)
		r.card("line").Stall(time.Second)
		time.Sleep(3 * time.Second)
		r.card("mic").Unplug()
		time.Sleep(3 * time.Second)
		r.card("mic").Plug()
		time.Sleep(3 * time.Second)
		r.d.Do(ctx, "button red", "mute mic")
		r.d.Do(ctx, "serial", "gain mic =-200")
		r.d.Do(ctx, "serial", "remove nobody")
		r.says("end now")
		time.Sleep(time.Second)
		r.says("start")
		time.Sleep(time.Second)
		count := map[string]int{}
		for _, line := range r.log.Tail(control.LogEntries) {
			if _, event, ok := strings.Cut(line, " event="); ok {
				event, _, _ = strings.Cut(event, " ")
				count[event]++
			}
		}
		t.Log(count)
		for event, least := range map[string]int{"stall": 1, "return": 1, "unplug": 1, "replug": 1, "clip": 5, "command": 3, "refused": 1, "mix": 3, "lock": 1, "latency": 1} {
			if count[event] < least {
				t.Errorf("%d events %s, want %d at least", count[event], event, least)
			}
		}
		if count["clip"] > 2*14 { // of the stream and of the output, once a second each
			t.Errorf("%d clips in 14 s", count["clip"])
		}
		for _, want := range []string{
			"event=stall level=warn text=\"stream\" stream=line state=stalled",
			`event=command level=info text="command" origin="button red" line="mute mic"`,
			`event=mix level=info text="mix ended" state=ended`, `event=mix level=info text="mix begins" state=running`,
		} {
			r.wantLogged(1, want)
		}
	})
}
