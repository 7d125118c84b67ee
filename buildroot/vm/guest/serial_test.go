//go:build vm

package guest

import (
	"testing"

	"go.bug.st/serial"
)

// The two ends of the serial cable: programs under test get the first, tests talk at the second.
const (
	programEnd = "/dev/ttyS0"
	testEnd    = "/dev/ttyS1"
)

// openSerial opens a port, 8N1, until the test ends.
func openSerial(t *testing.T, path string, baud int) serial.Port {
	t.Helper()
	port, err := serial.Open(path, &serial.Mode{BaudRate: baud, DataBits: 8})
	if err != nil {
		t.Fatalf("%s: %v", path, err)
	}
	t.Cleanup(func() { port.Close() })
	return port
}
