package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// The first configuration is printed, or written where none is yet, and has no mistakes, whatever this machine has.
func TestInit(t *testing.T) {
	path := filepath.Join(t.TempDir(), "submix", "submix.toml")
	do := func(status int, args ...string) (stdout, stderr string) {
		t.Helper()
		var out, errs bytes.Buffer
		if got := run(args, strings.NewReader(""), &out, &errs); got != status {
			t.Fatalf("submixd %q: status %d, want %d: %s", args, got, status, errs.String())
		}
		return out.String(), errs.String()
	}
	printed, _ := do(0, "-init")
	do(0, "-init", "-config", path)
	text, err := os.ReadFile(path)
	if err != nil || string(text) != printed {
		t.Errorf("%v: the file has\n%s\nprinted was\n%s", err, text, printed)
	}
	if out, _ := do(0, "-check", "-config", path); out != path+": no mistakes\n" {
		t.Error(out)
	}
	if err := os.WriteFile(path, []byte("# mine\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, stderr := do(1, "-init", "-config", path); !strings.Contains(stderr, "file exists, and is left as it is") {
		t.Error(stderr)
	}
	if text, _ := os.ReadFile(path); string(text) != "# mine\n" {
		t.Errorf("it was overwritten: %s", text)
	}
}
