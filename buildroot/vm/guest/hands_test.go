//go:build vm

package guest

import (
	"fmt"
	"math"
	"strings"
	"testing"
	"time"
)

const handsBox = `
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
[[capture]]
name = "line"
device = "hw:SrcB,1"
sync = "locked"
[[button]]
name = "red"
chip = "%s"
line = "RED"
active = "high"
pull = "none"
press = "toggle mic"
hold = "end"
[[led]]
chip = "%s"
line = "LAMP"
shows = "muted mic"
[serial]
port = "/dev/ttyS0"
baud = 115200
`

// hands is a box with a constant of 8000 on mic and of 1000 on line, which are told apart in the sum.
type hands struct {
	*box
	out  *recorder
	gpio *gpioChip
	s    *serialBox
}

func newHands(t *testing.T) *hands {
	gpio := makeGPIO(t, "RED", "LAMP")
	out := startRecorder(t, "hw:Out,1", 2)
	startPlayer(t, "hw:SrcA,0", 2, 96, constant(8000))
	startPlayer(t, "hw:SrcB,0", 2, 96, constant(1000))
	h := &hands{startBox(t, fmt.Sprintf(handsBox, gpio.Label, gpio.Label)), out, gpio, openSerialBox(t)}
	slowTime(t) // ties virtual time to instructions while bytes go through the host
	h.sounds(9000, 2*time.Second)
	return h
}

// sounds waits until the mix is the constant v, and stays so for 10 ms.
func (h *hands) sounds(v int16, limit time.Duration) {
	h.t.Helper()
	within(h.t, limit, fmt.Sprintf("the mix is %d", v), func() bool {
		n := h.out.frames()
		for _, x := range h.out.part(max(0, n-480), n) {
			if x != v {
				return false
			}
		}
		return n >= 480
	})
}

// fell checks that the mix went from one constant to another along the ideal ramp, to 1 LSB, and that it was there
// within limit of since.
func (h *hands) fell(what string, from, to float64, since time.Time, limit time.Duration) {
	h.t.Helper()
	const ramp = 240 // frames: 5 ms
	n := h.out.frames()
	begin := h.out.frameAt(since)
	x := h.out.part(begin, n)
	first := 0
	for first < n-begin && float64(x[2*first]) == from {
		first++
	}
	arrived := h.out.when(begin + first + ramp)
	h.t.Logf("%s: on its way %.1f ms after the command was sent, done after %.1f ms", what,
		h.out.when(begin+first).Sub(since).Seconds()*1000, arrived.Sub(since).Seconds()*1000)
	if arrived.Sub(since) > limit {
		h.t.Errorf("%s took %v", what, arrived.Sub(since))
	}
	for i := range n - begin - first {
		ideal := from + (to-from)*min(1, float64(i+1)/ramp)
		for c := range 2 {
			if math.Abs(float64(x[2*(first+i)+c])-ideal) > 1 {
				h.t.Fatalf("%s: frame %d of the ramp is %d, want %.1f", what, i, x[2*(first+i)+c], ideal)
			}
		}
	}
}

func TestSerialCommandsAreHeard(t *testing.T) {
	h := newHands(t)
	sent := time.Now()
	h.s.do("mute mic")
	h.sounds(1000, time.Second)
	h.fell("mute", 9000, 1000, sent, 20*time.Millisecond)
	h.s.do("unmute mic")
	h.sounds(9000, time.Second)

	sent = time.Now()
	h.s.do("gain mic =-6")
	quiet := 8000 * math.Pow(10, -6.0/20)
	h.sounds(int16(math.Round(1000+quiet)), time.Second)
	h.fell("gain", 9000, 1000+quiet, sent, 20*time.Millisecond)
	h.s.do("gain mic +6")
	h.sounds(9000, time.Second)

	sent = time.Now()
	h.s.do("remove line")
	h.sounds(8000, time.Second)
	h.fell("remove", 9000, 8000, sent, 20*time.Millisecond)
	if s := h.stream("line"); s != nil {
		t.Errorf("a removed stream: %v", s)
	}
	h.s.do("add line")
	h.sounds(9000, time.Second)
	h.s.do("remove line")
	h.s.do("add other hw:SrcB,1 gain=0 sync=locked")
	h.sounds(9000, time.Second)
	h.s.do("mute out")
	h.sounds(0, time.Second)
	h.s.do("unmute out")
	h.sounds(9000, time.Second)

	h.s.do("end")
	h.sounds(0, time.Second)
	within(t, time.Second, "ended", func() bool { return h.status()["state"] == "ended" })
	if _, verdict := h.s.try("add line"); !strings.HasPrefix(verdict, "ERR 31 ") {
		t.Errorf("add after end: %s", verdict)
	}
	h.s.do("start")
	h.sounds(9000, 2*time.Second)
	h.unharmed("mic", "line")
	h.inTime()
}

func TestButtonIsHeard(t *testing.T) {
	h := newHands(t)
	press := func(bounces int) time.Time {
		at := time.Now()
		for i := range bounces { // 5 ms of them, ending as they began
			h.gpio.pull("RED", i%2 == 0)
			time.Sleep(5 * time.Millisecond / time.Duration(bounces))
		}
		h.gpio.pull("RED", true)
		time.Sleep(50 * time.Millisecond)
		for i := range bounces {
			h.gpio.pull("RED", i%2 == 1)
			time.Sleep(5 * time.Millisecond / time.Duration(bounces))
		}
		h.gpio.pull("RED", false)
		return at
	}
	lamp := func(lit bool) {
		t.Helper()
		within(t, time.Second, fmt.Sprintf("lamp lit: %v", lit), func() bool { return h.gpio.high("LAMP") == lit })
	}
	press(0)
	h.sounds(1000, time.Second)
	lamp(true)
	press(0)
	h.sounds(9000, time.Second)
	lamp(false)
	for i := range 3 { // each is one press
		press(12)
		h.sounds([]int16{1000, 9000, 1000}[i], time.Second)
		time.Sleep(100 * time.Millisecond)
		h.sounds([]int16{1000, 9000, 1000}[i], 20*time.Millisecond)
	}
	pressed := 0
	for _, line := range h.do("log 100") {
		if strings.Contains(line, "button red") && strings.Contains(line, "toggle mic") {
			pressed++
		}
	}
	if pressed != 5 {
		t.Errorf("%d presses in the log, want 5", pressed)
	}
	h.unharmed("mic", "line")
	h.inTime()
	h.gpio.pull("RED", true)
	time.Sleep(900 * time.Millisecond)
	h.sounds(0, time.Second)
	within(t, time.Second, "ended", func() bool { return h.status()["state"] == "ended" })
	h.gpio.pull("RED", false)
}
