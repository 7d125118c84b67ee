package control

import (
	"context"
	"log/slog"
	"strconv"
	"strings"
	"sync"
	"time"
)

// LogEntries is how many entries a Log keeps.
const LogEntries = 256

// timeForm is how times are written in replies.
const timeForm = "2006-01-02T15:04:05.000Z"

// Log is an [slog.Handler] that keeps the last entries of level Info and above
// as lines for the log command, and passes everything on to another handler.
// It may be used from any goroutine, but not from the real-time thread.
type Log struct {
	next   slog.Handler
	ring   *logRing
	group  string   // "a.b." in front of keys
	fields []string // " key=value" of the attributes so far
}

type logRing struct {
	news  chan struct{} // cap 1
	mu    sync.Mutex
	count uint64 // entries so far; entry i is in lines[i%LogEntries]
	lines [LogEntries]string
}

// NewLog returns a log that passes records on to next.
func NewLog(next slog.Handler) *Log {
	return &Log{next: next, ring: &logRing{news: make(chan struct{}, 1)}}
}

// News has something in it when there are entries since it was read last. It is for
// one reader.
func (l *Log) News() <-chan struct{} { return l.ring.news }

// Tail returns the last n entries, oldest first, as data lines; the name of an
// entry is its number since the start.
func (l *Log) Tail(n int) []string {
	r := l.ring
	r.mu.Lock()
	defer r.mu.Unlock()
	n = min(n, LogEntries, int(r.count))
	var lines []string
	for i := r.count - uint64(n); i < r.count; i++ {
		lines = append(lines, r.lines[i%LogEntries])
	}
	return lines
}

// Enabled implements [slog.Handler].
func (l *Log) Enabled(ctx context.Context, level slog.Level) bool {
	return level >= slog.LevelInfo || l.next.Enabled(ctx, level)
}

// Handle implements [slog.Handler].
func (l *Log) Handle(ctx context.Context, rec slog.Record) error {
	if rec.Level >= slog.LevelInfo {
		l.keep(rec)
	}
	if !l.next.Enabled(ctx, rec.Level) {
		return nil
	}
	return l.next.Handle(ctx, rec)
}

func (l *Log) keep(rec slog.Record) {
	var own []string
	rec.Attrs(func(a slog.Attr) bool {
		own = appendAttr(own, l.group, a)
		return true
	})
	body := keyValues(
		"time", bare(rec.Time.UTC().Format(timeForm)),
		"level", bare(strings.ToLower(rec.Level.String())),
		"text", text(rec.Message))
	for _, f := range append(l.fields[:len(l.fields):len(l.fields)], own...) {
		if len(body)+len(f) <= 2*maxText { // what is longer goes to the next handler only
			body += f
		}
	}
	r := l.ring
	r.mu.Lock()
	defer r.mu.Unlock()
	r.lines[r.count%LogEntries] = "log " + strconv.FormatUint(r.count+1, 10) + body
	r.count++
	select {
	case r.news <- struct{}{}:
	default:
	}
}

// WithAttrs implements [slog.Handler].
func (l *Log) WithAttrs(attrs []slog.Attr) slog.Handler {
	c := *l
	c.next = l.next.WithAttrs(attrs)
	c.fields = l.fields[:len(l.fields):len(l.fields)]
	for _, a := range attrs {
		c.fields = appendAttr(c.fields, l.group, a)
	}
	return &c
}

// WithGroup implements [slog.Handler].
func (l *Log) WithGroup(name string) slog.Handler {
	if name == "" {
		return l
	}
	c := *l
	c.next = l.next.WithGroup(name)
	c.group += name + "."
	return &c
}

// appendAttr appends a as " key=value", a group as its members.
func appendAttr(fields []string, group string, a slog.Attr) []string {
	v := a.Value.Resolve()
	if v.Kind() == slog.KindGroup {
		if a.Key != "" {
			group += a.Key + "."
		}
		for _, member := range v.Group() {
			fields = appendAttr(fields, group, member)
		}
		return fields
	}
	if a.Key == "" {
		return fields
	}
	return append(fields, keyValues(logKey(group+a.Key), logValue(v)))
}

func logValue(v slog.Value) any {
	switch v.Kind() {
	case slog.KindBool:
		return v.Bool()
	case slog.KindInt64, slog.KindUint64:
		return v.Any()
	case slog.KindTime:
		return v.Time().UTC().Format(time.RFC3339)
	}
	return v.String()
}

// logKey keeps letters, digits and _-. of a key.
func logKey(key string) string {
	return strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune("_-.", r) {
			return r
		}
		return '_'
	}, key)
}
