package vm

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

// events makes what test2json writes: action, test and output or elapsed seconds, separated by bars.
func events(lines ...string) string {
	var all strings.Builder
	for _, line := range lines {
		f := strings.SplitN(line, "|", 3)
		if f[0] == "output" {
			fmt.Fprintf(&all, `{"Time":"2026-01-01T00:00:00Z","Action":"output","Test":%q,"Output":%q}`+"\n", f[1], f[2]+"\n")
		} else {
			fmt.Fprintf(&all, `{"Action":%q,"Test":%q,"Elapsed":%s}`+"\n", f[0], f[1], f[2])
		}
	}
	return all.String()
}

// verdicts are all that the harness would call an error: of the tests, then of the run.
func verdicts(r *Report) string {
	var all []string
	for _, test := range r.Tests {
		if p := test.Problem(); p != "" {
			all = append(all, test.Name+": "+p)
		}
	}
	return strings.Join(append(all, r.Problems()...), "\n")
}

const goodEnd = "output||guest: exit=0 tainted=0"

func TestReadEvents(t *testing.T) {
	var r Report
	err := r.readEvents(strings.NewReader(events(
		"start||0",
		"run|TestA|0", "output|TestA|=== RUN   TestA",
		"run|TestA/sub|0", "output|TestA/sub|    a_test.go:1: latency 7.5 ms", "output|TestA/sub|    --- PASS: TestA/sub (0.00s)", "pass|TestA/sub|0.5",
		"output|TestA|--- PASS: TestA (1.50s)", "pass|TestA|1.5",
		"run|TestB|0", "output|TestB|panic: no",
		"output|TestB|guest: exit=2 tainted=0",
		"fail||2")))
	if err != nil {
		t.Fatal(err)
	}
	want := []Test{
		{Name: "TestA", Verdict: "pass", Elapsed: 1500 * time.Millisecond},
		{Name: "TestA/sub", Verdict: "pass", Elapsed: 500 * time.Millisecond, Output: "    a_test.go:1: latency 7.5 ms\n"},
		{Name: "TestB", Output: "panic: no\n"},
	}
	if len(r.Tests) != len(want) {
		t.Fatalf("%d tests, want %d", len(r.Tests), len(want))
	}
	for i, test := range r.Tests {
		if *test != want[i] {
			t.Errorf("test %d is %+v, want %+v", i, *test, want[i])
		}
	}
	if r.Trailer != "guest: exit=2 tainted=0" {
		t.Errorf("trailer is %q", r.Trailer)
	}
}

func TestReadEventsRejectsOtherText(t *testing.T) {
	if err := new(Report).readEvents(strings.NewReader("Kernel panic")); err == nil {
		t.Error("text that is no events gave no error")
	}
}

func TestVerdicts(t *testing.T) {
	for _, c := range []struct {
		name   string
		events []string
		change func(*Report)
		want   string // part of the only verdict; empty for none
	}{
		{"good", []string{"run|TestA|0", "pass|TestA|1", goodEnd}, nil, ""},
		{"failed", []string{"run|TestA|0", "fail|TestA|1", "output||guest: exit=1 tainted=0"}, nil, "TestA: the guest says: fail"},
		{"skipped", []string{"run|TestA|0", "skip|TestA|1", goodEnd}, nil, "TestA: the guest says: skip"},
		{"unended", []string{"run|TestA|0", goodEnd}, nil, "TestA: the test did not end"},
		{"empty", []string{goodEnd}, nil, "no test ran"},
		{"broken off", []string{"run|TestA|0", "pass|TestA|1"}, nil, "the guest's tests did not end"},
		{"half a trailer", []string{"run|TestA|0", "pass|TestA|1", "output||guest: exit=0"}, nil, "the guest's tests did not end"},
		{"exit status alone", []string{"run|TestA|0", "pass|TestA|1", "output||guest: exit=3 tainted=0"}, nil, "exit status 3"},
		{"tainted", []string{"run|TestA|0", "pass|TestA|1", "output||guest: exit=0 tainted=512"}, nil, "tainted: 512"},
		{"ended", []string{"run|TestA|0", "pass|TestA|1", goodEnd}, func(r *Report) { r.Exit = "ended from outside" }, "ended from outside"},
		{"kernel", []string{"run|TestA|0", "pass|TestA|1", goodEnd}, func(r *Report) { r.Console = "a\n[ 1.0] BUG: sleeping\r\nb" }, "the console says: BUG: sleeping"},
		{"init", []string{"run|TestA|0", "pass|TestA|1", goodEnd}, func(r *Report) { r.Console = "init: mount /proc: no" }, "the console says: init: mount"},
		{"kernel's init", []string{"run|TestA|0", "pass|TestA|1", goodEnd}, func(r *Report) { r.Console = "[ 0.0] mem auto-init: stack:all(zero)" }, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			var r Report
			if err := r.readEvents(strings.NewReader(events(c.events...))); err != nil {
				t.Fatal(err)
			}
			if c.change != nil {
				c.change(&r)
			}
			got := verdicts(&r)
			if (got == "") != (c.want == "") || !strings.Contains(got, c.want) || strings.Contains(got, "\n") {
				t.Errorf("verdicts are %q, want only %q", got, c.want)
			}
		})
	}
}
