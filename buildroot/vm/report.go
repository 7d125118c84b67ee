package vm

import (
	"encoding/json"
	"fmt"
	"io"
	"os/exec"
	"regexp"
	"strings"
	"time"
)

// Report is what a boot left.
type Report struct {
	Tests   []*Test       // in the order in which they began, subtests too
	Trailer string        // the last word of the guest's init, empty if there was none
	Exit    string        // why qemu did not end of its own accord, empty if it did
	Console string        // all that the kernel and init said
	Host    time.Duration // what the boot took on the host
}

// Test is one test of the guest.
type Test struct {
	Name    string        // "TestA/sub" for a subtest
	Verdict string        // "pass", "fail", "skip", or empty for a test that did not end
	Elapsed time.Duration // of virtual time
	Output  string        // what it printed, without the lines that name it and its end
}

// Problem says why the test is no success, or is empty. A skipped test is none: nothing may be skipped.
func (t *Test) Problem() string {
	switch t.Verdict {
	case "pass":
		return ""
	case "":
		return "the test did not end"
	}
	return "the guest says: " + t.Verdict
}

// complaint is what a healthy kernel does not say.
var complaint = regexp.MustCompile(`(?m)(Kernel panic|Internal error|Oops|BUG:|WARNING:|Call trace|detected stall|Unable to handle|^init: ).*`)

// Problems says what is wrong with the run beyond the tests that ended: nothing for a good one.
func (r *Report) Problems() []string {
	var problems []string
	if r.Exit != "" {
		problems = append(problems, r.Exit)
	}
	if line := complaint.FindString(r.Console); line != "" {
		problems = append(problems, "the console says: "+strings.TrimSpace(line))
	}
	if len(r.Tests) == 0 {
		problems = append(problems, "no test ran")
	}
	failed := false
	for _, t := range r.Tests {
		failed = failed || t.Verdict == "fail"
	}
	var exit, tainted int
	if n, _ := fmt.Sscanf(r.Trailer, trailer+"%d tainted=%d", &exit, &tainted); n != 2 {
		problems = append(problems, "the guest's tests did not end")
	} else if exit != 0 && !failed {
		problems = append(problems, fmt.Sprintf("the guest's tests ended with exit status %d", exit))
	}
	if tainted != 0 {
		problems = append(problems, fmt.Sprintf("the guest's kernel is tainted: %d", tainted))
	}
	return problems
}

// Tail returns the last lines of the console.
func (r *Report) Tail() string {
	lines := strings.Split(strings.TrimSpace(r.Console), "\n")
	return strings.Join(lines[max(0, len(lines)-40):], "\n")
}

// trailer begins the line with which init ends the results.
const trailer = "guest: exit="

// readResults reads what the guest's tests printed with -test.v=test2json, by way of the go command's own reader of it.
func (r *Report) readResults(raw io.Reader) error {
	var stderr strings.Builder
	cmd := exec.Command("go", "tool", "test2json", "-t") // -t: elapsed times too
	cmd.Stdin, cmd.Stderr = raw, &stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		return err
	}
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("test2json: %w", err)
	}
	err = r.readEvents(out)
	if waitErr := cmd.Wait(); waitErr != nil {
		return fmt.Errorf("test2json: %w %s", waitErr, stderr.String())
	}
	return err
}

// readEvents reads test2json's stream of events: see `go doc test2json`.
func (r *Report) readEvents(events io.Reader) error {
	byName := map[string]*Test{}
	for dec := json.NewDecoder(events); ; {
		var event struct {
			Action, Test, Output string
			Elapsed              float64 // s
		}
		if err := dec.Decode(&event); err == io.EOF {
			return nil
		} else if err != nil {
			return fmt.Errorf("results of the guest: %w", err)
		}
		if strings.HasPrefix(event.Output, trailer) {
			r.Trailer = strings.TrimSpace(event.Output)
			continue
		}
		test := byName[event.Test]
		switch event.Action {
		case "run":
			test = &Test{Name: event.Test}
			byName[event.Test] = test
			r.Tests = append(r.Tests, test)
		case "output":
			if test != nil && !strings.HasPrefix(event.Output, "=== ") && !strings.HasPrefix(strings.TrimSpace(event.Output), "--- ") {
				test.Output += event.Output
			}
		case "pass", "fail", "skip":
			if test != nil {
				test.Verdict = event.Action
				test.Elapsed = time.Duration(event.Elapsed * float64(time.Second))
			}
		}
	}
}
