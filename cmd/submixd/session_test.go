package main

import (
	"testing"
	"time"

	"submix/control"
	"submix/mixer"
)

const simulated3 = `
[playback]
device = "sim:null"

[[capture]]
name = "mic"
device = "sim:tone?hz=440&db=-18"
gain = -6.0

[[capture]]
name = "line"
device = "sim:tone?hz=660"
mute = true

[[capture]]
name = "spare"
device = "sim:noise"
add = false
`

// session is what a person may do to a box of simulated3, over whatever carries
// lines. mixEnds waits until the mix has ended.
func session(t *testing.T, do func(string) control.Reply, mixEnds func()) {
	t.Helper()
	for _, c := range []struct {
		line string
		code control.Code
		want []string
	}{
		{"version", 0, []string{"version: devel", "protocol: 1"}},
		{"status", 0, []string{"state: running", "rate: 48000", "block: 240", "streams: 2"}},
		{"streams", 0, []string{"stream mic state=", "gain=-6.0 mute=no", "stream line state=", "mute=yes"}},
		{"mute mic", 0, nil},
		{"gain line =-9.5", 0, []string{"gain: -9.5"}},
		{"streams", 0, []string{"gain=-6.0 mute=yes", "gain=-9.5 mute=yes"}},
		{"add spare", 0, nil},
		{"add spare", control.CodeExists, []string{"spare"}},
		{"add new sim:tone?hz=1000 gain=-3", 0, nil},
		{"streams", 0, []string{"stream spare", "stream new", "gain=-3.0"}},
		{"add nobody", control.CodeNoStream, []string{"nobody is not in the configuration"}},
		{"add x hw", control.CodeDeviceName, []string{"hw:CARD,DEV"}},
		{"add x sim:tone?hz=no", control.CodeDeviceName, []string{"hz=no"}},
		{"add x file:/nowhere/x.wav", control.CodeMissing, []string{"/nowhere/x.wav"}},
		{"add x hw:Nope,0", control.CodeMissing, []string{"hw:Nope,0"}},
		{"add x sim:tone channels=1,2,1", control.CodeOption, []string{"3 channels for a mix of 2"}},
		{"add x sim:tone?rate=5999", control.CodeUnsuitable, []string{"5999"}},
		{"remove spare", 0, nil},
		{"remove spare", control.CodeNoStream, []string{"spare"}},
		{"remove new", 0, nil},
		{"devices", 0, nil},
		{"start", control.CodeRunning, []string{"end it first"}},
		{"end", 0, nil},
		{"add spare", control.CodeEnded, nil},
		{"add x file:/nowhere/x.wav", control.CodeEnded, nil},
		{"end", control.CodeEnded, nil},
	} {
		expect(t, do, c.line, c.code, c.want...)
	}
	mixEnds()
	expect(t, do, "status", 0, "state: ended")
	expect(t, do, "streams", 0, "stream mic state=ended", "stream line state=ended")
	expect(t, do, "end now", control.CodeEnded, "start begins a new one")
	expect(t, do, "remove mic", 0)
	expect(t, do, "start", 0)
	expect(t, do, "end now", 0)
	mixEnds()
	expect(t, do, "start", 0)
	expect(t, do, "start", control.CodeRunning)
	expect(t, do, "status", 0, "state: running")
}

func TestSession(t *testing.T) {
	inBubble(t, simulated3, func(r *rig) {
		session(t, r.do, func() { time.Sleep(100 * time.Millisecond) })
		time.Sleep(100 * time.Millisecond)
		r.streams("mic live", "line live")
		if s := r.stream("mic"); s.GainDB != -6 || s.Mute || s.PeakDB < -19 || s.PeakDB > -17 {
			t.Errorf("mic of the new mix is %+v, want it as configured", s)
		}
		r.wantLogged(2, "mix ended")
		r.wantLogged(0, "not added")
	})
}

func TestStallIsShown(t *testing.T) {
	inBubble(t, simulated3, func(r *rig) {
		time.Sleep(time.Second)
		r.streams("mic live", "line live")
		r.card("mic").Stall(2 * time.Second)
		time.Sleep(time.Second)
		r.streams("mic stalled", "line live")
		time.Sleep(1200 * time.Millisecond)
		r.streams("mic live", "line live")
		if s := r.stream("mic"); s.Stalls != 1 {
			t.Errorf("%d stalls, want 1", s.Stalls)
		}
		if s := r.stream("line"); s.Short != 0 {
			t.Errorf("the other stream was short %d times", s.Short)
		}
	})
}

func TestUnpluggedComesBack(t *testing.T) {
	inBubble(t, simulated3, func(r *rig) {
		time.Sleep(time.Second)
		r.denyOpen(control.ErrMissing)
		r.card("mic").Unplug()
		time.Sleep(5500 * time.Millisecond)
		r.streams("mic gone", "line live")
		r.says("streams", `unplugs=1 reason="device is not there"`)
		if n := r.open.Load(); n != 1 {
			t.Errorf("%d sources open: that of the card that is gone takes its number", n)
		}
		r.wantLogged(2, "stream gone") // as it went, and as it could not be opened; not at each attempt
		r.denyOpen(nil)
		time.Sleep(2 * time.Second)
		r.streams("mic gone", "line live")
		r.b.devices.ring()
		time.Sleep(20 * time.Millisecond)
		r.streams("mic live", "line live")
		time.Sleep(time.Second)
		r.wantLogged(1, "stream is back")
	})
}

func TestMissingAtStartComes(t *testing.T) {
	inBubble(t, simulated3, func(r *rig) {
		r.says("end now")
		time.Sleep(100 * time.Millisecond)
		r.denyOpen(control.ErrMissing)
		r.says("start")
		time.Sleep(100 * time.Millisecond)
		r.streams("mic gone", "line gone")
		r.refuses("add spare", control.CodeMissing)
		r.says("remove line")
		r.denyOpen(nil)
		time.Sleep(2 * time.Second)
		r.streams("mic live")
		r.says("end")
		time.Sleep(100 * time.Millisecond)
		r.says("status", "state: ended")
	})
}

func TestChannels(t *testing.T) {
	for _, c := range []struct {
		channels  []int
		device    int
		mixerSees []int
	}{
		{nil, 2, nil},
		{[]int{3}, 3, []int{2, 2}},
		{[]int{4, 1}, 4, []int{3, 0}},
	} {
		in := input{mix: mixer.Config{Channels: 2}}
		in.Channels = c.channels
		if got := in.deviceChannels(); got != c.device {
			t.Errorf("%v: %d channels of the device, want %d", c.channels, got, c.device)
		}
		if got := in.channelMap(); len(got) != len(c.mixerSees) || len(got) == 2 && [2]int(got) != [2]int(c.mixerSees) {
			t.Errorf("%v: map %v, want %v", c.channels, got, c.mixerSees)
		}
	}
}
