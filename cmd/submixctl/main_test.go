package main

import (
	"bytes"
	"context"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"submix/control"
	"submix/control/controltest"
)

// daemon runs a fake box on a socket and returns its path.
func daemon(t *testing.T) (*controltest.Box, string) {
	path := filepath.Join(t.TempDir(), "s")
	return daemonAt(t, path), path
}

func daemonAt(t *testing.T, path string) *controltest.Box {
	s, err := control.ListenSocket(path, -1)
	if err != nil {
		t.Fatal(err)
	}
	box := controltest.New()
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- s.Run(ctx, box.Dispatcher) }()
	t.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
	return box
}

func TestRun(t *testing.T) {
	_, path := daemon(t)
	missing := path + "x"
	for _, c := range []struct {
		name           string
		args           []string
		stdin          string
		status         int
		stdout, stderr string // stderr: what it holds
	}{
		{"data without OK", []string{"-socket", path, "version"}, "", 0, "version: 0.1.0\nprotocol: 1\n", ""},
		{"words", []string{"-socket", path, "gain", "mic", "-3"}, "", 0, "gain: -9.0\n", ""},
		{"one word", []string{"-socket", path, "gain mic =-6"}, "", 0, "gain: -6.0\n", ""},
		{"no data", []string{"-socket", path, "mute", "mic"}, "", 0, "", ""},
		{"refused", []string{"-socket", path, "mute", "nobody"}, "", 1, "", "submixctl: no such stream: nobody\n"},
		{"not a line", []string{"-socket", path, "mute mic\nend"}, "", 2, "", "one line"},
		{"empty", []string{"-socket", path, ""}, "", 2, "", "one line"},
		{"unknown flag", []string{"-wrong"}, "", 2, "", "usage: submixctl"},
		{"help", []string{"-h"}, "", 0, "", "usage: submixctl"},
		{"no daemon", []string{"-socket", missing, "status"}, "", 3, "", "cannot be reached"},
		{"stdin", []string{"-socket", path}, "gain mic +1\r\n\n  \nmute nobody\ngain mic -1", 1, "gain: -5.0\ngain: -6.0\n", "nobody"},
		{"stdin, events", []string{"-socket", path}, "events on\nevents off\n", 1, "", "\"submixctl events on\" shows them"},
		{"stdin, nothing", []string{"-socket", path}, "\n", 0, "", ""},
		{"top without a terminal", []string{"-socket", path, "top"}, "", 2, "", "top needs a terminal"},
		{"top, wrong", []string{"-socket", path, "top", "-hz", "21"}, "", 2, "", "usage: submixctl top"},
		{"top for a program", []string{"-socket", path, "-json", "top", "-once"}, "", 2, "", "-json meters, streams and status"},
		{"meters, wrong", []string{"-socket", path, "meters", "21"}, "", 1, "", "from 1 to 20"},
		{"one set of meters", []string{"-socket", path}, "meters 20", 0, "meter mic state=live gain=-6.0 mute=yes peak=-6.0 rms=-11.9 clips=0\n" +
			"meter tape state=live gain=0.0 mute=yes peak=-12.0 rms=-17.9 clips=0\n" +
			"meter usb1 state=gone gain=0.0 mute=no peak=-inf rms=-inf clips=0\n" +
			"meter out state=running gain=0.0 mute=no peak=-12.0 rms=-18.2 clips=0\n", ""},
		{"console", []string{"-socket", path, "console", "on"}, "", 1, "", "submixctl without a command is a console"},
		{"JSON pairs", []string{"-socket", path, "-json", "version"}, "", 0, `{"ok":true,"data":[{"protocol":1,"version":"0.1.0"}]}` + "\n", ""},
		{"JSON without data", []string{"-socket", path, "-json", "mute", "mic"}, "", 0, `{"ok":true,"data":[]}` + "\n", ""},
		{"JSON refused", []string{"-socket", path, "-json", "mute", "nobody"}, "", 1,
			`{"ok":false,"code":20,"error":"no such stream: nobody"}` + "\n", ""},
		{"JSON lines", []string{"-socket", path, "-json"}, "gain mic 0\nsing\n", 1,
			`{"ok":true,"data":[{"gain":0}]}` + "\n" + `{"ok":false,"code":3,"error":"unknown command \"sing\"; help lists them"}` + "\n", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			var stdout, stderr bytes.Buffer
			status := run(c.args, strings.NewReader(c.stdin), &stdout, &stderr)
			if status != c.status || stdout.String() != c.stdout {
				t.Errorf("status %d, printed %q, want %d, %q", status, stdout.String(), c.status, c.stdout)
			}
			if !strings.Contains(stderr.String(), c.stderr) || c.stderr == "" && stderr.Len() > 0 {
				t.Errorf("stderr is %q, want %q in it", stderr.String(), c.stderr)
			}
		})
	}
}

