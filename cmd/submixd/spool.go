package main

import (
	"bytes"
	"context"
	"io"
	"log/slog"
	"sync"
	"time"
)

const (
	spoolRoom = 64 << 10    // bytes that wait for whoever reads the log, but for the line that is the last to find room
	spoolEnd  = time.Second // for what is left to be written at the end
)

// A spool is a log that is written by a goroutine of its own: nobody who logs waits for whoever reads it, whose disk may be
// full, or whose terminal stopped. What finds no room is counted, and that is told in its place. Any goroutine may write.
type spool struct {
	out  io.Writer
	own  *slog.Logger  // writes to out at once, for run
	more chan struct{} // cap 1: lines wait

	mu    sync.Mutex
	lines []byte // that wait
	lost  int    // how many lines after them found no room
}

func newSpool(out io.Writer) *spool {
	return &spool{out: out, own: slog.New(logHandler(out, isJournal(out), slog.LevelWarn)), more: make(chan struct{}, 1)}
}

// Write takes one line. It does not fail.
func (s *spool) Write(line []byte) (int, error) {
	s.mu.Lock()
	if len(s.lines) >= spoolRoom {
		s.lost++
	} else {
		s.lines = append(s.lines, line...)
	}
	s.mu.Unlock()
	select {
	case s.more <- struct{}{}:
	default:
	}
	return len(line), nil
}

// run writes until ctx is done, and then what is left. A write that does not come back cannot be ended, and is not waited
// for longer than spoolEnd.
func (s *spool) run(ctx context.Context) {
	written := make(chan struct{})
	go func() {
		defer close(written)
		for over := false; !over; {
			select {
			case <-s.more:
			case <-ctx.Done():
				over = true
			}
			s.write()
		}
	}()
	<-ctx.Done()
	select {
	case <-written:
	case <-time.After(spoolEnd):
	}
}

// write writes what waits, a line at a time, as it came.
func (s *spool) write() {
	s.mu.Lock()
	lines, lost := s.lines, s.lost
	s.lines, s.lost = nil, 0
	s.mu.Unlock()
	for line := range bytes.Lines(lines) {
		s.out.Write(line) // an error is of no use to anybody
	}
	if lost > 0 {
		s.own.Warn("what was logged here is lost: nobody read the log", "lines", lost)
	}
}
