package main

import (
	"bytes"
	"fmt"
	"io"
	"log/slog"
	"os"

	"golang.org/x/sys/unix"
)

// logHandler writes the log to out: for the journal, which has the time and wants the
// priority in front (see sd-daemon(3)), or with both in words.
func logHandler(out io.Writer, forJournal bool, level slog.Level) slog.Handler {
	options := &slog.HandlerOptions{Level: level}
	if forJournal {
		out = journal{out}
		options.ReplaceAttr = func(groups []string, a slog.Attr) slog.Attr {
			if a.Key == slog.TimeKey && len(groups) == 0 {
				return slog.Attr{}
			}
			return a
		}
	}
	return slog.NewTextHandler(out, options)
}

// isJournal reports that out is the journal's: JOURNAL_STREAM names the file that
// systemd has given to the service, which may be redirected since.
func isJournal(out io.Writer) bool {
	f, ok := out.(*os.File)
	var stat unix.Stat_t
	if !ok || unix.Fstat(int(f.Fd()), &stat) != nil {
		return false
	}
	return os.Getenv("JOURNAL_STREAM") == fmt.Sprintf("%d:%d", stat.Dev, stat.Ino)
}

// journal puts the priority of syslog(3) in place of the level.
type journal struct{ io.Writer }

// Write takes one entry, as a [slog.TextHandler] writes it.
func (j journal) Write(entry []byte) (int, error) {
	for _, p := range []struct{ level, priority string }{
		{"level=ERROR ", "<3>"}, {"level=WARN ", "<4>"}, {"level=INFO ", "<6>"}, {"level=DEBUG ", "<7>"},
	} {
		if rest, ok := bytes.CutPrefix(entry, []byte(p.level)); ok {
			if _, err := j.Writer.Write(append([]byte(p.priority), rest...)); err != nil {
				return 0, err
			}
			return len(entry), nil
		}
	}
	return j.Writer.Write(entry)
}
