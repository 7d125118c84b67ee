package main

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"os"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/coreos/go-systemd/v22/daemon"
	"golang.org/x/sys/unix"

	"submix/control"
)

// unread is a log that takes nothing until it is read.
type unread struct {
	read chan struct{} // closed then
	bytes.Buffer
}

func (u *unread) Write(line []byte) (int, error) {
	<-u.read
	return u.Buffer.Write(line)
}

// A log that nobody reads holds up neither a card that comes back nor a command; log has all of it, and so has whoever reads
// it later.
func TestLogThatNobodyReads(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, simulated3)
		out := &unread{read: make(chan struct{})}
		told := newSpool(out)
		written := background(told.run)
		r.log = control.NewLog(logHandler(told, false, slog.LevelInfo))
		r.b.log = slog.New(r.log)
		r.d = control.NewDispatcher(r.b.controls(r.log))
		slowCard(r, 0, 0, 500) // of playback, pulled after more than two seconds
		r.run()
		time.Sleep(time.Second)
		r.card("mic").Unplug()
		time.Sleep(time.Second / 2)
		r.streams("mic live", "line live")
		if t.Failed() { // and no command would be answered
			close(out.read)
			r.shutdown()
			written()
			return
		}
		time.Sleep(2 * time.Second)
		r.says("status", "state: running")
		r.within(0, "mute line", func() { r.says("mute line") })
		r.says("log", "stream gone", "no output", `line="mute line"`)
		r.shutdown()
		close(out.read)
		written()
		last := -1
		for _, want := range []string{`msg="stream gone"`, `msg="no output"`, `line="mute line"`, `msg="mix ends"`} {
			at := strings.Index(out.String(), want)
			if at <= last {
				t.Errorf("no %q in its place in\n%s", want, out.String())
			}
			last = at
		}
	})
}

// Of what is not read so much is kept, in whole lines, in order; it is told where something is missing, and how much.
func TestSpoolIsBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		out := &unread{read: make(chan struct{})}
		s := newSpool(out)
		stop := background(s.run)
		const lines = 10000
		log := slog.New(logHandler(s, false, slog.LevelInfo))
		for i := range lines {
			log.Info("an entry", "number", i)
			synctest.Wait()
		}
		if n := cap(s.lines); n > 3*spoolRoom {
			t.Errorf("%d bytes wait", n)
		}
		close(out.read)
		synctest.Wait()
		log.Info("an entry", "number", lines)
		stop()
		got := strings.Split(strings.TrimSuffix(out.String(), "\n"), "\n")
		kept, lost := len(got)-2, 0
		for i, line := range got {
			want := fmt.Sprintf("number=%d", i)
			switch i {
			case kept:
				fmt.Sscanf(line[strings.LastIndex(line, " "):], " lines=%d", &lost)
				want = "nobody read the log"
			case kept + 1:
				want = fmt.Sprintf("number=%d", lines)
			}
			if !strings.HasSuffix(line, want) && !strings.Contains(line, want+`"`) || strings.Count(line, "time=") != 1 {
				t.Fatalf("line %d is %q, want %s", i, line, want)
			}
		}
		t.Logf("of %d lines %d are kept, and %d told as lost", lines, kept, lost)
		if kept+lost != lines || out.Len() < spoolRoom {
			t.Error("want each to be kept or told, and 64 KB kept")
		}
	})
}

// The end waits for what is left to be written, as long as somebody reads it, and not for long if nobody does.
func TestSpoolAtTheEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for range 100 { // whichever the writer hears of first, of the line or of the end
			out := &unread{read: make(chan struct{})}
			close(out.read)
			s := newSpool(out)
			stop := background(s.run)
			fmt.Fprintln(s, "the last line")
			stop()
			if out.String() != "the last line\n" {
				t.Fatalf("written is %q", out.String())
			}
		}
		out := &unread{read: make(chan struct{})}
		s := newSpool(out)
		fmt.Fprintln(s, "the last line")
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		began := time.Now()
		s.run(ctx)
		if took := time.Since(began); took != spoolEnd {
			t.Errorf("the end waits %v for a log that nobody reads", took)
		}
		close(out.read)
	})
}

// A daemon whose log is full from the start mixes, takes commands, and ends in order and in time.
func TestDaemonWithFullLog(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	read, write, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer read.Close()
	defer write.Close()
	size, err := unix.FcntlInt(write.Fd(), unix.F_GETPIPE_SZ, 0)
	if err == nil {
		_, err = write.Write(make([]byte, size))
	}
	if err != nil {
		t.Fatal(err)
	}
	systemd := listenNotify(t)
	systemd.conn.SetReadDeadline(time.Now().Add(30 * time.Second))
	p := newProcess(t, dir, simulated3)
	p.Env = append(p.Env, "NOTIFY_SOCKET="+systemd.path)
	p.Stderr = write
	p.start()
	for systemd.next() != daemon.SdNotifyReady {
	}
	expect(t, p.do, "mute line", 0)
	expect(t, p.do, "status", 0, "state: running")
	expect(t, p.do, "log", 0, "submixd runs", `line="mute line"`)
	began := time.Now()
	if err := p.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if err := p.Wait(); err != nil {
		t.Error(err)
	}
	took := time.Since(began)
	t.Logf("it ended %v after the order", took)
	if took > spoolEnd+shutdownTime {
		t.Error("want it in time")
	}
	if c := lastCrash(dir); c != nil {
		t.Errorf("it has ended in order, and the report is %+v", c)
	}
}
