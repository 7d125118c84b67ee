package main

import (
	"testing"
	"time"

	"submix/cmd/submixd/config"
	"submix/control"
	"submix/mixer"
)

func TestLampIsLit(t *testing.T) {
	none := mixer.OutputInfo{}
	streams := func(s ...mixer.StreamInfo) []mixer.StreamInfo { return s }
	mic := func(s mixer.StreamInfo) mixer.StreamInfo { s.Name = "mic"; return s }
	line := func(s mixer.StreamInfo) mixer.StreamInfo { s.Name = "line"; return s }
	muted, live := mixer.StreamInfo{Mute: true}, mixer.StreamInfo{State: mixer.Live}
	stalled, gone := mixer.StreamInfo{State: mixer.Stalled}, mixer.StreamInfo{State: mixer.Gone}
	shed := mixer.StreamInfo{State: mixer.Shed}
	ended := mixer.StreamInfo{State: mixer.Ended}
	clips := mixer.StreamInfo{Clips: 3}
	for _, c := range []struct {
		what, name string
		state      control.State
		streams    []mixer.StreamInfo
		out        mixer.OutputInfo
		want       bool
	}{
		{"running", "", control.StateRunning, nil, none, true},
		{"running", "", control.StateEnding, nil, none, false},
		{"running", "", control.StateEnded, nil, none, false},
		{"running", "", control.StateNoOutput, nil, none, false},

		{"muted", "mic", control.StateRunning, streams(mic(muted), line(live)), none, true},
		{"muted", "mic", control.StateRunning, streams(mic(live), line(muted)), none, false},
		{"muted", "mic", control.StateRunning, nil, mixer.OutputInfo{Mute: true}, false},
		{"muted", "any", control.StateRunning, streams(mic(live), line(muted)), none, true},
		{"muted", "any", control.StateRunning, streams(mic(live), line(live)), none, false},
		{"muted", "out", control.StateRunning, streams(mic(live)), mixer.OutputInfo{Mute: true}, true},
		{"muted", "out", control.StateRunning, streams(mic(muted)), none, false},

		{"stalled", "mic", control.StateRunning, streams(mic(stalled)), none, true},
		{"stalled", "mic", control.StateRunning, streams(mic(gone)), none, true},
		{"stalled", "mic", control.StateRunning, streams(mic(shed)), none, true},
		{"stalled", "mic", control.StateRunning, streams(mic(ended), line(stalled)), none, false},
		{"stalled", "any", control.StateRunning, streams(mic(live), line(gone)), none, true},
		{"stalled", "any", control.StateRunning, streams(mic(live), line(muted)), none, false},

		{"clip", "mic", control.StateRunning, streams(mic(clips)), none, true},
		{"clip", "mic", control.StateRunning, streams(mic(live), line(clips)), mixer.OutputInfo{Clips: 1}, false},
		{"clip", "any", control.StateRunning, streams(mic(live), line(clips)), none, true},
		{"clip", "out", control.StateRunning, nil, mixer.OutputInfo{Clips: 1}, true},
		{"clip", "out", control.StateRunning, streams(mic(clips)), mixer.OutputInfo{Mute: true}, false},
	} {
		l := lamp{shows: config.Shows{What: c.what, Name: c.name}}
		if got := l.lit(time.Now(), c.state, c.streams, c.out); got != c.want {
			t.Errorf("%s %s: lit is %v with state %s, streams %+v, output %+v", c.what, c.name, got, c.state, c.streams, c.out)
		}
	}
}

// A clip is shown long enough to be seen, and each one anew; a new mix counts from 0.
func TestLampShowsAClip(t *testing.T) {
	l := lamp{shows: config.Shows{What: "clip", Name: "out"}}
	start := time.Now()
	for _, c := range []struct {
		after time.Duration
		clips uint64
		want  bool
	}{
		{0, 0, false},
		{50 * time.Millisecond, 7, true},
		{100 * time.Millisecond, 7, true},
		{500 * time.Millisecond, 7, true},
		{600 * time.Millisecond, 7, false},
		{700 * time.Millisecond, 8, true},
		{1100 * time.Millisecond, 9, true},
		{1500 * time.Millisecond, 9, true},
		{1700 * time.Millisecond, 0, false},
		{1800 * time.Millisecond, 1, true},
	} {
		if got := l.lit(start.Add(c.after), control.StateRunning, nil, mixer.OutputInfo{Clips: c.clips}); got != c.want {
			t.Errorf("after %v with %d clips: lit is %v", c.after, c.clips, got)
		}
	}
}
