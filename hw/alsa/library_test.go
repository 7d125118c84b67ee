package alsa

import (
	"errors"
	"os"
	"path/filepath"
	"testing"
	"testing/synctest"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// A file is no sound device: the library's text is followed by the kernel's own answer, and nothing is left open.
func TestConfigureErrno(t *testing.T) {
	path := filepath.Join(t.TempDir(), "pcm")
	if err := os.WriteFile(path, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	n, err := openNode(path, false)
	if err != nil {
		t.Fatal(err)
	}
	s := setup{rate: 48000, channels: 2, period: 240, buffer: 720}
	if _, err := openByLibrary(path, s); err == nil || errors.Is(err, unix.ENOTTY) {
		t.Errorf("the library tells the errno of %v: it need not be asked for again", err)
	}
	p := allParams()
	if e := n.configure(s, &p); e != unix.ENOTTY {
		t.Errorf("configure: %v", e)
	}
	if fds := descriptors(path); len(fds) != 1 || n.ioctl(reqPrepare, unsafe.Pointer(nil)) != unix.ENOTTY {
		t.Errorf("it is open as %v", fds)
	}
	if err := os.Remove(path); err != nil { // unplugged between the two opens
		t.Fatal(err)
	}
	if e := n.configure(s, &p); e != unix.ENOENT || !errors.Is(failure(e), ErrGone) {
		t.Errorf("configure of nothing: %v", e)
	}
	n.close()
}

// slowDevice is one whose Open waits until it is free.
type slowDevice struct {
	free   chan error
	closed int
}

func (d *slowDevice) Open() error { return <-d.free }
func (d *slowDevice) Close()      { d.closed++ }

func TestOpenWithin(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		quick := &slowDevice{free: make(chan error, 1)}
		quick.free <- nil
		if err := openWithin(quick, time.Second); err != nil || quick.closed != 0 {
			t.Errorf("open: %v, closed %d times", err, quick.closed)
		}
		quick.free <- unix.ENODEV
		if err := openWithin(quick, time.Second); err != unix.ENODEV || quick.closed != 1 {
			t.Errorf("failing open: %v, closed %d times", err, quick.closed)
		}
		busy := &slowDevice{free: make(chan error)}
		start := time.Now()
		if err := openWithin(busy, time.Second); err != unix.EBUSY || time.Since(start) != time.Second {
			t.Errorf("open of a busy device: %v after %v", err, time.Since(start))
		}
		busy.free <- nil
		synctest.Wait()
		if busy.closed != 1 {
			t.Error("a device opened too late stays open")
		}
	})
}
