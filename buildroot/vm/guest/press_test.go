//go:build vm

package guest

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// pressBox plays mic on Out. RED, TALK and the knob's contacts A and B are closed to ground, LAMP and ALARM are lights.
const pressBox = `
[mixer]
block = 96
limiter = false
[playback]
device = "hw:Out,0"
periods = 3
[[capture]]
name = "mic"
device = "hw:SrcA,1"
sync = "locked"
[[button]]
name = "red"
chip = "%[1]s"
line = "RED"
press = "toggle mic"
[[button]]
name = "talk"
chip = "%[1]s"
line = "TALK"
pull = "none"
press = "unmute mic; gain out =0"
release = "mute mic; gain out =-1"
[[encoder]]
name = "knob"
chip = "%[1]s"
line_a = "A"
line_b = "B"
turns = "gain out"
step = 0.1
accelerate = false
[[led]]
chip = "%[1]s"
line = "LAMP"
shows = "heard mic"
[[led]]
chip = "%[1]s"
line = "ALARM"
active = "low"
shows = "muted mic"
as = "fast"
`

// newPressBox is a box with a constant of 8000 on mic, and nothing pressed.
func newPressBox(t *testing.T) *hands {
	gpio := makeGPIO(t, "RED", "TALK", "A", "B", "LAMP", "ALARM")
	for _, line := range []string{"RED", "TALK", "A", "B"} {
		gpio.pull(line, true)
	}
	out := startRecorder(t, "hw:Out,1", 2)
	startPlayer(t, "hw:SrcA,0", 2, 96, constant(8000))
	h := &hands{box: startBox(t, fmt.Sprintf(pressBox, gpio.Label)), out: out, gpio: gpio}
	h.sounds(8000, 2*time.Second)
	return h
}

// close closes or opens a contact to ground.
func (h *hands) close(line string, closed bool) { h.gpio.pull(line, !closed) }

// TestButtonPressToSilence presses at many phases of the block: from the edge to the first sample of the ramp that leaves
// the playback card is at most the 5 ms of a debounce and what is queued for the card.
func TestButtonPressToSilence(t *testing.T) {
	h := newPressBox(t)
	var queue time.Duration
	var took []time.Duration
	for i := range 40 {
		bounces := i % 4 // each of 0.4 ms
		s := h.stream("mic")
		queue = max(queue, inMS(t, s["latency"])-inMS(t, s["fill"]))
		n := h.out.frames()
		before := h.out.part(n-1, n)[0]
		time.Sleep(time.Duration(i) * 137 * time.Microsecond)
		pressed := time.Now()
		for range bounces {
			h.close("RED", true)
			pause(t, 200*time.Microsecond)
			h.close("RED", false)
			pause(t, 200*time.Microsecond)
		}
		h.close("RED", true)
		time.Sleep(40 * time.Millisecond)
		h.close("RED", false)
		from := h.out.frameAt(pressed)
		x := h.out.part(from, h.out.frames())
		first := slices.IndexFunc(x, func(v int16) bool { return v != before })
		if first < 0 {
			t.Fatalf("press %d was not heard", i)
		}
		took = append(took, h.out.when(from+first/2).Sub(pressed))
		time.Sleep(20 * time.Millisecond)
	}
	const debounce = 5 * time.Millisecond
	worst, least := slices.Max(took), slices.Min(took)
	t.Logf("press to the first ramped sample: %.1f to %.1f ms in %d presses; allowed are %.1f ms of debouncing and %.1f ms of the playback queue",
		ms(least), ms(worst), len(took), ms(debounce), ms(queue))
	if worst > debounce+queue {
		t.Errorf("%v is more than %v and %v", worst, debounce, queue)
	}
	h.inTime()
	h.unharmed("mic")
}

func ms(d time.Duration) float64 { return d.Seconds() * 1000 }

// inMS reads a figure of the box.
func inMS(t *testing.T, text string) time.Duration {
	t.Helper()
	x, err := strconv.ParseFloat(text, 64)
	if err != nil {
		t.Fatal(err)
	}
	return time.Duration(x * float64(time.Millisecond))
}

// pause sleeps for less than the millisecond to which the runtime's timers are exact.
func pause(t *testing.T, d time.Duration) {
	t.Helper()
	for left := unix.NsecToTimespec(d.Nanoseconds()); ; {
		if err := unix.Nanosleep(&left, &left); err == nil {
			return
		} else if err != unix.EINTR {
			t.Fatal(err)
		}
	}
}

