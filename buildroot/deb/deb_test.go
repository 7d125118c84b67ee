//go:build deb

// Package deb tests the packages in bin, as make deb leaves them there: in a Debian root of its own, with dpkg. It needs
// root.
package deb

import (
	"crypto/sha256"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// packages returns those of make deb, by architecture.
func packages(t *testing.T, dir string) map[string]string {
	t.Helper()
	all := map[string]string{}
	for _, arch := range []string{"amd64", "arm64"} {
		found, _ := filepath.Glob(filepath.Join(dir, "bin/submix_*_"+arch+".deb")) // the pattern is not malformed
		if len(found) != 1 {
			t.Fatalf("%s/bin has %d packages for %s; make deb makes one", dir, len(found), arch)
		}
		all[arch] = found[0]
	}
	return all
}

func TestLintian(t *testing.T) {
	for arch, deb := range packages(t, "../..") {
		out, err := exec.Command("lintian", "--allow-root", "--fail-on", "error,warning", deb).CombinedOutput()
		if err != nil || len(out) > 0 {
			t.Errorf("%s: %v\n%s", arch, err, out)
		}
		info, err := os.Stat(deb)
		if err != nil {
			t.Fatal(err)
		}
		t.Logf("%s: lintian finds no error and no warning; %.1f MB", filepath.Base(deb), float64(info.Size())/1e6)
	}
}

// The same files are in the packages for all boards, but for the programs.
func TestSameFiles(t *testing.T) {
	debs := packages(t, "../..")
	if a, b := command(t, "dpkg-deb", "-c", debs["amd64"]), command(t, "dpkg-deb", "-c", debs["arm64"]); names(a) != names(b) {
		t.Errorf("amd64 has\n%s\narm64 has\n%s", names(a), names(b))
	}
}

// names are those in a listing of dpkg-deb -c.
func names(listing string) string {
	var all []string
	for line := range strings.Lines(listing) {
		f := strings.Fields(line)
		all = append(all, f[0]+" "+f[len(f)-1])
	}
	return strings.Join(all, "\n")
}

// A copy of the sources in another place, made by a user of other habits, gives the same packages.
func TestReproducible(t *testing.T) {
	copied := t.TempDir()
	began := time.Now()
	version := strings.TrimPrefix(command(t, "../../bin/submixd", "-version"), "submix ")
	epoch := command(t, "git", "log", "-1", "--format=%ct")
	command(t, "sh", "-c", `cd ../.. && git ls-files -zco --exclude-standard | xargs -0 cp -P --parents -t "$0"`, copied)
	command(t, "sh", "-c", `umask 077; TZ=Asia/Tokyo SOURCE_DATE_EPOCH=$2 exec make -C "$0" VERSION="$1" deb`, copied, strings.TrimSpace(version), strings.TrimSpace(epoch))
	again := packages(t, copied)
	for arch, deb := range packages(t, "../..") {
		a, b := sum(t, deb), sum(t, again[arch])
		if a != b {
			t.Errorf("%s: sha256 %s, and made again %s", filepath.Base(deb), a, b)
		}
		t.Logf("%s: sha256 %s twice", arch, a)
	}
	t.Logf("made again in %.1f s", time.Since(began).Seconds())
}

func sum(t *testing.T, path string) string {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return fmt.Sprintf("%x", sha256.Sum256(data))
}

// What git describe says is ordered by dpkg as it came to be.
func TestVersions(t *testing.T) {
	const epoch = 1769860800
	var last string
	for i, v := range []string{"75fccae", "1234567-dirty", "v0.9.0", "v1.0.0-rc1", "v1.0.0-rc1-3-g75fccae", "v1.0.0-rc2", "v1.0.0",
		"v1.0.0-2-g75fccae", "v1.0.0-2-g75fccae-dirty", "v1.0.0-10-g1234567", "v1.0.1", "v1.10.0"} {
		got := strings.TrimSpace(command(t, "env", fmt.Sprintf("SOURCE_DATE_EPOCH=%d", epoch+i), "./version.sh", v))
		command(t, "dpkg", "--validate-version", got+"-1")
		if last != "" {
			command(t, "dpkg", "--compare-versions", last+"-1", "lt", got+"-1")
		}
		last = got
	}
}

// previous is the package as an older version of it might have been: it is none that was ever released.
func previous(t *testing.T, deb string) string {
	t.Helper()
	dir := t.TempDir()
	command(t, "dpkg-deb", "-R", deb, dir)
	edit(t, filepath.Join(dir, "DEBIAN/control"), func(s string) string {
		lines := strings.Split(s, "\n")
		i := slices.IndexFunc(lines, func(l string) bool { return strings.HasPrefix(l, "Version:") })
		lines[i] = "Version: 0~0-1"
		return strings.Join(lines, "\n")
	})
	edit(t, filepath.Join(dir, "etc/submix/console.conf"), func(s string) string { return s + "# as it was\n" })
	old := filepath.Join(t.TempDir(), "old.deb")
	command(t, "dpkg-deb", "-b", dir, old)
	return old
}

func edit(t *testing.T, path string, f func(string) string) {
	t.Helper()
	text, err := os.ReadFile(path)
	if err == nil {
		err = os.WriteFile(path, []byte(f(string(text))), 0o644)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// command runs a program, which must succeed, and returns what it prints.
func command(t *testing.T, name string, args ...string) string {
	t.Helper()
	out, err := exec.Command(name, args...).CombinedOutput()
	if err != nil {
		t.Fatalf("%s %s: %v\n%s", name, strings.Join(args, " "), err, out)
	}
	return string(out)
}
