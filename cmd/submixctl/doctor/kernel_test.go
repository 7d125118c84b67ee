package doctor

import (
	"compress/gzip"
	"fmt"
	"strings"
	"testing"
)

// A kernel's configuration may be in the kernel itself.
func TestHZOfTheKernel(t *testing.T) {
	var packed strings.Builder
	z := gzip.NewWriter(&packed)
	fmt.Fprintln(z, "CONFIG_HZ_300=y\nCONFIG_HZ=300")
	z.Close()
	b := &Box{Root: tree{"proc/config.gz": packed.String()}.write(t)}
	if hz, known := b.hz(); hz != 300 || !known {
		t.Errorf("HZ is %d, known: %v", hz, known)
	}
	if hz, known := (&Box{Root: t.TempDir()}).hz(); known {
		t.Errorf("without one HZ is %d", hz)
	}
}
