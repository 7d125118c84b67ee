package control

import (
	"math"
	"reflect"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func TestDecimals(t *testing.T) {
	for _, c := range []struct {
		x    float64
		n    int
		want bare
	}{
		{-6, 1, "-6.0"}, {-0.04, 1, "0.0"}, {math.Copysign(0, -1), 1, "0.0"}, {-0.06, 1, "-0.1"},
		{math.Inf(-1), 1, "-inf"}, {1.25, 2, "1.25"}, {-100, 0, "-100"},
	} {
		if got := decimals(c.x, c.n); got != c.want {
			t.Errorf("decimals(%v, %d) = %s, want %s", c.x, c.n, got, c.want)
		}
	}
	for dB, want := range map[float64]bare{-6: "-6.0", 1.25: "1.25", 0: "0.0", -0.004: "0.0", 24: "24.0"} {
		if got := gainDB(dB); got != want {
			t.Errorf("gainDB(%v) = %s, want %s", dB, got, want)
		}
	}
	for ppm, want := range map[float64]bare{80.04: "+80.0", -12.5: "-12.5", -0.01: "+0.0"} {
		if got := signed(ppm, 1); got != want {
			t.Errorf("signed(%v) = %s, want %s", ppm, got, want)
		}
	}
}

func TestDataComesBack(t *testing.T) {
	got, err := ParseData([]string{
		Pair("version", "1.2"), Pair("blocks", 7), Pair("about", bare("set it: 6")),
		Thing("stream", "7", "peak", decimals(math.Inf(-1), 1), "mute", true, "drift", signed(2.5, 1), "reason", text("a \"b\" \xc3\xb8\n")),
		Pair("state", "no"),
	})
	want := []map[string]any{
		{"version": "1.2", "blocks": 7.0, "about": "set it: 6"},
		{"type": "stream", "name": "7", "peak": nil, "mute": true, "drift": 2.5, "reason": "a \"b\" \u00f8\n"},
		{"state": "no"},
	}
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("got %v, %v\nwant %v", got, err, want)
	}
}

// Any string goes through a line as a name, a value or a text, and the line is
// one line of printable ASCII.
func TestAnyStringComesBack(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := string(rapid.SliceOfN(rapid.Byte(), 0, maxText).Draw(t, "s"))
		line := Thing("device", s, "a", s, "b", text(s))
		for i := range len(line) {
			if line[i] < ' ' || line[i] > '~' {
				t.Fatalf("line %q holds byte %#x", line, line[i])
			}
		}
		got, err := ParseData([]string{line})
		want := []map[string]any{{"type": "device", "name": s, "a": s, "b": s}}
		if err != nil || !reflect.DeepEqual(got, want) {
			t.Fatalf("line %q: got %q, %v", line, got, err)
		}
	})
}

func TestParseDataRefuses(t *testing.T) {
	for _, line := range []string{`stream mic state`, `stream mic a="b`, `stream "mic a=b`, `stream mic =b`, `stream mic a=b  c=d`} {
		if got, err := ParseData([]string{line}); err == nil {
			t.Errorf("%s: %v", line, got)
		}
	}
}

func TestErrorTextIsOneLine(t *testing.T) {
	r := Reply{Err: &Error{CodeConfig, "line 3: bad\nline 4: \x1b worse\r\n" + strings.Repeat("x", 2000)}}
	s := r.String()
	if want := "ERR 34 line 3: bad; line 4: ? worse; xxx"; !strings.HasPrefix(s, want) || len(s) > 2*maxText ||
		strings.Count(s, "\n") != 1 {
		t.Errorf("%d bytes: %q, want %q...", len(s), s, want)
	}
}
