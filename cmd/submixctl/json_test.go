package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"io"
	"os"
	"strings"
	"testing"
	"time"

	"submix/control"
)

// object checks that a line is a reply as PROTOCOL.md says, and returns it.
func object(t *testing.T, line string) (ok bool, data []map[string]any) {
	t.Helper()
	var r struct {
		OK    *bool
		Data  []map[string]any
		Code  float64
		Error string
	}
	d := json.NewDecoder(strings.NewReader(line))
	d.DisallowUnknownFields()
	if err := d.Decode(&r); err != nil || r.OK == nil {
		t.Fatalf("%v: %s", err, line)
	}
	if *r.OK && r.Data == nil || !*r.OK && (r.Code < 1 || r.Code > 99 || r.Error == "" || r.Data != nil) {
		t.Errorf("not a reply: %s", line)
	}
	for _, thing := range r.Data {
		if kind, isThing := thing["type"]; isThing && (kind == "" || thing["name"] == "") {
			t.Errorf("a thing without a name: %v", thing)
		}
		for key, value := range thing {
			switch value.(type) {
			case nil, bool, float64, string:
			default:
				t.Errorf("%s is %T: %s", key, value, line)
			}
		}
	}
	return *r.OK, r.Data
}

// Every command of the table, each of its examples and its bare name, is answered
// with one object on one line, or with more as they come.
func TestJSONOfEveryCommand(t *testing.T) {
	objects := 0
	for _, c := range control.Commands() {
		name, _, _ := strings.Cut(c.Usage, " ")
		for _, line := range append([]string{name}, c.Examples...) {
			if name == "meters" || line == "events on" {
				continue // TestJSONLines
			}
			_, path := daemon(t)
			var stdout, stderr bytes.Buffer
			status := run([]string{"-socket", path, "-json", line}, nil, &stdout, &stderr)
			text := stdout.String()
			if strings.Count(text, "\n") != 1 || stderr.Len() > 0 {
				t.Errorf("%s: printed %q and %q", line, text, stderr.String())
				continue
			}
			ok, _ := object(t, text)
			if ok != (status == exitOK) || !ok && status != exitRefused {
				t.Errorf("%s: status %d: %s", line, status, text)
			}
			objects++
		}
	}
	t.Logf("%d commands, %d replies", len(control.Commands()), objects)
}

// Meters and events are lines of JSON as they come, until nobody reads them.
func TestJSONLines(t *testing.T) {
	for _, c := range []struct {
		line, kind string
		names      []string
	}{
		{"meters 20", "meter", []string{"mic", "tape", "usb1", "out", "mic", "tape"}},
		{"events on", "event", []string{"command", "refused", "command", "refused"}},
	} {
		box, path := daemon(t)
		near, far := io.Pipe()
		status := make(chan int, 1)
		var stderr bytes.Buffer
		go func() { status <- run([]string{"-socket", path, "-json", c.line}, nil, far, &stderr) }()
		happening := make(chan struct{})
		go func() { // until it is seen
			for {
				select {
				case <-happening:
					return
				case <-time.After(time.Millisecond):
					box.Dispatcher.Do(t.Context(), "serial", "mute mic")
					box.Dispatcher.Do(t.Context(), "serial", "mute nobody")
				}
			}
		}()
		in := bufio.NewScanner(near)
		for i := 0; i < len(c.names) && in.Scan(); {
			_, data := object(t, in.Text())
			if len(data) != 1 || data[0]["type"] != c.kind {
				t.Fatalf("%s: %s", c.line, in.Text())
			}
			if i > 0 || data[0]["name"] == c.names[0] {
				if data[0]["name"] != c.names[i] {
					t.Errorf("%s: line %d is %s, want %s", c.line, i, in.Text(), c.names[i])
				}
				i++
			}
			if boot, is := data[0]["boot"].(float64); c.kind == "event" && (!is || boot < 0) {
				t.Errorf("no time: %s", in.Text())
			}
		}
		near.Close() // as head(1) does
		if got := <-status; got != exitRefused || !strings.Contains(stderr.String(), "not printed") {
			t.Errorf("%s: status %d, %s", c.line, got, stderr.String())
		}
		close(happening)
	}
}

// The examples of PROTOCOL.md are what is printed.
func TestJSONOfProtocol(t *testing.T) {
	doc, err := os.ReadFile("../../control/PROTOCOL.md")
	if err != nil {
		t.Fatal(err)
	}
	_, examples, _ := strings.Cut(string(doc), "\n$ submixctl -json ")
	examples, _, _ = strings.Cut(examples, "```")
	_, path := daemon(t)
	n := 0
	for example := range strings.SplitSeq(examples, "$ submixctl -json ") {
		line, want, _ := strings.Cut(example, "\n")
		var stdout, stderr bytes.Buffer
		run([]string{"-socket", path, "-json", line}, nil, &stdout, &stderr)
		if stdout.String() != want {
			t.Errorf("%s: printed %s, PROTOCOL.md has %s", line, stdout.String(), want)
		}
		n++
	}
	if n != 5 {
		t.Errorf("%d examples", n)
	}
}
