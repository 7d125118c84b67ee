package control

import (
	"strings"
	"testing"
	"time"

	"submix/mixer"
)

// What is known of a stream's clock, in words that a program can rely on.
func TestClockOfAStream(t *testing.T) {
	adaptive := func(lock mixer.Lock, ppm float64) mixer.StreamInfo {
		return mixer.StreamInfo{Name: "mic", State: mixer.Live, Adaptive: true, Lock: lock, DriftPPM: ppm,
			Latency: 12_049 * time.Microsecond, Target: 12 * time.Millisecond, Fill: 7_051 * time.Microsecond}
	}
	for _, c := range []struct {
		info mixer.StreamInfo
		want string
	}{
		{adaptive(mixer.Seeking, -0.04), " latency=12.05 target=12.00 fill=7.05 sync=adaptive lock=seeking drift=+0.0 short="},
		{adaptive(mixer.Locked, 79.96), " latency=12.05 target=12.00 fill=7.05 sync=adaptive lock=locked drift=+80.0 short="},
		{adaptive(mixer.OutOfRange, -12345.6), " sync=adaptive lock=out-of-range drift=-12345.6 short="},
		{mixer.StreamInfo{Name: "tape", Lock: mixer.Locked}, " latency=0.00 target=0.00 fill=0.00 sync=locked lock=- drift=+0.0 short="},
	} {
		line := Thing("stream", c.info.Name, streamFields(c.info)...)
		if !strings.Contains(line, c.want) {
			t.Errorf("%s\nhas no %q", line, c.want)
		}
		objects, err := ParseData([]string{line})
		if _, isString := objects[0]["lock"].(string); err != nil || !isString {
			t.Errorf("%s is read as %v, %v", line, objects, err)
		}
	}
}

// What the image has to say is shown, and nothing where there is no image.
func TestSystemIsShown(t *testing.T) {
	d := emptyBox(t)
	d.box.System = System{"1.2", "rpi4", "B"}
	d.box.Notices = func() []Notice { return []Notice{{"update", "1.3 was given up"}} }
	r := d.Do(t.Context(), "socket", "version")
	if got := strings.Join(r.Data[2:], "\n"); got != "image: \"1.2\"\nboard: rpi4\nslot: B" {
		t.Errorf("version says %s", got)
	}
	r = d.Do(t.Context(), "socket", "status")
	if got := r.Data[len(r.Data)-1]; got != `notice update text="1.3 was given up"` {
		t.Errorf("status ends in %s", got)
	}
}

// Status shows how an earlier run ended, and nothing that could break the reply.
func TestCrashIsShown(t *testing.T) {
	d := emptyBox(t)
	if got := d.Do(t.Context(), "test", "status").String(); strings.Contains(got, "crash") {
		t.Errorf("without a crash:\n%s", got)
	}
	event := Thing("log", "n41", "level", bare("warn"), "text", text("stream gone"))
	d.box.Crash = &Crash{Time: time.Unix(1767268800, 0), Reason: "panic: \"x\"\n", Events: []string{"log 40 a=1\nOK", "nonsense", event}}
	r := d.Do(t.Context(), "test", "status")
	if got := strings.Join(r.Data[len(r.Data)-3:], "\n"); got != `crash: "panic: \"x\"\x0a"`+"\ncrash_time: 2026-01-01T12:00:00.000Z\n"+event {
		t.Errorf("status ends with\n%s", got)
	}
	if objects, err := ParseData(r.Data); err != nil || len(objects) != 2 || objects[1]["text"] != "stream gone" {
		t.Errorf("it is read as %v, %v", objects, err)
	}
}
