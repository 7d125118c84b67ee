//go:build vm

package guest

import (
	"io"
	"os"
	"os/exec"
	"testing"
	"time"
)

// What follows misbehaves on purpose, one way each: package vm's TestHarness tests itself with them. No
// scenario of TestMachine may name them.

func TestHarnessFail(t *testing.T) { t.Run("within", func(t *testing.T) { t.Error("told to fail") }) }

func TestHarnessSkip(t *testing.T) { t.Skip("told to skip") }

func TestHarnessExit(*testing.T) { os.Exit(0) }

// TestHarnessHang waits for what never comes, in a way that the runtime does not notice as a deadlock.
func TestHarnessHang(t *testing.T) {
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	io.Copy(io.Discard, r)
}

func TestHarnessWarn(t *testing.T) { writeFile(t, "/dev/kmsg", "WARNING: told to warn\n") }

func TestHarnessPanic(t *testing.T) { writeFile(t, "/proc/sysrq-trigger", "c") }

// TestHarnessOrphan leaves a process behind, which must neither stay as a zombie nor keep the machine on.
func TestHarnessOrphan(t *testing.T) {
	if err := exec.Command("/bin/burn", "0").Start(); err != nil {
		t.Fatal(err)
	}
}

// TestHarnessBurn is half a minute in which the processor never idles: what that costs the host.
func TestHarnessBurn(t *testing.T) {
	burn(t, 0)
	time.Sleep(30 * time.Second)
}

// TestHarnessSlow is a second of slow time.
func TestHarnessSlow(t *testing.T) {
	slowTime(t)
	time.Sleep(time.Second)
}
