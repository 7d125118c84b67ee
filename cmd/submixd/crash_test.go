package main

import (
	"fmt"
	"log/slog"
	"math"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"submix/control"
)

// notifySocket is systemd's end of sd_notify(3).
type notifySocket struct {
	*testing.T
	path string
	conn *net.UnixConn
}

func listenNotify(t *testing.T) *notifySocket {
	t.Helper()
	s := &notifySocket{T: t, path: filepath.Join(t.TempDir(), "notify")}
	var err error
	if s.conn, err = net.ListenUnixgram("unixgram", &net.UnixAddr{Name: s.path, Net: "unixgram"}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.conn.Close() })
	return s
}

// next returns what was told next.
func (s *notifySocket) next() string {
	s.Helper()
	var b [4096]byte
	n, err := s.conn.Read(b[:])
	if err != nil {
		s.Fatal(err)
	}
	return string(b[:n])
}

// The next run says how the last one ended, whatever ended it, and keeps saying so.
func TestCrashReport(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	begin := func(crash string) *process {
		t.Helper()
		p := startProcess(t, dir, simulated3)
		p.await("submixd runs")
		reply := fmt.Sprint(p.do("status"))
		found := regexp.MustCompile(`crash: (".*")\ncrash_time: \S+\n(log .*\n)+OK`).FindStringSubmatch(reply)
		switch {
		case crash == "" && strings.Contains(reply, "crash"), crash != "" && (found == nil || !strings.HasPrefix(found[1], `"`+crash)):
			t.Errorf("want a crash %q in\n%s", crash, reply)
		case crash != "" && !strings.Contains(reply, `text="submixd runs"`):
			t.Errorf("no last events in\n%s", reply)
		}
		return p
	}
	end := func(p *process, s syscall.Signal) {
		t.Helper()
		for recorded := false; !recorded; { // which is a moment behind the log
			expect(t, p.do, "version", 0)
			data, err := os.ReadFile(filepath.Join(dir, recordName))
			if err != nil {
				t.Fatal(err)
			}
			recorded = strings.Contains(string(data), "submixd runs")
		}
		if err := p.Process.Signal(s); err != nil {
			t.Fatal(err)
		}
		for p.stderr.Scan() {
		}
		p.Wait()
	}
	end(begin(""), syscall.SIGKILL)
	end(begin(noReason), syscall.SIGABRT)
	begin("SIGABRT: abort").stop(syscall.SIGTERM, 0)
	for _, name := range []string{recordName, crashName, "state.now.json"} {
		if _, err := os.Stat(filepath.Join(dir, name)); !os.IsNotExist(err) {
			t.Errorf("after an ordered end, %s is there: %v", name, err)
		}
	}
	p := begin("SIGABRT: abort") // of the run before last
	p.stop(syscall.SIGTERM, 0)
}

// A panic is told in the runtime's words, with the function of ours that was the cause.
func TestPanicIsReported(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	cmd := exec.Command(os.Args[0], dir)
	cmd.Env = append(os.Environ(), asProcess+"="+toPanic, noPause)
	if out, err := cmd.CombinedOutput(); err == nil {
		t.Fatalf("it did not panic: %s", out)
	}
	c := lastCrash(dir)
	const want = "panic: told to in submix/cmd/submixd.panicNow"
	if c == nil || c.Reason != want || len(c.Events) != crashLines || !strings.Contains(c.Events[crashLines-1], "event 29") {
		t.Errorf("the report is %+v, want %s and the last events", c, want)
	}
}

// toPanic makes the test binary a program that fills its black box and panics.
const toPanic = "panic"

func panicNow(dir string) {
	entries := control.NewLog(slog.DiscardHandler)
	b, _ := openBlackBox(dir, entries)
	for i := range 30 {
		slog.New(entries).Info("event " + fmt.Sprint(i))
	}
	b.write()
	panic("told to")
}

