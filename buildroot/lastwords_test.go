package buildroot

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// The last words of a kernel are kept, those of two failures at most, and told; what ramoops held is free for the next.
func TestLastWords(t *testing.T) {
	dir := t.TempDir()
	at := func(name ...string) string { return filepath.Join(append([]string{dir}, name...)...) }
	for _, name := range []string{"pstore", "data"} {
		if err := os.Mkdir(at(name), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	run := func() {
		t.Helper()
		cmd := exec.Command("board/common/overlay/usr/lib/submix/lastwords")
		cmd.Env = append(os.Environ(), "PSTORE="+at("pstore"), "DATA="+at("data"), "NOTICES="+at("notices"))
		if out, err := cmd.CombinedOutput(); err != nil || len(out) > 0 {
			t.Fatalf("lastwords: %v %s", err, out)
		}
	}
	run()
	if _, err := os.Stat(at("notices")); err == nil {
		t.Error("nothing has failed, and something is told")
	}
	for _, why := range []string{"Fatal exception", "hung", "sysrq triggered crash"} {
		record := "Panic#1 Part1\n<4>[    9.1] x\n<0>[    9.2] Kernel panic - not syncing: " + why + "\n"
		if err := os.WriteFile(at("pstore", "dmesg-ramoops-0"), []byte(record), 0o600); err != nil {
			t.Fatal(err)
		}
		run()
		if got := read(t, at("data", "panic")); got != record {
			t.Errorf("kept is %q", got)
		}
		want := "the kernel failed before this start: Kernel panic - not syncing: " + why + "; its last words are in " + at("data", "panic") + "\n"
		if got := read(t, at("notices", "kernel")); got != want {
			t.Errorf("told is %q, want %q", got, want)
		}
	}
	if got := read(t, at("data", "panic.old")); !strings.Contains(got, "hung") {
		t.Errorf("kept of the time before is %q", got)
	}
	for folder, want := range map[string]int{"pstore": 0, "data": 2} {
		if files, _ := os.ReadDir(at(folder)); len(files) != want {
			t.Errorf("%s holds %v", folder, files)
		}
	}
}
