package control_test

import (
	"bytes"
	"fmt"
	"log/slog"
	"reflect"
	"strings"
	"sync"
	"testing"
	"testing/slogtest"
	"testing/synctest"
	"time"

	"submix/control"
)

func TestLogLines(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := control.NewLog(slog.DiscardHandler)
		log := slog.New(l)
		log.Info("stream stalled", "stream", "mic", "after", 100*time.Millisecond)
		log.Debug("not kept")
		log.With("card", "USB Audio").WithGroup("pcm").Error("gone\n", "errno", 19, slog.Group("at", "frame", uint64(7), "ok", false), "big key!", "")
		log.Warn(strings.Repeat("é", 4000), "more", strings.Repeat("x", 4000))
		got := l.Tail(10)
		const time = " boot=0.000 time=2000-01-01T00:00:00.000Z "
		want := []string{
			"log 1" + time + `level=info text="stream stalled" stream=mic after=100ms`,
			"log 2" + time + `level=error text="gone\x0a" card="USB Audio" pcm.errno=19 pcm.at.frame=7 pcm.at.ok=no pcm.big_key_=""`,
		}
		if !reflect.DeepEqual(got[:2], want) || len(got) != 3 || len(got[2]) > 4096 {
			t.Errorf("got %q\nwant %q", got, want)
		}
		if got := l.Tail(1); len(got) != 1 || !strings.HasPrefix(got[0], "log 3 ") {
			t.Errorf("the last one is %q", got)
		}
	})
}

func TestLogKeepsTheLast(t *testing.T) {
	l := control.NewLog(slog.DiscardHandler)
	var many sync.WaitGroup
	for range 4 {
		many.Go(func() {
			for range 250 {
				slog.New(l).Info("again")
			}
		})
	}
	many.Wait()
	lines := l.Tail(2000)
	if len(lines) != control.LogEntries {
		t.Fatalf("%d lines", len(lines))
	}
	for i, line := range lines {
		if want := fmt.Sprintf("log %d ", 1000-control.LogEntries+1+i); !strings.HasPrefix(line, want) {
			t.Errorf("line %d is %q, want %s", i, line, want)
		}
	}
}

// What the next handler gets is what it would get without the log.
func TestLogPassesOn(t *testing.T) {
	var with, without bytes.Buffer
	noTime := func(groups []string, a slog.Attr) slog.Attr {
		if a.Key == slog.TimeKey {
			return slog.Attr{}
		}
		return a
	}
	use := func(h slog.Handler) {
		log := slog.New(h)
		log.Info("hidden")
		log.With("a", 1).WithGroup("g").With("b", 2).Warn("seen", "c", 3)
	}
	options := &slog.HandlerOptions{Level: slog.LevelWarn, ReplaceAttr: noTime}
	use(slog.NewTextHandler(&without, options))
	use(control.NewLog(slog.NewTextHandler(&with, options)))
	if with.String() != without.String() || with.Len() == 0 {
		t.Errorf("got %q, want %q", with.String(), without.String())
	}
}

func TestLogIsAHandler(t *testing.T) {
	var out bytes.Buffer
	slogtest.Run(t, func(*testing.T) slog.Handler {
		out.Reset()
		return control.NewLog(slog.NewTextHandler(&out, nil))
	}, func(t *testing.T) map[string]any {
		return parseText(t, out.String())
	})
}

// parseText parses a line of slog.TextHandler whose values hold no blanks.
func parseText(t *testing.T, line string) map[string]any {
	top := map[string]any{}
	for _, field := range strings.Fields(line) {
		key, value, ok := strings.Cut(field, "=")
		if !ok {
			t.Fatalf("field %q of %q", field, line)
		}
		m := top
		keys := strings.Split(key, ".")
		for _, group := range keys[:len(keys)-1] {
			if m[group] == nil {
				m[group] = map[string]any{}
			}
			m = m[group].(map[string]any)
		}
		m[keys[len(keys)-1]] = value
	}
	return top
}

// Entries are news once, however many there are; what is not kept is none.
func TestLogNews(t *testing.T) {
	l := control.NewLog(slog.DiscardHandler)
	log := slog.New(l).With("a", 1)
	log.Debug("not kept")
	if len(l.News()) != 0 {
		t.Error("news of nothing")
	}
	log.Info("one")
	log.Warn("two")
	if len(l.News()) != 1 {
		t.Error("no news")
	}
	<-l.News()
	log.Info("three")
	if len(l.News()) != 1 {
		t.Error("no more news")
	}
}
