//go:build vm

package guest

import (
	"net"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// restartPause is that of the unit: from the end of the daemon to its next start.
const restartPause = 500 * time.Millisecond

// supervised is a box that is started again whenever it has ended, as systemd does.
type supervised struct {
	*box
	ended sync.WaitGroup

	mu       sync.Mutex
	stopping bool
	exits    []string // how each life ended
	notes    []string // what it told systemd, but for the watchdog's
	fed      int      // how often it fed the watchdog
}

// superviseBox starts a box under supervision, to be ended with the test. With a watchdog, it is sent SIGABRT when it has
// not fed that for so long.
func superviseBox(t *testing.T, toml string, watchdog time.Duration) *supervised {
	t.Helper()
	s := &supervised{box: newBox(t, toml)}
	env := os.Environ()
	if watchdog > 0 {
		path := filepath.Join(filepath.Dir(s.socket), "notify")
		conn, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: path, Net: "unixgram"})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { conn.Close() })
		go s.watch(conn, watchdog)
		env = append(env, "NOTIFY_SOCKET="+path, "WATCHDOG_USEC="+strconv.FormatInt(watchdog.Microseconds(), 10))
	}
	first := make(chan struct{})
	s.ended.Go(func() { s.run(env, first) })
	<-first
	t.Cleanup(s.stop)
	s.answers()
	return s
}

func (s *supervised) run(env []string, first chan struct{}) {
	for started := false; ; started = true {
		cmd := s.command()
		cmd.Env = env
		s.mu.Lock()
		if s.stopping {
			s.mu.Unlock()
			return
		}
		s.cmd = cmd
		err := cmd.Start()
		s.mu.Unlock()
		if !started {
			close(first)
		}
		if err == nil {
			err = cmd.Wait()
		}
		s.mu.Lock()
		s.exits = append(s.exits, ended(err))
		s.mu.Unlock()
		time.Sleep(restartPause)
	}
}

func ended(err error) string {
	if err == nil {
		return "in order"
	}
	return err.Error()
}

// watch is systemd's watchdog.
func (s *supervised) watch(conn *net.UnixConn, bite time.Duration) {
	bites := time.AfterFunc(time.Hour, func() { s.process().Signal(unix.SIGABRT) })
	for buf := make([]byte, 4096); ; {
		n, err := conn.Read(buf)
		if err != nil {
			bites.Stop()
			return
		}
		s.mu.Lock()
		switch note := string(buf[:n]); note {
		case "READY=1":
			bites.Reset(bite)
			s.notes = append(s.notes, note)
		case "WATCHDOG=1":
			bites.Reset(bite)
			s.fed++
		case "STOPPING=1":
			bites.Stop()
			s.notes = append(s.notes, note)
		default:
			s.notes = append(s.notes, note)
		}
		s.mu.Unlock()
	}
}

func (s *supervised) process() *os.Process {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.cmd.Process
}

// stop ends the box for good.
func (s *supervised) stop() {
	s.mu.Lock()
	s.stopping = true
	s.mu.Unlock()
	s.process().Signal(unix.SIGTERM)
	s.ended.Wait()
	if got := s.exits[len(s.exits)-1]; got != "in order" {
		s.t.Errorf("submixd ended with %v", got)
	}
	s.t.Logf("the log of submixd:\n%s", s.log)
}

// lives returns how the lives of the daemon have ended.
func (s *supervised) lives() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.exits)
}

// told returns what systemd was told, and how often the watchdog was fed.
func (s *supervised) told() (notes []string, fed int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.notes), s.fed
}

// hang stops a thread of a process for good: the mixing thread, for its priority. To the rest of the process it is in a
// call that does not come back.
func hang(t *testing.T, pid int) {
	t.Helper()
	tid := threadOf(t, pid, "60")
	stopped := make(chan error, 1)
	go func() {
		runtime.LockOSThread() // the tracer is a thread; it ends with the goroutine
		err := unix.PtraceSeize(tid)
		if err == nil {
			err = unix.PtraceInterrupt(tid)
		}
		var status unix.WaitStatus
		if err == nil {
			_, err = unix.Wait4(tid, &status, unix.WALL, nil)
		}
		stopped <- err
		unix.Wait4(tid, &status, unix.WALL, nil) // its end must be seen, or the process does not end
	}()
	if err := <-stopped; err != nil {
		t.Fatalf("stop thread %d: %v", tid, err)
	}
}

// threadOf returns the thread of a process that has a real-time priority: field 40 of its stat, see proc(5).
func threadOf(t *testing.T, pid int, priority string) int {
	t.Helper()
	tasks, err := filepath.Glob(filepath.Join("/proc", strconv.Itoa(pid), "task/*/stat"))
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range tasks {
		stat := readFile(t, path)
		rest := strings.Fields(stat[strings.LastIndex(stat, ")")+1:]) // from field 3 on
		if rest[37] == priority {
			tid, err := strconv.Atoi(filepath.Base(filepath.Dir(path)))
			if err != nil {
				t.Fatal(err)
			}
			return tid
		}
	}
	t.Fatalf("process %d has no thread of priority %s", pid, priority)
	return 0
}
