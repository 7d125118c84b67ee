package main

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"runtime/debug"
	"strings"
	"sync"
	"time"

	"submix/control"
	"submix/control/state"
)

const (
	recordName  = "blackbox.json"
	crashName   = "crash.txt"
	recordPause = 200 * time.Millisecond // between writes, at least
	recordLines = 20                     // of the log
)

// A blackBox is what is left of a run of the daemon that did not end in order: two
// files beside the control socket, in memory (tmpfs), which survive the program but
// not the power. One has what happened last, as far as the daemon can tell; in the
// other the Go runtime writes why it has ended the program.
type blackBox struct {
	dir string // "": nothing is written
	log *control.Log

	mu   sync.Mutex // held while the record is written
	rec  record
	told bool // that it cannot be written
}

// A record is the content of the black box.
type record struct {
	Version string    `json:"version"`
	Started time.Time `json:"started"`
	Reason  string    `json:"reason"` // why it may be about to end; "": no reason is known
	Events  []string  `json:"events"` // as Tail returns them
}

// openBlackBox returns the black box in dir, which is empty to keep nothing, and
// how the last run ended, nil if it did in order. log is what is recorded.
func openBlackBox(dir string, log *control.Log) (*blackBox, *control.Crash) {
	b := &blackBox{dir: dir, log: log, rec: record{Version: version, Started: time.Now().UTC()}}
	if dir == "" {
		return b, nil
	}
	crash := lastCrash(dir)
	out, err := os.OpenFile(b.path(crashName), os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o644)
	if err == nil {
		err = errors.Join(debug.SetCrashOutput(out, debug.CrashOptions{}), out.Close())
	}
	if err != nil {
		slog.New(log).Warn("no crash report will be written", "error", err)
	}
	b.write()
	return b, crash
}

func (b *blackBox) path(name string) string { return filepath.Join(b.dir, name) }

// run records what is logged until ctx is done.
func (b *blackBox) run(ctx context.Context) {
	for {
		b.write()
		select {
		case <-ctx.Done():
			return
		case <-time.After(recordPause):
		}
		select {
		case <-ctx.Done():
			return
		case <-b.log.News():
		}
	}
}

// because records, at once, why the program may be about to end; "" takes it back.
func (b *blackBox) because(reason string) {
	b.mu.Lock()
	b.rec.Reason = reason
	b.mu.Unlock()
	b.write()
}

// panicked records a panic, with where it began: what the runtime writes of one that was
// recovered and begun again names only the latter place. For the function that recovers.
func (b *blackBox) panicked(cause any) {
	_, where, _ := strings.Cut(string(debug.Stack()), "\npanic(")
	b.because(crashReason(fmt.Sprintf("panic: %v\n%s", cause, where)))
}

// close ends the record: in order, or because of err, unless a reason is known.
func (b *blackBox) close(err error) {
	if b.dir == "" {
		return
	}
	if err == nil {
		debug.SetCrashOutput(nil, debug.CrashOptions{}) // an error is of no use to anybody, here and below
		os.Remove(b.path(crashName))
		os.Remove(b.path(recordName))
		return
	}
	b.mu.Lock()
	b.rec.Reason = cmp.Or(b.rec.Reason, "ended with an error: "+err.Error())
	b.mu.Unlock()
	b.write()
}

func (b *blackBox) write() {
	if b.dir == "" {
		return
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.rec.Events = b.log.Tail(recordLines)
	data, err := json.MarshalIndent(b.rec, "", "\t")
	if err == nil {
		err = state.Replace(b.path(recordName), append(data, '\n'), false)
	}
	if err != nil && !b.told {
		slog.New(b.log).Warn("nothing is recorded for a crash report", "error", err)
	}
	b.told = err != nil
}
