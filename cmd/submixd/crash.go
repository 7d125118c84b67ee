package main

import (
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"time"

	"submix/control"
)

const (
	crashSection = "crash"  // of the state file: control.Crash
	maxRecord    = 64 << 10 // bytes that are read of the black box and of the runtime's report
	crashLines   = 10       // of the log, that are kept
)

const noReason = "killed, or the power of the program was cut, without a word"

// lastCrash returns how the last run ended, from what its black box in dir has; nil
// if it ended in order, or never was since the machine was switched on.
func lastCrash(dir string) *control.Crash {
	data, err := readStart(filepath.Join(dir, recordName))
	if err != nil {
		return nil
	}
	var rec record
	if json.Unmarshal(data, &rec) != nil {
		rec = record{}
	}
	crash := &control.Crash{Time: time.Now().UTC(), Reason: rec.Reason, Events: rec.Events[max(0, len(rec.Events)-crashLines):]}
	if crash.Reason == "" { // or else the runtime's report is of what followed from it
		report, _ := readStart(filepath.Join(dir, crashName))
		crash.Reason = crashReason(string(report))
	}
	return crash
}

// readStart reads a file, or what is at its beginning if it is very long.
func readStart(path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return io.ReadAll(io.LimitReader(f, maxRecord))
}

// What begins the line of the Go runtime's report that says why, and the first
// function of ours in the list of calls.
var (
	crashWhy   = regexp.MustCompile(`(?m)^(panic: |fatal error: |SIG[A-Z]+: ).*`)
	crashWhere = regexp.MustCompile(`(?m)^((?:main|submix/\S+?)\.\S+)\(`)
)

// crashReason says in a line why the Go runtime has ended the program.
func crashReason(report string) string {
	why := strings.TrimSpace(crashWhy.FindString(report))
	if why == "" {
		why, _, _ = strings.Cut(strings.TrimSpace(report), "\n")
	}
	if why == "" {
		return noReason
	}
	if where := crashWhere.FindStringSubmatch(report); where != nil && !strings.HasPrefix(why, "SIG") {
		why += " in " + where[1]
	}
	return why
}

// crashed logs how the last run ended, and keeps it: it is what status shows until
// there is another one, after a power cut too.
func (b *box) crashed(c *control.Crash) {
	if c == nil {
		return
	}
	b.log.Warn("the last run did not end in order", "reason", c.Reason)
	b.crash = c
	if err := b.kept.Put(crashSection, c); err != nil {
		b.log.Error("crash report is not kept", "error", err)
	}
}

// crashBefore returns what an earlier run has kept; nil if there was no crash.
func (b *box) crashBefore() (c *control.Crash) {
	if err := b.kept.Get(crashSection, &c); err != nil {
		b.log.Warn("crash report is lost", "error", err)
		return nil
	}
	return c
}
