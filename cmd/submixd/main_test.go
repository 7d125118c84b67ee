package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// asProcess, in the environment, makes the test binary the daemon.
const asProcess = "SUBMIXD_TEST_PROCESS"

func TestMain(m *testing.M) {
	switch os.Getenv(asProcess) {
	case "":
	case toPanic:
		panicNow(os.Args[1])
	case toPanicServing:
		panicServing(os.Args[1])
	default:
		main()
	}
	os.Exit(m.Run())
}

const twelveMistakes = `[mixer]
rate = 1
channels = "two"
blocks = 96

[playback]
device = "speaker"

[[capture]]
name = "Mic"
device = "hw:Mic"
gain = 40

[[capture]]
name = "line"
sync = "loose"

[[button]]
name = "red"
chip = "pinctrl-bcm2711"
line = "GPIO17"
press = "sing"

[serial]
baud = 9600

[control]
on_end = "perhaps"
`

func TestCommandLine(t *testing.T) {
	dir := t.TempDir()
	write := func(name, text string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	good, bad, missing := write("good.toml", simulated3), write("bad.toml", twelveMistakes), filepath.Join(dir, "missing.toml")
	var mistakes []string
	for _, at := range []string{"2: [mixer] rate", "3: [mixer] channels", "4: [mixer] blocks", "7: [playback] device", "10: [[capture]] name",
		"11: [[capture]] device", "12: [[capture]] gain", "14: [[capture]] line device", "16: [[capture]] line sync",
		"22: [[button]] red press", "24: [serial] port", "28: [control] on_end"} {
		mistakes = append(mistakes, bad+":"+at)
	}
	for _, c := range []struct {
		name   string
		args   []string
		status int
		stdout string
		stderr []string
	}{
		{"version", []string{"-version"}, 0, "submix devel\n", nil},
		{"good", []string{"-check", "-config", good}, 0, good + ": no mistakes\n", nil},
		{"bad", []string{"-check", "-config", bad}, 2, "", mistakes},
		{"bad, to run", []string{"-config", bad}, 2, "", mistakes},
		{"missing", []string{"-config", missing}, 2, "", []string{missing}},
		{"unknown flag", []string{"-wrong"}, 2, "", []string{"-wrong", "-config"}},
		{"stray word", []string{"-check", "-config", good, "stray"}, 2, "", []string{"stray"}},
		{"help", []string{"-h"}, 0, "", []string{"-check"}},
		{"no directory for the socket", []string{"-config", write("nosocket.toml", simulated3+"[control]\nsocket = \"/nowhere/s\"")}, 1, "",
			[]string{"/nowhere/s"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			var stdout, stderr strings.Builder
			status := run(c.args, strings.NewReader(""), &stdout, &stderr)
			if status != c.status || stdout.String() != c.stdout {
				t.Errorf("status %d, printed %q, want %d, %q", status, stdout.String(), c.status, c.stdout)
			}
			for _, want := range c.stderr {
				if !strings.Contains(stderr.String(), want) {
					t.Errorf("no %q in\n%s", want, stderr.String())
				}
			}
			if c.name == "bad" && strings.Count(stderr.String(), "\n") != len(mistakes) {
				t.Errorf("want %d lines:\n%s", len(mistakes), stderr.String())
			}
		})
	}
}

// A second daemon leaves the socket and the recording of the first alone.
func TestOneDaemonOnly(t *testing.T) {
	dir := t.TempDir()
	toml := strings.Replace(simulated3, "sim:null", "file:"+dir+"/out.wav", 1)
	first := startProcess(t, dir, toml)
	first.await("submixd runs")
	var stderr strings.Builder
	if status := run([]string{"-config", first.config}, nil, &stderr, &stderr); status != 1 || !strings.Contains(stderr.String(), "in use") {
		t.Errorf("the second one ends with %d: %s", status, stderr.String())
	}
	if got := fmt.Sprint(first.do("version").Data); got != "[version: devel protocol: 1]" {
		t.Errorf("the first one says %s", got)
	}
	first.stop(os.Interrupt, 0)
	if n := len(readWAV(t, dir+"/out.wav")); n == 0 {
		t.Error("its recording is empty")
	}
}
