package main

import (
	"bytes"
	"strings"
	"testing"
)

func TestManual(t *testing.T) {
	for _, c := range []struct {
		args   []string
		status int
		want   []string
	}{
		{[]string{"-man"}, 0, []string{".TH SUBMIXD 8 ", ".TP\n-config FILE\n", ".TP\n-state DIRECTORY\n", ".TP\n-demo\n", "SIGHUP"}},
		{[]string{"-man", "submix.toml"}, 0, []string{".TH SUBMIX.TOML 5 ", "\n[[capture]]\n", "\nchannels = 2 "}},
		{[]string{"-man", "submixctl"}, 2, nil},
		{[]string{"-completion", "bash"}, 0, []string{"complete -F _submixd submixd\n"}},
		{[]string{"-complete", "submixd -c"}, 0, []string{"-check\n-config\n"}},
		{[]string{"-complete", "submixd -config "}, 0, []string{":files\n"}},
		{[]string{"-complete", "submixd -check -config /etc/x"}, 0, []string{":files\n"}},
		{[]string{"-complete", "submixd -config x -st"}, 0, []string{"-state\n"}},
		{[]string{"-complete", "submixd x"}, 0, nil},
	} {
		var stdout, stderr bytes.Buffer
		status := run(c.args, nil, &stdout, &stderr)
		got := strings.NewReplacer(`\-`, "-", `\fB`, "", `\fR`, "").Replace(stdout.String())
		if status != c.status || c.want == nil && got != "" {
			t.Errorf("%q: status %d, printed %q", c.args, status, got)
		}
		for _, w := range c.want {
			if !strings.Contains(got, w) {
				t.Errorf("%q: no %q in\n%s", c.args, w, got)
			}
		}
	}
}
