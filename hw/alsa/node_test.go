package alsa

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"testing"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// The calls to the kernel, on descriptors any machine has.
func TestKernelNode(t *testing.T) {
	path := filepath.Join(t.TempDir(), "pcm")
	if _, err := openNode(path, false); !errors.Is(err, fs.ErrNotExist) {
		t.Fatalf("open of nothing: %v", err)
	}
	if err := os.WriteFile(path, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	n, err := openNode(path, false)
	if err != nil {
		t.Fatal(err)
	}
	defer n.close()
	x := xferI{}
	for _, req := range []uintptr{reqReadI, reqHwParams} {
		if e := n.ioctl(req, unsafe.Pointer(&x)); e != unix.ENOTTY {
			t.Errorf("ioctl %#x on a file: %v", req, e)
		}
	}
	if revents, woken := n.poll(unix.POLLOUT, -1); revents != unix.POLLOUT || woken {
		t.Errorf("poll: %#x, %v", revents, woken)
	}
}

// A pipe is never ready: poll ends by its timeout, or, even without one, by wake.
func TestKernelNodePoll(t *testing.T) {
	for _, hold := range []bool{false, true} {
		testPoll(t, hold)
	}
}

// pipeNode is a node that is never ready: an end of a pipe.
func pipeNode(t *testing.T, hold bool) *kernelNode {
	t.Helper()
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { w.Close(); r.Close() })
	event, err := unix.Eventfd(0, unix.EFD_NONBLOCK|unix.EFD_CLOEXEC)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { unix.Close(event) })
	return &kernelNode{fd: int(r.Fd()), event: event, hold: hold}
}

func testPoll(t *testing.T, hold bool) {
	n := pipeNode(t, hold)
	if revents, woken := n.poll(unix.POLLIN, 0); revents != 0 || woken {
		t.Errorf("poll of no time: %#x, %v", revents, woken)
	}
	if revents, woken := n.poll(unix.POLLIN, time.Millisecond); revents != 0 || woken {
		t.Errorf("poll of a millisecond: %#x, %v", revents, woken)
	}
	ended := make(chan bool)
	go func() {
		_, woken := n.poll(unix.POLLIN, -1)
		ended <- woken
	}()
	n.wake()
	if !<-ended {
		t.Error("poll ended, but not by wake")
	}
	if _, woken := n.poll(unix.POLLIN, -1); !woken {
		t.Error("wake is forgotten")
	}
}

// A collector that wants to stop a thread in a poll that holds the processor does not wait for the poll's end.
func TestCollectorIsHeardInPoll(t *testing.T) {
	n := pipeNode(t, true)
	stop, ended := make(chan bool), make(chan bool)
	go func() {
		defer close(ended)
		for {
			select {
			case <-stop:
				return
			default:
				n.ppoll(true, holdLimit)
			}
		}
	}()
	quickest := time.Hour // others may be held up by whatever else the machine does
	for range 20 {
		start := time.Now()
		runtime.GC()
		quickest = min(quickest, time.Since(start))
	}
	close(stop)
	<-ended
	t.Logf("the quickest of 20 collections takes %v beside a poll of %v", quickest, holdLimit)
	if quickest > holdLimit/2 {
		t.Error("it waits for the poll")
	}
}
