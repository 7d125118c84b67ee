package control

import (
	"slices"
	"strings"
	"testing"
)

func TestNearest(t *testing.T) {
	commands := names(table())
	for _, c := range []struct {
		word  string
		words []string
		want  string
	}{
		{"mtue", commands, "mute"}, {"mut", commands, "mute"}, {"stat", commands, "status"}, {"sta", commands, ""},
		{"quit", commands, ""}, {"volume", commands, ""}, {"strems", commands, "streams"}, {"unmtue", commands, "unmute"},
		{"Status", commands, "status"}, {"", commands, ""}, {"x", commands, ""}, {"addd", commands, "add"},
		{"mci", []string{"mic", "tape"}, "mic"}, {"mic2", []string{"mic", "tape"}, "mic"}, {"all", nil, ""},
		{strings.Repeat("a", 256), []string{strings.Repeat("a", 32)}, ""},
	} {
		if got := nearest(c.word, c.words); got != c.want {
			t.Errorf("%q: %q, want %q", c.word, got, c.want)
		}
	}
}

func TestExamplesOfTheTable(t *testing.T) {
	for _, c := range table() {
		if c.max > 0 && len(c.examples) == 0 {
			t.Errorf("%s has no example", c.name)
		}
		for _, line := range c.examples {
			if err := Check(line); err != nil || strings.Fields(line)[0] != c.name {
				t.Errorf("example %q of %s: %v", line, c.name, err)
			}
		}
	}
}

// What can follow, at each place of each command.
func TestCandidates(t *testing.T) {
	replies := map[string][]string{
		"streams":  {"stream mic state=live", "stream tape state=live"},
		"captures": {"capture mic device=hw:A,0 in=yes", "capture radio device=hw:B,0 in=no"},
		"devices":  {"device hw:A,0 direction=capture busy=no", "device hw:B,0 direction=playback busy=no"},
	}
	c := Console{Do: func(line string) (Reply, error) { return Reply{Data: replies[line]}, nil }}
	for _, x := range []struct{ line, want string }{
		{"mute", "all mic out tape"}, {"gain", "mic out tape"}, {"gain mic", ""}, {"remove", "mic tape"}, {"mute mic", ""},
		{"add", "radio"}, {"add x", "channels= gain= hw:A,0 latency= latency=auto priority= sync=adaptive sync=locked"},
		{"add x hw:A,0 gain=3", "channels= latency= latency=auto priority= sync=adaptive sync=locked"},
		{"add x sync=locked", "channels= gain= latency= latency=auto priority="},
		{"end", "now"}, {"end now", ""}, {"console", "off on"}, {"status", ""}, {"nothing", ""}, {"log", ""},
		{"help", strings.Join(names(table()), " ")}, {"", strings.Join(append(names(table()), "exit"), " ")},
	} {
		if got := strings.Join(c.candidates(strings.Fields(x.line)), " "); got != x.want {
			t.Errorf("after %q: %q, want %q", x.line, got, x.want)
		}
	}
}

// Whatever a reply says, its layout keeps to the width where words allow it,
// and loses no line.
func TestLayout(t *testing.T) {
	reply := Reply{Data: []string{
		`stream mic state=live gain=-6.0`, `stream tape state=gone reason="a long reason with many words in it"`, "strange line", "kind name key",
		"key: value", "longer-key: words and words and words", `text: "quoted \"text\""`, "log 7 what", `log 8 time=2026-01-01T12:34:56.789Z level=warn text="xrun" stream=mic`,
	}}
	for width := range 200 {
		lines := layout(reply, width)
		all := strings.Join(strings.Fields(strings.Join(lines, " ")), " ")
		for _, word := range []string{"mic", "tape", "a long reason with many words in it", "words and words", `quoted "text"`, "log 7 what", "12:34:56 WARN xrun stream=mic", "STRANGE"} {
			if !strings.Contains(all, word) {
				t.Fatalf("at width %d %q is lost:\n%s", width, word, strings.Join(lines, "\n"))
			}
		}
		if width >= 30 && slices.ContainsFunc(lines, func(line string) bool { return len(line) > width }) {
			t.Fatalf("at width %d\n%s", width, strings.Join(lines, "\n"))
		}
	}
}
