package control

import (
	"bytes"
	"context"
	"fmt"
	"math"
	"reflect"
	"strconv"
	"strings"
	"testing"
)

// Whatever arrives, every line that has an end is returned in its turn, whole or
// with what is wrong with it.
func FuzzLineReader(f *testing.F) {
	for _, s := range []string{"status\r\nstreams\n", "\r\r\n\n\ta\t\n", "a\x00b\rc", strings.Repeat("x", MaxLine) + "\n" + strings.Repeat("y", MaxLine+1) + "\r"} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, in []byte) {
		var r lineReader
		var got []string
		for _, c := range in {
			if r.push(c) {
				line, bad := r.line()
				got = append(got, shownLine(line, bad))
			}
		}
		var want []string
		text := bytes.ReplaceAll(bytes.ReplaceAll(in, []byte("\r\n"), []byte("\n")), []byte("\r"), []byte("\n"))
		lines := bytes.Split(text, []byte("\n"))
		for _, line := range lines[:len(lines)-1] {
			want = append(want, wantedLine(line))
		}
		if !reflect.DeepEqual(got, want) {
			t.Fatalf("%q: got %q, want %q", in, got, want)
		}
	})
}

func shownLine(line string, bad *Error) string {
	if bad != nil {
		return fmt.Sprintf("%s, error %d", line[:0], bad.Code)
	}
	return line
}

// wantedLine is what becomes of a line: its first fault counts.
func wantedLine(line []byte) string {
	for i, c := range line {
		switch {
		case c != '\t' && (c < ' ' || c > '~'):
			return fmt.Sprintf(", error %d", CodeNotText)
		case i == MaxLine:
			return fmt.Sprintf(", error %d", CodeTooLong)
		}
	}
	return string(line)
}

// asked takes down what an add asks for.
type asked struct{ request AddRequest }

func (a *asked) Add(_ context.Context, r AddRequest) error { a.request = r; return nil }
func (a *asked) Remove(string) error                       { return nil }

// Whatever the line, it is refused with a code of its kind, or its command is
// one of the table; an add comes back when it is written out again.
func FuzzParse(f *testing.F) {
	for _, c := range table() {
		f.Add(c.usage())
	}
	for _, s := range []string{"add a sim:tone?hz=4 gain=-3.005 channels=1,64 sync=locked latency=7.5ms", "gain out =-6", "gain a +1e3",
		"gain out -1 min=-40 max=6", "log 256", "end now", "add a gain=+24 latency=auto", "toggle all"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, line string) {
		cmd, act, err := parse(table(), line)
		if err != nil {
			if code := asError(err).Code; code < 1 || code >= CodeNoStream || code == CodeInternal {
				t.Fatalf("%q: %v with code %d", line, err, code)
			}
			return
		}
		if _, known := lookup(table(), cmd.name); !known || strings.Fields(line)[0] != cmd.name || act == nil {
			t.Fatalf("%q is taken for %+v", line, cmd)
		}
		switch cmd.name {
		case "add":
			r := requested(t, act)
			_, act, err := parse(table(), written(r))
			if err != nil {
				t.Fatalf("%q: written as %q: %v", line, written(r), err)
			}
			if again := requested(t, act); !reflect.DeepEqual(again, r) {
				t.Fatalf("%q is %+v, written as %q that is %+v", line, r, written(r), again)
			}
		case "gain":
			words := strings.Fields(line)
			step, err := parseStep(words[2], words[3:])
			if err != nil {
				t.Fatalf("%q: %v", line, err)
			}
			for _, now := range []float64{MinGainDB, -6.02, 0, MaxGainDB} {
				if dB := step(now); !(dB >= MinGainDB && dB <= MaxGainDB) || math.Abs(dB*100-math.Round(dB*100)) > 1e-9 {
					t.Fatalf("%q makes %v dB of %v", line, dB, now)
				}
			}
		}
	})
}

func requested(t *testing.T, act action) AddRequest {
	var a asked
	if err := act(context.Background(), &Dispatcher{box: Box{Streams: &a}}, nil); err != nil {
		t.Fatal(err)
	}
	return a.request
}

// written is the line that asks for r.
func written(r AddRequest) string {
	words := []string{"add", r.Name}
	if r.Device != "" {
		words = append(words, r.Device)
	}
	if r.GainDB != nil {
		words = append(words, "gain="+strconv.FormatFloat(*r.GainDB, 'f', -1, 64))
	}
	if r.Channels != nil {
		words = append(words, "channels="+strings.Trim(strings.ReplaceAll(fmt.Sprint(r.Channels), " ", ","), "[]"))
	}
	if r.Sync != "" {
		words = append(words, "sync="+r.Sync)
	}
	if r.Latency != nil && *r.Latency == 0 {
		words = append(words, "latency=auto")
	} else if r.Latency != nil {
		words = append(words, "latency="+r.Latency.String())
	}
	return strings.Join(words, " ")
}

// Whatever a data line is, it is refused, or its object is the same when it is
// written and read again.
func FuzzData(f *testing.F) {
	for _, s := range []string{`stream mic state=live gain=-6.0 peak=-inf mute=no reason="a \"b\" \xc3"`, "state: running", `device "hw:A,0" busy=yes`} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, line string) {
		objects, err := ParseData([]string{line})
		if err != nil {
			return
		}
		kind, _, _ := strings.Cut(line, " ")
		if strings.HasSuffix(kind, ":") || len(objects) != 1 || objects[0]["type"] != kind {
			return // a pair; or a key called type
		}
		name, ok := objects[0]["name"].(string)
		var fields []any
		for key, v := range objects[0] {
			switch x := v.(type) {
			case float64:
				v = bare(strconv.FormatFloat(x, 'f', -1, 64))
			case nil:
				v = bare("-inf")
			case string:
				ok = ok && len(x) <= maxText
			}
			if key != "type" && key != "name" {
				fields = append(fields, key, v)
			}
		}
		if !ok || len(name) > maxText {
			return
		}
		again, err := ParseData([]string{Thing(kind, name, fields...)})
		if err != nil || !reflect.DeepEqual(again, objects) {
			t.Fatalf("%q is %q, written as %q that is %q, %v", line, objects, Thing(kind, name, fields...), again, err)
		}
	})
}
