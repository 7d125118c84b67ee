package screen_test

import (
	"flag"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"strings"
	"testing"
	"time"

	"submix/control/controltest/vt"
	"submix/control/screen"
)

var update = flag.Bool("update", false, "write the golden screens anew")

// golden compares a screen with the file of that name in testdata.
func golden(t *testing.T, name, got string) {
	t.Helper()
	path := "testdata/" + name
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil || got != string(want) {
		t.Errorf("%s, %v: got\n%swant\n%s", path, err, got, want)
	}
}

func rack(streams int) screen.Mix {
	inf := math.Inf(-1)
	all := []screen.Strip{
		{Name: "mic", State: "live", PeakDB: -12.3, HoldDB: -6, GainDB: -6, DriftPPM: 80.04, LatencyMS: 12.05},
		{Name: "tape", State: "live", PeakDB: -40, HoldDB: -40, Mute: true, LatencyMS: 25},
		{Name: "usb1", State: "gone", PeakDB: inf, HoldDB: inf, GainDB: -120, Xruns: 3},
		{Name: "a-name-of-more-than-ten", State: "live", PeakDB: 0, HoldDB: 0.4, Clip: true, GainDB: 24, DriftPPM: -12345.6, LatencyMS: 1000, Xruns: 12345},
		{Name: "radio", State: "stalled", PeakDB: inf, HoldDB: -59, GainDB: 1.5, DriftPPM: -2000},
		{Name: "line", State: "filling", PeakDB: inf, HoldDB: inf},
	}
	m := screen.Mix{State: "running", Uptime: 3*time.Hour + 25*time.Minute + 45*time.Second,
		Out: screen.Strip{PeakDB: -3, HoldDB: -1.5, GainDB: 0, Mute: false}}
	for i := range streams {
		s := all[i%len(all)]
		if i >= len(all) {
			s.Name = fmt.Sprintf("%s-%d", s.Name[:min(4, len(s.Name))], i)
		}
		m.Streams = append(m.Streams, s)
	}
	return m
}

func TestPicture(t *testing.T) {
	for _, c := range []struct{ streams, width, height int }{
		{6, 80, 24}, {30, 80, 24}, {6, 132, 43}, {6, 50, 24}, {6, 30, 8}, {0, 80, 24}, {6, 20, 4}, {6, 80, 2},
	} {
		name := fmt.Sprintf("picture-%d-%dx%d", c.streams, c.width, c.height)
		t.Run(name, func(t *testing.T) {
			lines := screen.Picture(rack(c.streams), c.width, c.height)
			golden(t, name, strings.Join(lines, "\n")+"\n")
			if len(lines) > c.height {
				t.Errorf("%d lines", len(lines))
			}
			for _, line := range lines {
				if len(line) > c.width || strings.Trim(line, "") != line || strings.IndexFunc(line, func(r rune) bool { return r < ' ' || r > '~' }) >= 0 {
					t.Errorf("%q does not fit", line)
				}
			}
		})
	}
}

// Where there is no room for all, those with trouble are seen.
func TestPictureShowsTroubleFirst(t *testing.T) {
	m := screen.Mix{State: "running"}
	for i, state := range []string{"live", "ended", "live", "shed", "stalled", "gone", "failed", "live"} {
		m.Streams = append(m.Streams, screen.Strip{Name: fmt.Sprint("in-", i), State: state, Clip: i == 7})
	}
	got := strings.Join(screen.Picture(m, 80, 9), "\n")
	for i, want := range []bool{false, false, false, true, true, true, true, true} {
		if name := fmt.Sprint("in-", i); strings.Contains(got, name) != want {
			t.Errorf("%s is shown: %v, want %v:\n%s", name, !want, want, got)
		}
	}
}

// No size, and no level, is one that it cannot draw.
func TestPictureOfAnySize(t *testing.T) {
	levels := []float64{math.Inf(-1), -144, -60, -0.1, 0, 12, math.Inf(1), math.NaN()}
	for width := range 100 {
		for height := range 12 {
			m := rack(8)
			for i := range m.Streams {
				m.Streams[i].PeakDB, m.Streams[i].HoldDB = levels[i], levels[(i+width)%8]
			}
			for _, line := range screen.Picture(m, width, height) {
				if len(line) > width {
					t.Fatalf("%dx%d: %q", width, height, line)
				}
			}
		}
	}
}

func TestHolds(t *testing.T) {
	var h screen.Holds
	start := time.Unix(0, 0)
	for _, c := range []struct {
		at          time.Duration
		peak, clips float64
		hold        float64
		clip        bool
		drift       float64 // of what is as many ppm as it is ms
	}{
		{0, -20, 7, -20, false, 0}, // what clipped before is not news
		{200, -6, 7, -6, false, 0},
		{1600, -30, 7, -6, false, 1600},
		{1700, -30, 8, -30, true, 1600}, // 1.5 s after -6
		{1800, -25, 8, -25, true, 1600},
		{4600, -25, 8, -25, true, 4600},
		{4700, -25, 8, -25, false, 4600}, // 3 s after the clip
	} {
		m := screen.Mix{Streams: []screen.Strip{{Name: "mic", PeakDB: c.peak, Clips: c.clips, DriftPPM: float64(c.at), LatencyMS: 1}}}
		h.Mark(&m, start.Add(c.at*time.Millisecond))
		if s := m.Streams[0]; s.HoldDB != c.hold || s.Clip != c.clip || s.DriftPPM != c.drift {
			t.Errorf("at %d ms: hold %v, clip %v, drift %v, want %v, %v, %v", c.at, s.HoldDB, s.Clip, s.DriftPPM, c.hold, c.clip, c.drift)
		}
	}
}

// Whatever pictures follow one another, the terminal shows the last one.
func TestPainterShowsThePicture(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	term := vt.New(40, 12)
	p := screen.Painter{W: term}
	line := func() string {
		b := []byte(strings.Repeat(" ", r.IntN(41)))
		for i := range b {
			b[i] = "   ##.|"[r.IntN(7)]
		}
		return strings.TrimRight(string(b), " ")
	}
	var lines []string
	for i := range 3000 {
		switch r.IntN(10) {
		case 0:
			lines = nil
			for range r.IntN(12) {
				lines = append(lines, line())
			}
		default:
			lines = append([]string(nil), lines...)
			for j := range lines {
				if b := []byte(lines[j]); len(b) > 0 && r.IntN(2) == 0 {
					b[r.IntN(len(b))] = "#.| "[r.IntN(4)]
					lines[j] = strings.TrimRight(string(b), " ")
				}
			}
		}
		n := term.Bytes()
		if told, err := p.Paint(lines, 40, 12); err != nil || told != term.Bytes()-n {
			t.Fatalf("picture %d: %d bytes, %v, sent %d", i, told, err, term.Bytes()-n)
		}
		want := strings.TrimRight(strings.Join(lines, "\n"), "\n") + "\n"
		if got := term.Text(); got != want {
			t.Fatalf("picture %d is\n%swant\n%s", i, got, want)
		}
		if n := term.Bytes(); true {
			p.Paint(lines, 40, 12)
			if term.Bytes() != n {
				t.Fatal("a picture that is there already was sent again")
			}
		}
	}
	if u := term.Unknown(); len(u) > 0 {
		t.Errorf("sequences that not every terminal knows: %q", u)
	}
}
