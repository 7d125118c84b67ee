//go:build vm

package buildroot

import (
	"bytes"
	"crypto/sha256"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// The programs are the same byte for byte wherever they are built: from two copies of the tree in different folders, of
// which those for the boards are built once with nothing in the compiler's cache.
func TestTwice(t *testing.T) {
	t.Parallel()
	one, other := copyTree(t, "one"), copyTree(t, "another/place")
	empty := "GOCACHE=" + filepath.Join(t.TempDir(), "cache")
	for _, build := range []struct {
		target, bin string
		environment []string
	}{{"arm64", "bin/arm64", []string{empty}}, {"build", "bin", nil}} {
		makeIn(t, one, build.target)
		makeIn(t, other, build.target, build.environment...)
		for _, program := range []string{"submixd", "submixctl"} {
			a := []byte(read(t, filepath.Join(one, build.bin, program)))
			b := []byte(read(t, filepath.Join(other, build.bin, program)))
			if !bytes.Equal(a, b) {
				t.Errorf("make %s: %s is not the same from two folders", build.target, program)
				continue
			}
			t.Logf("make %s: %s, %d bytes, sha256 %x, twice", build.target, program, len(a), sha256.Sum256(a))
		}
	}
}

// copyTree copies what the programs are built from to a new folder of that name, and returns its path.
func copyTree(t *testing.T, name string) string {
	t.Helper()
	to := filepath.Join(t.TempDir(), name)
	for _, folder := range []string{"cmd", "hw", "mixer", "control"} {
		if err := os.CopyFS(filepath.Join(to, folder), os.DirFS("../"+folder)); err != nil {
			t.Fatal(err)
		}
	}
	for _, file := range []string{"go.mod", "go.sum", "Makefile"} {
		if err := os.WriteFile(filepath.Join(to, file), []byte(read(t, "../"+file)), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return to
}

func makeIn(t *testing.T, folder, target string, environment ...string) {
	t.Helper()
	cmd := exec.Command("make", "-s", target, "VERSION=1.2.3")
	cmd.Dir, cmd.Env = folder, append(os.Environ(), environment...)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("make %s in %s: %v\n%s", target, folder, err, out)
	}
}
