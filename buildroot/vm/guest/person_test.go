//go:build vm

package guest

import (
	"testing"
	"time"
)

// personBox has a terminal at its serial port.
const personBox = `
[mixer]
limiter = false
[playback]
device = "hw:Out,0"
[[capture]]
name = "mic"
device = "hw:SrcA,1"
sync = "locked"
[[capture]]
name = "tape"
device = "hw:SrcB,1"
sync = "locked"
gain = -6.0
[serial]
port = "/dev/ttyS0"
baud = 115200
`

// TestPerson is a box that somebody outside of the machine works at a terminal, and ends: see the host's person_test.go.
func TestPerson(t *testing.T) {
	startPlayer(t, "hw:SrcA,0", 2, 240, constant(8000))
	startPlayer(t, "hw:SrcB,0", 2, 240, constant(1000))
	b := startBox(t, personBox)
	for end := time.Now().Add(20 * time.Minute); b.status()["state"] != "ended"; time.Sleep(100 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("nobody has ended the mix")
		}
	}
	b.inTime()
}
