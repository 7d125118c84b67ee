package main

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"submix/control"
)

// TestMain has this binary be submixctl when it is started under that name.
func TestMain(m *testing.M) {
	if filepath.Base(os.Args[0]) == "submixctl" {
		os.Exit(run(os.Args[1:], os.Stdin, os.Stdout, os.Stderr))
	}
	os.Exit(m.Run())
}

// bashCompletes types a line in a bash that has read the script, and returns what
// Tab would offer; breaks are the characters at which that bash ends words.
func bashCompletes(t *testing.T, line, breaks string) []string {
	t.Helper()
	dir := t.TempDir()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(self, dir+"/submixctl"); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(dir+"/a file", nil, 0o644); err != nil {
		t.Fatal(err)
	}
	script := `source <(submixctl -completion bash)
COMP_WORDBREAKS=$2 COMP_LINE=$1 COMP_POINT=${#1}
COMP_WORDS=(submixctl) COMP_CWORD=1
eval "$(complete -p submixctl | sed 's/.*-F \([^ ]*\).*/\1/')"
printf '%s\n' "${COMPREPLY[@]}"`
	cmd := exec.Command("bash", "--norc", "-uc", script, "bash", line, breaks)
	cmd.Dir = dir
	// The race detector otherwise waits for a second at each exit.
	cmd.Env = append(os.Environ(), "PATH="+dir+":"+os.Getenv("PATH"), "GORACE=atexit_sleep_ms=0")
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%q: %v\n%s", line, err, out)
	}
	return strings.Fields(strings.ReplaceAll(strings.TrimSpace(string(out)), "a file", "a_file"))
}

// Bash completes commands, streams and devices, which it asks for, options behind
// their =, flags and files.
func TestBashCompletion(t *testing.T) {
	_, path := daemon(t)
	const usual = " \t\n\"'><=;|&(:"
	ctl := "submixctl -socket " + path + " "
	for _, c := range []struct{ line, breaks, want string }{
		{ctl + "mu", usual, "mute"},
		{ctl + "un", usual, "unmute"},
		{ctl + "t", usual, "toggle top"},
		{ctl + "d", usual, "devices doctor"},
		{ctl + "mute ", usual, "all mic out tape usb1"},
		{ctl + "gain m", usual, "mic"},
		{ctl + "add ", usual, "radio"},
		{ctl + "add x hw", usual, "hw:Mic,0 hw:Tape,0"},
		{ctl + "add x hw:M", usual, "Mic,0"},
		{ctl + "add x hw:M", " \t\n=", "hw:Mic,0"},
		{ctl + "add x hw:M", " \t\n", "hw:Mic,0"},
		{ctl + "add x sync=", usual, "adaptive locked"},
		{ctl + "add x sync=l", usual, "locked"},
		{ctl + "add x sync=l", " \t\n", "sync=locked"},
		{ctl + "events ", usual, "off on"},
		{ctl + "help me", usual, "meters"},
		{ctl + "nothing ", usual, ""},
		{"submixctl -socket=" + path + " mute t", usual, "tape"},
		{"submixctl -socket /nowhere mute ", usual, "all out"},
		{"submixctl -socket a", usual, "a_file"},
		{"submixctl -", usual, "-json -socket"},
		{"submixctl -json stre", usual, "streams"},
	} {
		if got := strings.Join(bashCompletes(t, c.line, c.breaks), " "); got != c.want {
			t.Errorf("%q offers %q, want %q", strings.Replace(c.line, path, "S", 1), got, c.want)
		}
	}
}

// The page has every command of the table and every flag.
func TestManual(t *testing.T) {
	t.Setenv("SOURCE_DATE_EPOCH", "86400")
	var page, stderr bytes.Buffer
	if status := run([]string{"-man"}, nil, &page, &stderr); status != 0 {
		t.Fatal(status, stderr.String())
	}
	plain := strings.NewReplacer(`\-`, "-", `\fB`, "", `\fR`, "").Replace(page.String())
	if !strings.HasPrefix(plain, ".TH SUBMIXCTL 1 1970-01-02 Submix\n") {
		t.Errorf("the page begins with %.60q", plain)
	}
	for _, c := range control.Commands() {
		want := ".TP\n" + c.Usage + "\n" + c.About
		for _, example := range c.Examples {
			if !strings.Contains(plain, "\n"+example+"\n") {
				t.Errorf("no example %q", example)
			}
		}
		if !strings.Contains(plain, want) || !strings.Contains(plain, c.Note) {
			t.Errorf("no %q", want)
		}
	}
	for _, own := range []string{"top [-once] [-hz 1..20]\n", "doctor [CONFIGURATION]\n", "\ntop shows", "\ndoctor looks"} {
		if !strings.Contains(plain, own) {
			t.Errorf("no %q", own)
		}
	}
	for _, flag := range []string{"-json\n", "-socket SOCKET\n"} {
		if !strings.Contains(plain, ".TP\n"+flag) {
			t.Errorf("no flag %q", flag)
		}
	}
	for _, wrong := range [][]string{{"-man", "submixd"}, {"-completion", "csh"}, {"-completion"}} {
		if status := run(wrong, nil, &page, &stderr); status != 2 {
			t.Errorf("%q: status %d", wrong, status)
		}
	}
}
