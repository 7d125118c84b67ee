//go:build vm

package guest

import (
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// atLeisure is the period of players whose own punctuality is not the question, in frames: while a box ends, its memory is
// given back with the priority of its mixing thread, which is above theirs.
const atLeisure = 960

// soundIsBack returns when the first sample is heard after a silence that began after frame from.
func soundIsBack(t *testing.T, out *recorder, from int, limit time.Duration) time.Time {
	t.Helper()
	silent, end := 0, time.Now().Add(limit)
	for frame := from; ; frame++ {
		for frame >= out.frames() {
			if time.Now().After(end) {
				t.Fatalf("silence for %v", limit)
			}
			time.Sleep(time.Millisecond)
		}
		switch x := out.part(frame, frame+1); {
		case x[0] == 0:
			silent++
		case silent > 48:
			return out.when(frame)
		default:
			silent = 0
		}
	}
}

// steady returns the last sample, which is that of constant streams.
func (r *recorder) steady() int16 {
	n := r.frames()
	return r.part(n-1, n)[0]
}

// Killed under sound, the box is heard again within a second, with all that commands had changed.
func TestHealthKill(t *testing.T) {
	out := startRecorder(t, "hw:Out,1", 2)
	for i, card := range []string{"SrcA", "SrcB", "SrcC"} {
		startPlayer(t, "hw:"+card+",0", 2, atLeisure, constant(1000<<i))
	}
	b := superviseBox(t, cables(2, 240, 3), 0)
	for _, name := range []string{"a", "b", "c"} {
		b.is(name, "live", 2*time.Second)
	}
	longest := time.Duration(0)
	for i, commands := range [][]string{
		{"mute b", "gain a =-1", "remove c", "add d hw:SrcC,1 gain=-6 sync=locked priority=5"},
		{"unmute b", "gain out =-2", "gain d -3"},
		{"mute out", "unmute out", "remove d", "add c", "gain c =-12"},
		{"toggle a", "gain b +1.5"},
		{"remove b", "toggle a"},
	} {
		for _, line := range commands {
			b.do(line)
		}
		time.Sleep(200 * time.Millisecond)
		level, streams := out.steady(), set(b.box)
		killed := time.Now()
		b.process().Signal(unix.SIGKILL)
		from := out.frames()
		back := soundIsBack(t, out, from, 5*time.Second).Sub(killed)
		longest = max(longest, back)
		t.Logf("kill %d: sound is back after %v", i+1, back)
		time.Sleep(500 * time.Millisecond)
		if now := set(b.box); now != streams {
			t.Errorf("after the kill the box is\n%s\nit was\n%s", now, streams)
		}
		if now := out.steady(); now != level {
			t.Errorf("after the kill %d is heard, it was %d", now, level)
		}
		if crash := b.status()["crash"]; !strings.Contains(crash, "killed") {
			t.Errorf("status says of the crash: %q", crash)
		}
	}
	t.Logf("after each of 5 kills sound was back within %v, as it was set", longest)
	if longest > time.Second {
		t.Error("want 1 s at most")
	}
	if lives := b.lives(); len(lives) != 5 {
		t.Errorf("lives ended with %q", lives)
	}
}

// set is how a box is set: names, gains, mutes, clocks and priorities.
func set(b *box) string {
	b.t.Helper()
	var all []string
	for _, line := range b.do("streams") {
		s := fields(strings.SplitN(line, " ", 3)[2])
		all = append(all, strings.Join([]string{strings.Fields(line)[1], s["gain"], s["mute"], s["sync"], s["priority"]}, " "))
	}
	slices.Sort(all)
	out := b.status()
	return strings.Join(append(all, "out "+out["gain"]+" "+out["mute"]), "\n")
}

// A driver's call that does not come back: recorded, and the box is started again, by the watchdog or by itself.
func TestHealthStuck(t *testing.T) {
	for _, c := range []struct {
		name     string
		watchdog time.Duration
		ends     string
		within   time.Duration
	}{
		{ // of SIGABRT the Go runtime makes a report and this status
			"watchdog", 5 * time.Second, "exit status 2", 9 * time.Second,
		},
		{"alone", 0, "exit status 1", 12 * time.Second},
	} {
		t.Run(c.name, func(t *testing.T) {
			out := startRecorder(t, "hw:Out,1", 2)
			startPlayer(t, "hw:SrcA,0", 2, atLeisure, constant(1000))
			b := superviseBox(t, cables(2, 240, 3), c.watchdog)
			b.is("a", "live", 2*time.Second)
			b.do("gain a =-6")
			time.Sleep(500 * time.Millisecond)
			time.Sleep(c.watchdog * 6 / 5)
			level := out.steady()
			if lives := b.lives(); len(lives) > 0 {
				t.Fatalf("a healthy box ended: %q", lives)
			}
			stuck := time.Now()
			hang(t, b.process().Pid)
			back := soundIsBack(t, out, out.frames(), 20*time.Second).Sub(stuck)
			t.Logf("sound is back %v after the mixing thread was stopped", back)
			if back > c.within {
				t.Errorf("want it within %v", c.within)
			}
			if lives := b.lives(); len(lives) != 1 || !strings.HasPrefix(lives[0], c.ends) {
				t.Errorf("the box ended with %q, want %q", lives, c.ends)
			}
			time.Sleep(500 * time.Millisecond)
			if now := out.steady(); now != level {
				t.Errorf("after it %d is heard, it was %d", now, level)
			}
			crash := b.status()["crash"]
			t.Logf("status says: %s", crash)
			if !strings.Contains(crash, "blocks stood still: hw:Out,0 has not come back from a wait for room for 3") {
				t.Error("want the card that did not come back")
			}
			if told, _ := b.told(); c.watchdog > 0 && (len(told) < 3 || told[0] != "READY=1" || !strings.HasPrefix(told[1], "STATUS=")) {
				t.Errorf("systemd was told %q", told)
			}
		})
	}
}

// A box whose playback card is gone is well, and the watchdog knows.
func TestHealthNoOutput(t *testing.T) {
	if err := <-unplug(t, 3); err != nil {
		t.Fatal(err)
	}
	b := superviseBox(t, cables(2, 240, 3), 5*time.Second)
	time.Sleep(8 * time.Second)
	if lives := b.lives(); len(lives) > 0 || b.status()["state"] != "no-output" {
		t.Errorf("after 8 s, the box has ended with %q, and is %v", lives, b.status())
	}
	told, fed := b.told()
	t.Logf("fed %d times in 8 s; told %q", fed, told)
	if fed < 2 {
		t.Error("want it fed once in 2.5 s")
	}
	if err := <-plug(t, 3); err != nil {
		t.Fatal(err)
	}
	within(t, 3*time.Second, "running", func() bool { return b.status()["state"] == "running" })
}