// TestButtonPushToTalk talks for a moment only, and through a reload, and is still talking when the box ends.
func TestButtonPushToTalk(t *testing.T) {
	var h *hands
	t.Cleanup(func() { // after the end of the box
		const muted = `origin="button talk" line="mute mic"`
		if n := strings.Count(h.log.String(), muted); n != 4 || strings.Contains(h.log.String(), "refused") {
			t.Errorf("the log has %d times %s, want 4, and nothing refused", n, muted)
		}
	})
	h = newPressBox(t)
	ran := func(want ...string) {
		t.Helper()
		time.Sleep(30 * time.Millisecond)
		var got []string
		for _, line := range h.do("log 100") {
			if f := fields(line[strings.Index(line, "time="):]); f["origin"] == "button talk" {
				got = append(got, f["line"])
			}
		}
		if !slices.Equal(got, want) {
			t.Errorf("ran %q, want %q", got, want)
		}
	}
	h.close("TALK", true)
	time.Sleep(2 * time.Millisecond)
	h.close("TALK", false)
	ran("unmute mic", "gain out =0", "mute mic", "gain out =-1")
	h.sounds(0, time.Second)

	// Its lights: heard, and muted in fast blinks, lit at the low level.
	blinks := 0
	for lit, i := false, 0; i < 200; i++ {
		if now := !h.gpio.high("ALARM"); now != lit {
			lit = now
			blinks++
		}
		if h.gpio.high("LAMP") {
			t.Fatal("a muted microphone is shown as heard")
		}
		time.Sleep(10 * time.Millisecond)
	}
	t.Logf("the alarm changed %d times in 2 s", blinks)
	if blinks < 18 || blinks > 22 {
		t.Errorf("the alarm changed %d times in 2 s, want 20", blinks)
	}

	h.close("TALK", true)
	h.sounds(8000, time.Second)
	within(t, time.Second, "heard", func() bool { return h.gpio.high("LAMP") && h.gpio.high("ALARM") })

	// A reload that takes the button away ends the talk, and leaves the rest alone.
	toml := fmt.Sprintf(pressBox, h.gpio.Label)
	from, to := strings.Index(toml, "[[button]]\nname = \"talk\""), strings.Index(toml, "[[encoder]]")
	h.configure(toml[:from] + toml[to:])
	h.do("reload")
	h.sounds(0, time.Second)
	h.configure(toml)
	h.do("reload") // it is found down
	h.sounds(8000, time.Second)
	h.close("TALK", false)
	h.sounds(0, time.Second)
	h.close("RED", true)        // which was never touched
	h.sounds(7130, time.Second) // -1 dB
	h.close("RED", false)
	h.close("TALK", true)
	h.sounds(8000, time.Second)
}

// TestKnobTurnsExactly turns a knob at 20 detents a second, with bouncing contacts and a busy processor: none is lost or
// doubled.
func TestKnobTurnsExactly(t *testing.T) {
	h := newPressBox(t)
	burn(t, 0)
	contacts := [4][2]bool{{true, false}, {true, true}, {false, true}, {false, false}} // closed
	now := [2]bool{}
	turn := func(detents int, up bool, gaps [4]time.Duration) {
		due := time.Now()
		for i := range 4 * detents {
			to := contacts[i%4]
			if !up {
				to[0], to[1] = to[1], to[0]
			}
			due = due.Add(gaps[i%4])
			time.Sleep(time.Until(due))
			line, closed := "A", to[0]
			if to[1] != now[1] {
				line, closed = "B", to[1]
			}
			for range i % 5 {
				h.close(line, closed)
				pause(t, 50*time.Microsecond)
				h.close(line, !closed)
				pause(t, 50*time.Microsecond)
			}
			h.close(line, closed)
			now = to
		}
	}
	gains := func(want string) {
		t.Helper()
		time.Sleep(50 * time.Millisecond)
		if got := h.status()["gain"]; got != want {
			t.Fatalf("the gain is %s dB, want %s", got, want)
		}
	}
	const evenly, snap = 12500 * time.Microsecond, time.Millisecond
	started := time.Now()
	turn(200, true, [4]time.Duration{evenly, evenly, evenly, evenly})
	t.Logf("200 detents in %.1f s, in steps of 0.1 dB, are %s dB", time.Since(started).Seconds(), h.status()["gain"])
	gains("20.0")
	for i := range 5 { // as a knob that snaps from detent to detent
		turn(8, false, [4]time.Duration{50*time.Millisecond - 3*snap, snap, snap, snap})
		gains(strconv.FormatFloat(20-0.8*float64(i+1), 'f', 1, 64))
	}
	h.inTime()
}
