package main

import (
	"strings"
	"testing"
	"time"

	"submix/control"
)

func TestReload(t *testing.T) {
	inBubble(t, simulated3, func(r *rig) {
		time.Sleep(100 * time.Millisecond)
		edit := func(pairs ...string) {
			t.Helper()
			r.configure(strings.NewReplacer(pairs...).Replace(simulated3))
			r.says("reload")
			time.Sleep(100 * time.Millisecond)
		}
		mic := r.card("mic")
		untouched := func() {
			t.Helper()
			if s := r.stream("mic"); r.card("mic") != mic || s.Short != 0 || s.Stalls != 0 {
				t.Errorf("mic was touched: %+v", s)
			}
		}

		edit("gain = -6.0", "gain = -3.0\nmute = true", "mute = true", "")
		r.streams("mic live", "line live")
		r.says("streams", "stream mic state=live gain=-3.0 mute=yes", "stream line state=live gain=0.0 mute=no")
		untouched()

		edit("gain = -6.0", "gain = -3.0\npriority = 9")
		r.says("streams", "stream mic state=live gain=-3.0 mute=no priority=9", "stream line state=live gain=0.0 mute=yes priority=0")
		untouched()

		edit("gain = -6.0", "gain = -3.0\nmute = true", "hz=660", "hz=1000") // another device
		r.streams("mic live", "line live")
		r.says("streams", "stream line state=live gain=0.0 mute=yes")
		untouched()

		for _, key := range []string{"latency = \"20ms\"", "sync = \"locked\""} { // made anew each time
			line := r.card("line")
			edit("gain = -6.0", "gain = -3.0\nmute = true", "hz=660\"", "hz=1000\"\n"+key)
			r.streams("mic live", "line live")
			if r.card("line") == line {
				t.Errorf("%s is not taken over", key)
			}
			untouched()
		}

		edit("gain = -6.0", "gain = -3.0\nmute = true", "add = false", "") // one more, one device as before
		r.streams("mic live", "line live", "spare live")
		untouched()

		edit("gain = -6.0", "gain = -3.0\nmute = true", "mute = true", "mute = true\nadd = false")
		r.streams("mic live")
		untouched()

		r.says("add line")
		r.configure(simulated3[:strings.Index(simulated3, "[[capture]]\nname = \"line\"")])
		r.says("reload")
		r.streams("mic live")
		r.says("streams", "gain=-6.0 mute=no")
		r.refuses("add line", control.CodeNoStream)
		untouched()

		r.configure("[playback]\n")
		r.says("status")
		r.refuses("reload", control.CodeConfig, "submix.toml:1: [playback] device: missing")
		r.streams("mic live")
		untouched()
		r.says("remove mic")
	})
}

// What commands have put in and taken out stays so, unless the file changes it.
func TestReloadKeepsWhatCommandsDid(t *testing.T) {
	inBubble(t, simulated3, func(r *rig) {
		r.says("remove mic")
		r.says("add spare")
		r.says("add new sim:tone")
		r.says("gain line =-20")
		r.configure(strings.NewReplacer("-6.0", "-5.0", "sim:noise\"", "sim:noise\"\ngain = -7.0").Replace(simulated3))
		r.says("reload")
		time.Sleep(100 * time.Millisecond)
		r.streams("line live", "spare live", "new live")
		r.says("streams", "stream line state=live gain=-20.0", "stream spare state=live gain=-7.0")
		r.says("add mic")
		r.says("streams", "stream mic state=filling gain=-5.0")
	})
}

// A stream that could not be added is, once the file says where it is.
func TestReloadMendsADevice(t *testing.T) {
	wrong := strings.Replace(simulated3, "sim:tone?hz=440&db=-18", "file:/nowhere/x.wav", 1)
	inBubble(t, wrong, func(r *rig) {
		time.Sleep(100 * time.Millisecond)
		r.streams("line live")
		r.configure(simulated3)
		r.says("reload")
		time.Sleep(100 * time.Millisecond)
		r.streams("line live", "mic live")
	})
}

// The shape of the mix waits for the next one.
func TestReloadOfTheMix(t *testing.T) {
	inBubble(t, simulated3, func(r *rig) {
		r.configure("[mixer]\nblock = 96\nchannels = 1\n" + simulated3)
		r.says("reload", `waits: "end and start: [mixer]"`)
		time.Sleep(100 * time.Millisecond)
		r.wantLogged(1, `text="reload: what has changed waits" for="end and start: [mixer]"`)
		r.says("status", "state: running", "channels: 2", "block: 240")
		r.says("end")
		time.Sleep(100 * time.Millisecond)
		r.configure("[mixer]\nblock = 48\n" + strings.ReplaceAll(simulated3, "add = false", ""))
		r.says("reload") // while ended: all of it waits
		r.wantLogged(0, `text="reload" stream`)
		r.says("start")
		time.Sleep(100 * time.Millisecond)
		r.says("status", "state: running", "channels: 2", "block: 48")
		r.streams("mic live", "line live", "spare live")
	})
}

// What waits is told, with what it waits for, as long as it does.
func TestReloadTellsWhatWaits(t *testing.T) {
	inBubble(t, simulated3, func(r *rig) {
		const more = `
[serial]
port = "/dev/ttyS9"
[control]
socket = "/run/other.sock"
`
		r.configure(strings.Replace(simulated3, "[playback]", "[playback]\nperiods = 5", 1) + more)
		for range 2 { // it waits still
			r.says("reload", `waits: "end and start: [playback]"`, `waits: "a restart of submixd: [control], [serial]"`)
		}
		r.says("end now")
		time.Sleep(100 * time.Millisecond)
		r.says("start")
		if got := r.do("reload"); len(got.Data) != 1 || !strings.Contains(got.Data[0], "a restart of submixd") {
			t.Errorf("after the start reload says %v", got)
		}
		r.configure(simulated3) // back: only playback differs from what is in effect
		if got := r.do("reload"); len(got.Data) != 1 || !strings.Contains(got.Data[0], "[playback]") {
			t.Errorf("reload of the first file says %v", got)
		}
		r.configure("[serial]\nbaud = 115200.5\n" + simulated3)
		r.refuses("reload", control.CodeConfig, "submix.toml:2: [serial] baud: ")
		time.Sleep(100 * time.Millisecond)
		r.streams("mic live", "line live")
	})
}

// A reload right behind a start, which has not yet begun to play.
func TestReloadAfterStart(t *testing.T) {
	inBubble(t, simulated3, func(r *rig) {
		r.says("end now")
		time.Sleep(100 * time.Millisecond)
		r.configure("[mixer]\nblock = 96\n" + strings.ReplaceAll(simulated3, "add = false", ""))
		r.says("start")
		r.says("reload")
		time.Sleep(100 * time.Millisecond)
		r.says("status", "state: running", "block: 240")
		r.wantLogged(0, "no output")
		if got := len(r.states()); got != 3 {
			t.Errorf("streams are %q", r.states())
		}
		r.wantLogged(0, "not added")
	})
}
