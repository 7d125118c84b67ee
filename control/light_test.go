package control_test

import (
	"strings"
	"testing"
	"time"

	"submix/control"
	"submix/mixer"
)

func TestLightIsLit(t *testing.T) {
	type streams = []mixer.StreamInfo
	mic := func(s mixer.StreamInfo) mixer.StreamInfo { s.Name = "mic"; return s }
	line := func(s mixer.StreamInfo) mixer.StreamInfo { s.Name = "line"; return s }
	in := func(s mixer.State) mixer.StreamInfo { return mixer.StreamInfo{State: s} }
	live, stalled, shed, gone := in(mixer.Live), in(mixer.Stalled), in(mixer.Shed), in(mixer.Gone)
	ended, failed := in(mixer.Ended), in(mixer.Failed)
	muted := mixer.StreamInfo{State: mixer.Live, Mute: true}
	clips := mixer.StreamInfo{Clips: 3}
	xruns, short := mixer.StreamInfo{Xruns: 1}, mixer.StreamInfo{Short: 1}
	none, outMuted, outClips, outXruns := mixer.OutputInfo{}, mixer.OutputInfo{Mute: true}, mixer.OutputInfo{Clips: 1}, mixer.OutputInfo{Xruns: 1}
	for _, c := range []struct {
		shows   string
		state   control.State
		streams streams
		out     mixer.OutputInfo
		want    bool
	}{
		{"running", control.StateRunning, nil, none, true},
		{"running", control.StateEnding, nil, none, false},
		{"running", control.StateEnded, nil, none, false},
		{"running", control.StateNoOutput, nil, none, false},

		{"muted mic", control.StateRunning, streams{mic(muted), line(live)}, none, true},
		{"muted mic", control.StateRunning, streams{mic(live), line(muted)}, none, false},
		{"muted mic", control.StateRunning, nil, outMuted, false},
		{"muted any", control.StateRunning, streams{mic(live), line(muted)}, none, true},
		{"muted any", control.StateRunning, streams{mic(live), line(live)}, outMuted, false},
		{"muted out", control.StateRunning, streams{mic(live)}, outMuted, true},
		{"muted out", control.StateRunning, streams{mic(muted)}, none, false},

		{"live mic", control.StateRunning, streams{mic(muted), line(gone)}, outMuted, true},
		{"live mic", control.StateRunning, streams{mic(in(mixer.Filling)), line(live)}, none, false},
		{"live any", control.StateRunning, streams{mic(stalled), line(live)}, none, true},
		{"live any", control.StateRunning, streams{mic(stalled), line(ended)}, none, false},

		{"heard mic", control.StateRunning, streams{mic(live)}, none, true},
		{"heard mic", control.StateRunning, streams{mic(muted), line(live)}, none, false},
		{"heard mic", control.StateRunning, streams{mic(stalled)}, none, false},
		{"heard mic", control.StateRunning, streams{mic(shed)}, none, false},
		{"heard any", control.StateRunning, streams{mic(muted), line(live)}, none, true},
		{"heard any", control.StateRunning, streams{mic(live), line(live)}, outMuted, false},
		{"heard mic", control.StateEnding, streams{mic(live)}, none, true},
		{"heard mic", control.StateNoOutput, streams{mic(live)}, none, false},

		{"stalled mic", control.StateRunning, streams{mic(stalled)}, none, true},
		{"stalled mic", control.StateRunning, streams{mic(gone)}, none, true},
		{"stalled mic", control.StateRunning, streams{mic(shed)}, none, true},
		{"stalled mic", control.StateRunning, streams{mic(ended), line(stalled)}, none, false},
		{"stalled any", control.StateRunning, streams{mic(live), line(gone)}, none, true},
		{"stalled any", control.StateRunning, streams{mic(live), line(muted)}, none, false},

		{"clip mic", control.StateRunning, streams{mic(clips)}, none, true},
		{"clip mic", control.StateRunning, streams{mic(live), line(clips)}, outClips, false},
		{"clip any", control.StateRunning, streams{mic(live), line(clips)}, none, true},
		{"clip out", control.StateRunning, nil, outClips, true},
		{"clip out", control.StateRunning, streams{mic(clips)}, outMuted, false},

		{"fault mic", control.StateNoOutput, streams{mic(muted), line(gone)}, outXruns, false},
		{"fault mic", control.StateRunning, streams{mic(stalled)}, none, true},
		{"fault mic", control.StateRunning, streams{mic(failed)}, none, true},
		{"fault mic", control.StateRunning, streams{mic(shed)}, none, true},
		{"fault mic", control.StateRunning, streams{mic(xruns)}, none, true},
		{"fault mic", control.StateRunning, streams{mic(short)}, none, true},
		{"fault out", control.StateNoOutput, nil, none, true},
		{"fault out", control.StateRunning, streams{mic(gone)}, outXruns, true},
		{"fault out", control.StateRunning, streams{mic(gone)}, outClips, false},
		{"fault any", control.StateRunning, streams{mic(live), line(gone)}, none, true},
		{"fault any", control.StateNoOutput, streams{mic(live)}, none, true},
		{"fault any", control.StateRunning, nil, outXruns, true},
		{"fault any", control.StateEnded, streams{mic(muted), line(ended)}, outMuted, false},
	} {
		what, name, _ := strings.Cut(c.shows, " ")
		l := control.Light{What: what, Name: name, As: "on"}
		start := time.Now()
		l.Lit(start, control.Scene{State: c.state, Streams: streams{mic(in(mixer.Filling)), line(in(mixer.Filling))}})
		if got := l.Lit(start.Add(control.LightPeriod), control.Scene{State: c.state, Streams: c.streams, Output: c.out}); got != c.want {
			t.Errorf("%s: lit is %v with state %s, streams %+v, output %+v", c.shows, got, c.state, c.streams, c.out)
		}
	}
}

