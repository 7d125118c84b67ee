package rt

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// Real time is tried out in processes of its own: the test binary, started again with the name of a child.
const (
	childVar   = "SUBMIX_RT_CHILD"
	unprivVar  = "SUBMIX_RT_UNPRIVILEGED"
	nobody     = 65534
	audioPrio  = 50
	commonPrio = 5
)

var children = map[string]func() error{"thread": threadChild, "process": processChild, "memory": memoryChild}

func TestMain(m *testing.M) {
	child, ok := children[os.Getenv(childVar)]
	if !ok {
		os.Exit(m.Run())
	}
	err := dropRights()
	if err == nil {
		err = child()
	}
	if err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
}

func dropRights() error {
	if os.Getenv(unprivVar) == "" {
		return nil
	}
	for _, limit := range []struct {
		which int
		value uint64
	}{{unix.RLIMIT_RTPRIO, 0}, {unix.RLIMIT_MEMLOCK, 8 << 20}} {
		if err := unix.Setrlimit(limit.which, &unix.Rlimit{Cur: limit.value, Max: limit.value}); err != nil {
			return fmt.Errorf("limit %d: %w", limit.which, err)
		}
	}
	if os.Getuid() != 0 {
		return nil
	}
	if err := syscall.Setgroups(nil); err != nil {
		return err
	}
	return syscall.Setuid(nobody)
}

// run starts a child and returns what it prints.
func run(t *testing.T, child string, unprivileged string) (out string, ok bool) {
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(exe)
	cmd.Env = append(os.Environ(), childVar+"="+child, unprivVar+"="+unprivileged, "GORACE=atexit_sleep_ms=0")
	raw, err := cmd.CombinedOutput()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	return string(raw), err == nil
}

// hasRight reads the effective capabilities of this process, which its children start with.
func hasRight(t *testing.T, capability int) bool {
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		t.Fatal(err)
	}
	caps, err := strconv.ParseUint(statusField(string(status), "CapEff:"), 16, 64)
	if err != nil {
		t.Fatal(err)
	}
	return caps>>capability&1 != 0
}

func statusField(status, name string) string {
	_, rest, _ := strings.Cut(status, name)
	line, _, _ := strings.Cut(rest, "\n")
	return strings.TrimSpace(line)
}

func TestEffectWhereAllowed(t *testing.T) {
	for child, right := range map[string]int{"thread": unix.CAP_SYS_NICE, "process": unix.CAP_SYS_NICE, "memory": unix.CAP_IPC_LOCK} {
		t.Run(child, func(t *testing.T) {
			out, ok := run(t, child, "")
			refusal := strings.Contains(out, unix.EPERM.Error()) && strings.Contains(out, "Limit")
			if !ok && (hasRight(t, right) || !refusal) {
				t.Errorf("capability %v, child says: %s", hasRight(t, right), out)
			}
		})
	}
}

func TestRefusalSaysWhatToSet(t *testing.T) {
	for child, advice := range map[string][]string{
		"thread":  {unix.EPERM.Error(), "LimitRTPRIO=50", "CAP_SYS_NICE"},
		"process": {unix.EPERM.Error(), "LimitRTPRIO=", "CAP_SYS_NICE"},
		"memory":  {unix.EPERM.Error(), "8192 KiB", "LimitMEMLOCK=infinity", "CAP_IPC_LOCK"},
	} {
		t.Run(child, func(t *testing.T) {
			out, ok := run(t, child, "yes")
			if ok {
				t.Fatal("allowed without rights")
			}
			for _, words := range advice {
				if !strings.Contains(out, words) {
					t.Errorf("%q does not say %q", out, words)
				}
			}
		})
	}
}

func TestOtherRefusals(t *testing.T) {
	// A priority out of range is refused to everybody, as another error.
	if err := Thread(100); !errors.Is(err, unix.EINVAL) {
		t.Errorf("priority 100: %v, want EINVAL", err)
	}
	if err := refused(8 << 20); !errors.Is(err, unix.EPERM) {
		t.Errorf("memory: %v, want EPERM", err)
	}
}

func TestSpareProcs(t *testing.T) {
	before := runtime.GOMAXPROCS(0)
	defer runtime.GOMAXPROCS(before)
	if n := SpareProcs(); n != runtime.NumCPU()+2 || runtime.GOMAXPROCS(0) != n {
		t.Errorf("%d places for %d processors, GOMAXPROCS %d", n, runtime.NumCPU(), runtime.GOMAXPROCS(0))
	}
}

// Once threads are made, none is when as many goroutines as there may be are held up in system calls at once.
func TestThreads(t *testing.T) {
	count := func() int {
		threads, err := os.ReadDir("/proc/self/task")
		if err != nil {
			t.Fatal(err)
		}
		return len(threads)
	}
	before := count()
	Threads()
	made := count()
	var pipe [2]int
	if err := unix.Pipe2(pipe[:], unix.O_CLOEXEC); err != nil {
		t.Fatal(err)
	}
	var held, ended sync.WaitGroup
	held.Add(heldThreads)
	for range heldThreads {
		ended.Go(func() {
			held.Done()
			unix.Read(pipe[0], make([]byte, 1)) // until the other end is closed
		})
	}
	held.Wait()
	after := count()
	unix.Close(pipe[1])
	ended.Wait()
	unix.Close(pipe[0])
	t.Logf("%d threads before, %d made, %d with %d held up", before, made, after, heldThreads)
	if made < runtime.GOMAXPROCS(0)+heldThreads || after != made {
		t.Error("that is not all that are wanted")
	}
}

// Sleep takes as long as it is asked for, but no longer than 20 ms, and makes no garbage.
func TestSleep(t *testing.T) {
	for _, c := range []struct{ asked, least time.Duration }{{time.Millisecond, time.Millisecond}, {time.Hour, mostSleep}, {0, 0}, {-time.Second, 0}} {
		begin, calls := time.Now(), 1
		took := func() time.Duration { return time.Since(begin) }
		for Sleep(c.asked); took() < c.least; calls++ { // or a signal ended it
			Sleep(c.least - took())
		}
		t.Logf("%v: %v, in %d calls", c.asked, took(), calls)
		if took() > 10*time.Second || calls > 20 {
			t.Errorf("asked for %v, it took %v and %d calls", c.asked, took(), calls)
		}
	}
	if n := testing.AllocsPerRun(10, func() { Sleep(time.Microsecond) }); n != 0 {
		t.Errorf("it allocates %v times", n)
	}
}
