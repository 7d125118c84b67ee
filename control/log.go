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
	// Clock tells when it is: the time since the machine was started, and whether the
	// time of day, too, is known. It is set before the first use; nil is a clock that
	// begins with the log and always knows the time of day.
	Clock func() (boot time.Duration, known bool)

	next   slog.Handler
	ring   *logRing
	group  string   // "a.b." in front of keys
	fields []string // " key=value" of the attributes so far
}

type logRing struct {
	news  chan struct{} // cap 1
	start time.Time

	mu              sync.Mutex
	entries, events lastLines
	more            chan struct{} // closed at the next event; nil: nobody waits for it
}

// lastLines are the last of many lines.
type lastLines struct {
	count uint64 // so far; line i is in lines[i%LogEntries]
	lines [LogEntries]string
}

func (l *lastLines) add(line string) {
	l.lines[l.count%LogEntries] = line
	l.count++
}

// NewLog returns a log that passes records on to next.
func NewLog(next slog.Handler) *Log {
	return &Log{next: next, ring: &logRing{news: make(chan struct{}, 1), start: time.Now()}}
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
	n = min(n, LogEntries, int(r.entries.count))
	var lines []string
	for i := r.entries.count - uint64(n); i < r.entries.count; i++ {
		lines = append(lines, r.entries.lines[i%LogEntries])
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

// keep makes the record a line of the log and, if it is one, of the events: the
// words are the same.
func (l *Log) keep(rec slog.Record) {
	var own []string
	event := ""
	rec.Attrs(func(a slog.Attr) bool {
		if a.Key == eventKey && l.group == "" {
			event = a.Value.String()
		} else {
			own = appendAttr(own, l.group, a)
		}
		return true
	})
	when := l.when(rec.Time)
	body := keyValues("level", bare(strings.ToLower(rec.Level.String())), "text", text(rec.Message))
	for _, f := range append(l.fields[:len(l.fields):len(l.fields)], own...) {
		if len(body)+len(f) <= 2*maxText { // what is longer goes to the next handler only
			body += f
		}
	}
	r := l.ring
	r.mu.Lock()
	defer r.mu.Unlock()
	entry := "log " + strconv.FormatUint(r.entries.count+1, 10) + when
	if event != "" {
		entry += keyValues("event", event)
		r.events.add("event " + event + when + body)
		if r.more != nil {
			close(r.more)
			r.more = nil
		}
	}
	r.entries.add(entry + body)
	select {
	case r.news <- struct{}{}:
	default:
	}
}

// when is " boot=... time=...", without the time of day if that is not known.
func (l *Log) when(at time.Time) string {
	boot, known := time.Since(l.ring.start), true
	if l.Clock != nil {
		boot, known = l.Clock()
	}
	s := keyValues("boot", decimals(boot.Seconds(), 3))
	if known {
		s += keyValues("time", bare(at.UTC().Format(timeForm)))
	}
	return s
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