func TestJSONOfStreams(t *testing.T) {
	_, path := daemon(t)
	var stdout, stderr bytes.Buffer
	if status := run([]string{"-socket", path, "-json", "streams"}, nil, &stdout, &stderr); status != 0 {
		t.Fatalf("status %d: %s", status, stderr.String())
	}
	const want = `{"clips":0,"drift":0,"fill":0,"gain":0,"latency":0,"lock":"-","mute":false,"name":"usb1","peak":null,` +
		`"priority":0,"reason":"\"usb:1-1.3\" is not plugged in","rms":null,"short":0,"stalls":0,"state":"gone","sync":"locked","target":0,` +
		`"type":"stream","unplugs":0,"xruns":0}]}` + "\n"
	if got := stdout.String(); !strings.HasPrefix(got, `{"ok":true,"data":[{`) || !strings.HasSuffix(got, want) {
		t.Errorf("got %s\nwant ...%s", got, want)
	}
}

// A daemon that goes away in the middle of a reply has not answered.
func TestDaemonGoesAway(t *testing.T) {
	path := filepath.Join(t.TempDir(), "s")
	l, err := net.Listen("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	go func() {
		if c, err := l.Accept(); err == nil {
			c.Read(make([]byte, 100))
			c.Write([]byte("state: running\nup"))
			c.Close()
		}
	}()
	var stdout, stderr bytes.Buffer
	status := run([]string{"-socket", path, "status"}, nil, &stdout, &stderr)
	if status != 3 || stdout.Len() > 0 || !strings.Contains(stderr.String(), "ends early") {
		t.Errorf("status %d, printed %q and %q", status, stdout.String(), stderr.String())
	}
}

// Doctor needs no daemon; its status says whether anything is bad.
func TestDoctor(t *testing.T) {
	path := filepath.Join(t.TempDir(), "submix.toml")
	do := func(args ...string) (status int, printed string) {
		var stdout, stderr bytes.Buffer
		status = run(append([]string{"-socket", path + ".sock"}, args...), nil, &stdout, &stderr)
		return status, stdout.String() + stderr.String()
	}
	if status, printed := do("doctor", path); status != 1 || !strings.HasPrefix(printed, "bad configuration: "+path+" is not there -> submixd -init") {
		t.Errorf("status %d:\n%s", status, printed)
	}
	if status, printed := do("-json", "doctor", path); status != 1 || !strings.HasPrefix(printed, `{"ok":false,"data":[{"level":"bad","topic":"configuration",`) {
		t.Errorf("status %d:\n%s", status, printed)
	}
	if err := os.WriteFile(path, []byte("[playback]\ndevice = \"sim:null\"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	status, printed := do("doctor", path)
	if !strings.HasPrefix(printed, "ok configuration: "+path+" has no mistakes\n") || (status != 0) != strings.Contains("\n"+printed, "\nbad ") {
		t.Errorf("status %d:\n%s", status, printed)
	}
	if status, printed := do("doctor", path, path); status != 2 || !strings.Contains(printed, "usage") {
		t.Errorf("status %d:\n%s", status, printed)
	}
}
