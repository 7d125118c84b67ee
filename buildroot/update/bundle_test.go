//go:build vm

package update

import (
	"bytes"
	"crypto/x509"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// trusted is an authority with somebody who signs for a usage.
func trusted(t *testing.T, usage x509.ExtKeyUsage) *authority {
	t.Helper()
	a, err := newAuthority(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	if err := a.signer(usage); err != nil {
		t.Fatal(err)
	}
	return a
}

func (a *authority) sample(t *testing.T) string {
	t.Helper()
	var parts []string
	random := rand.NewChaCha8([32]byte{})
	for _, name := range []string{"boot", "root"} {
		content := make([]byte, 300_000)
		random.Read(content)
		parts = append(parts, filepath.Join(a.dir, name))
		if err := os.WriteFile(parts[len(parts)-1], content, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	out, err := a.bundle("rpi4", "1.2", parts[0], parts[1])
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// config is the box's own, with the certificate of an authority where the test has it.
func config(t *testing.T, a *authority) string {
	t.Helper()
	root := t.TempDir()
	if out, err := exec.Command(common+"rauc.sh", root, "rpi4", filepath.Join(a.dir, "ca.pem")).CombinedOutput(); err != nil {
		t.Fatalf("rauc.sh: %v %s", err, out)
	}
	path := filepath.Join(root, "etc/rauc/system.conf")
	text, err := os.ReadFile(path)
	if err != nil || bytes.Contains(text, []byte("@")) {
		t.Fatalf("%v %s", err, text)
	}
	text = bytes.ReplaceAll(text, []byte("/etc/rauc/ca.cert.pem"), []byte(root+"/etc/rauc/ca.cert.pem"))
	if err := os.WriteFile(path, text, 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}

// A box takes what its authority's signer has signed, whole, and nothing else. The commands are rauc's own.
func TestBundle(t *testing.T) {
	ours, theirs, mail := trusted(t, x509.ExtKeyUsageCodeSigning), trusted(t, x509.ExtKeyUsageCodeSigning), trusted(t, x509.ExtKeyUsageEmailProtection)
	conf := config(t, ours)
	good := ours.sample(t)
	content, err := os.ReadFile(good)
	if err != nil {
		t.Fatal(err)
	}
	changed := func(name string, change func([]byte) []byte) string {
		path := filepath.Join(t.TempDir(), name)
		if err := os.WriteFile(path, change(bytes.Clone(content)), 0o644); err != nil {
			t.Fatal(err)
		}
		return path
	}
	flip := func(at int) func([]byte) []byte {
		return func(b []byte) []byte { b[(at+len(b))%len(b)] ^= 1; return b }
	}
	for _, c := range []struct{ name, conf, file, want string }{ // want: what rauc says; empty: it accepts
		{"ours", conf, good, ""},
		{"signed by somebody else", conf, theirs.sample(t), "unable to get local issuer certificate"},
		{"signed with a certificate for mail", config(t, mail), mail.sample(t), "unsuitable certificate purpose"},
		{"truncated", conf, changed("truncated", func(b []byte) []byte { return b[:len(b)-5000] }), "exceeds bundle size"},
		{"truncated to nothing", conf, changed("empty", func([]byte) []byte { return nil }), "Bundle"},
		{"signature changed", conf, changed("signature", flip(-200)), "signature"},
		{"content changed", conf, changed("content", flip(100_000)), "corrupted"},
		{"checksums changed", conf, changed("hashes", flip(len(content)-6000)), "corrupted"},
	} {
		// To extract is to read all of it; info reads the signature only.
		out, err := exec.Command("rauc", "-c", c.conf, "extract", c.file, filepath.Join(t.TempDir(), "out")).CombinedOutput()
		lines := strings.Split(strings.TrimSpace(string(out)), "\n")
		last := lines[len(lines)-1]
		t.Logf("%s: %s", c.name, last)
		if (err == nil) != (c.want == "") || !strings.Contains(string(out), c.want) {
			t.Errorf("%s: %v\n%s\nwant %q", c.name, err, out, c.want)
		}
	}
	out, err := exec.Command("rauc", "-c", conf, "info", "--output-format=shell", good).Output()
	if err != nil || !strings.Contains(string(out), "RAUC_MF_COMPATIBLE='submix-rpi4'") {
		t.Errorf("info: %v %s", err, out)
	}
}