// A clip is shown long enough to be seen, and each one anew, but not those of before; a new mix counts from 0.
func TestLightShowsAClip(t *testing.T) {
	l := control.Light{What: "clip", Name: "out"}
	start := time.Now()
	for _, c := range []struct {
		after time.Duration
		clips uint64
		want  bool
	}{
		{0, 5, false},
		{50 * ms, 7, true},
		{100 * ms, 7, true},
		{500 * ms, 7, true},
		{600 * ms, 7, false},
		{700 * ms, 8, true},
		{1100 * ms, 9, true},
		{1500 * ms, 9, true},
		{1700 * ms, 0, false},
		{1800 * ms, 1, true},
	} {
		if got := l.Lit(start.Add(c.after), control.Scene{Output: mixer.OutputInfo{Clips: c.clips}}); got != c.want {
			t.Errorf("after %v with %d clips: lit is %v", c.after, c.clips, got)
		}
	}
}

// film returns what a light does at each look, # for lit, while scene says what there is to see.
func film(l control.Light, looks int, scene func(look int) control.Scene) string {
	start := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	var b strings.Builder
	for i := range looks {
		late := time.Duration(i*7919%20) * ms // of the ticker
		lit := l.Lit(start.Add(time.Duration(i)*control.LightPeriod+late), scene(i))
		b.WriteByte(" #"[map[bool]int{true: 1}[lit]])
	}
	return b.String()
}

func TestLightBlinks(t *testing.T) {
	muted := func(i int) control.Scene { return control.Scene{Output: mixer.OutputInfo{Mute: i >= 3 && i < 33}} }
	clip := func(i int) control.Scene {
		return control.Scene{Output: mixer.OutputInfo{Clips: uint64(min(i/4, 1))}}
	}
	mixing := func(i int) control.Scene {
		return control.Scene{Output: mixer.OutputInfo{Blocks: uint64(min(i, 25) * 10)}}
	}
	for _, c := range []struct {
		what, as string
		scene    func(int) control.Scene
		want     string
	}{
		{"muted", "on", muted, "   ##############################   "},
		{"muted", "blink", muted, "   ##########          ##########   "}, // it begins lit
		{"muted", "fast", muted, "   ##  ##  ##  ##  ##  ##  ##  ##   "},
		{"clip", "blink", clip, "    ##########                      "},
		{"heartbeat", "", mixing, " #                  ##                  ##                  ##                      "},
	} {
		l := control.Light{What: c.what, Name: "out", As: c.as}
		if got := film(l, len(c.want), c.scene); got != c.want {
			t.Errorf("%s as %s:\n%q, want\n%q", c.what, c.as, got, c.want)
		}
	}
}

// The box itself may have a fault, which is shown with those of any, and of nothing else.
func TestLightShowsTheBox(t *testing.T) {
	for name, want := range map[string]bool{"any": true, "out": false, "mic": false} {
		l := control.Light{What: "fault", Name: name}
		scene := control.Scene{State: control.StateRunning, Fault: true, Streams: []mixer.StreamInfo{{Name: "mic", State: mixer.Live}}}
		if got := l.Lit(time.Now(), scene); got != want {
			t.Errorf("fault %s is %v", name, got)
		}
	}
}