// Neither does a panic of serve itself pass for an end in order, as its defers run.
func TestPanicOfServeIsReported(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	const tooLong = "makechan: size out of range"
	cmd := exec.Command(os.Args[0], dir)
	cmd.Env = append(os.Environ(), asProcess+"="+toPanicServing, noPause)
	if out, err := cmd.CombinedOutput(); err == nil || !strings.Contains(string(out), "panic: "+tooLong) || !strings.Contains(string(out), "what was saved or learned is lost") {
		t.Fatalf("it did not panic: %v, %s", err, out)
	}
	c := lastCrash(dir)
	const want = "panic: " + tooLong + " in submix/mixer.New"
	if c == nil || c.Reason != want || len(c.Events) == 0 {
		t.Errorf("the report is %+v, want %s and the last events", c, want)
	}
}

// toPanicServing makes the test binary a daemon whose serve panics, after it has logged
// that its state is lost, as it makes the mix.
const toPanicServing = "panic serving"

func panicServing(dir string) {
	cfg, err := loadDemo()
	if err == nil {
		err = os.WriteFile(filepath.Join(dir, "state.json"), []byte("torn"), 0o600)
	}
	if err != nil {
		return
	}
	cfg.Control.Socket = filepath.Join(dir, "s")
	cfg.Mixer.Capacity = math.MaxInt - 1
	serve(cfg, "", loadDemo, dir, newSpool(os.Stderr), nil)
}

func TestCrashReason(t *testing.T) {
	for report, want := range map[string]string{
		"":   noReason,
		"\n": noReason,
		"fatal error: concurrent map writes\n\ngoroutine 7 [running]:\ninternal/runtime/maps.fatal()\nsubmix/control.(*Log).keep(0x1)\n\tlog.go:1\n": "fatal error: concurrent map writes in submix/control.(*Log).keep",
		"panic: runtime error: x\n[signal SIGSEGV: y]\n\ngoroutine 1 [running]:\nmain.main()\n":                                                      "panic: runtime error: x in main.main",
		"runtime: out of memory\nfatal error: out of memory\n":                                                                                       "fatal error: out of memory",
		"SIGABRT: abort\nPC=0x1\n\ngoroutine 1:\nmain.main()\n":                                                                                      "SIGABRT: abort",
		"something\nelse": "something",
	} {
		if got := crashReason(report); got != want {
			t.Errorf("%q: %q, want %q", report, got, want)
		}
	}
}

// The record is written a moment after an event, however many there are, and a torn one is a crash, too.
func TestBlackBox(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		dir := t.TempDir()
		entries := control.NewLog(slog.DiscardHandler)
		log := slog.New(entries)
		b := &blackBox{dir: dir, log: entries}
		stop := background(b.run)
		synctest.Wait()
		writes, was := 0, ""
		for i := range 1000 { // ten seconds
			log.Info("event", "number", i)
			time.Sleep(10 * time.Millisecond)
			synctest.Wait()
			if now, _ := os.ReadFile(b.path(recordName)); string(now) != was {
				writes, was = writes+1, string(now)
			}
		}
		t.Logf("1000 events in 10 s: %d writes to memory", writes)
		if writes > int(10*time.Second/recordPause)+1 {
			t.Error("want one in 200 ms at most")
		}
		time.Sleep(time.Second)
		synctest.Wait()
		if c := lastCrash(dir); c == nil || c.Reason != noReason || !strings.Contains(c.Events[crashLines-1], "number=999") {
			t.Errorf("the report is %+v", c)
		}
		b.because("stuck")
		if c := lastCrash(dir); c.Reason != "stuck" {
			t.Errorf("the report is %+v", c)
		}
		b.because("")
		stop()
		if err := os.WriteFile(b.path(recordName), []byte(`{"version":`), 0o600); err != nil {
			t.Fatal(err)
		}
		if c := lastCrash(dir); c == nil || c.Reason != noReason || len(c.Events) != 0 {
			t.Errorf("of a torn record, the report is %+v", c)
		}
		b.close(nil)
		if c := lastCrash(dir); c != nil {
			t.Errorf("after an ordered end, the report is %+v", c)
		}
		b.close(os.ErrClosed)
		if c := lastCrash(dir); c == nil || c.Reason != "ended with an error: file already closed" {
			t.Errorf("after an error, the report is %+v", c)
		}
		b.because("stuck")
		b.close(os.ErrClosed)
		if c := lastCrash(dir); c == nil || c.Reason != "stuck" {
			t.Errorf("after an error that followed from another, the report is %+v", c)
		}
	})
}
