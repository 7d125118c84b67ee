package alsa

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"sync"
	"time"
	"unsafe"

	yobert "github.com/yobert/alsa"
	status "github.com/yobert/alsa/pcm"
	"github.com/yobert/alsa/pcm/state"
	"golang.org/x/sys/unix"
)

// What is done through github.com/yobert/alsa. Its ioctls take their argument as a number, which keeps nothing alive;
// those made here write only into a Device or Card that is used after them, so that nothing of theirs can be freed.

// libraryLimit is how long the library's Open, which waits for a device in use, may do so: the device was free a moment
// ago, and another program was faster.
const libraryLimit = time.Second

// opening is claimed by who opens a device, from the first open to the last: the library's descriptor is looked for among
// those that the whole process has of it, and two of its goroutines must not find the same device free both.
var opening claims

// claimLimit is how long another open of the same device is waited for. One that takes longer is stuck in its driver.
const claimLimit = 2 * libraryLimit

// claims are devices, by path, of which each belongs to one goroutine at a time. The zero value has none.
type claims struct {
	mu   sync.Mutex
	held map[string]chan struct{} // closed when it is held no more
}

// take waits, within a limit, until the path is free, and claims it.
func (c *claims) take(path string, limit time.Duration) bool {
	timer := time.NewTimer(limit)
	defer timer.Stop()
	for {
		c.mu.Lock()
		held := c.held[path]
		if held == nil {
			if c.held == nil {
				c.held = map[string]chan struct{}{}
			}
			c.held[path] = make(chan struct{})
			c.mu.Unlock()
			return true
		}
		c.mu.Unlock()
		select {
		case <-held:
		case <-timer.C:
			return false
		}
	}
}

func (c *claims) give(path string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	close(c.held[path])
	delete(c.held, path)
}

// openByLibrary opens a device that is free, gives it that setup, all with the library, and returns an own, non-blocking
// descriptor of it. The error is EBUSY if the device is free no more, or else has no errno to go by.
func openByLibrary(path string, s setup) (fd int, err error) {
	before := descriptors(path)
	d := &yobert.Device{Type: yobert.PCM, Path: path}
	if err := openWithin(d, libraryLimit); err != nil {
		return -1, err
	}
	// The duplicate keeps the device open. The library's own descriptor has to go: the Go poller watches it, and would
	// wake at every period for nothing.
	defer d.Close()
	_, err = d.NegotiateFormat(yobert.FormatType(formatNumber(s.format)))
	for _, step := range []struct {
		negotiate func(...int) (int, error) // one value each: a refused one spoils those after it
		value     int
	}{
		{d.NegotiateChannels, s.channels}, {d.NegotiateRate, s.rate},
		{d.NegotiatePeriodSize, s.period}, {d.NegotiateBufferSize, s.ring},
	} {
		if err == nil {
			_, err = step.negotiate(step.value)
		}
	}
	if err == nil {
		err = d.Prepare()
	}
	if err != nil {
		return -1, err
	}
	return duplicate(path, before)
}

// openWithin opens a device within a limit, or returns EBUSY; if it is opened after that, it is closed again.
func openWithin(d interface {
	Open() error
	Close()
}, limit time.Duration) error {
	opened, late := make(chan error), make(chan struct{})
	go func() {
		err := d.Open()
		if err != nil {
			d.Close() // the library leaves it open if it fails in an ioctl
		}
		select {
		case opened <- err:
		case <-late:
			d.Close()
		}
	}()
	timer := time.NewTimer(limit)
	defer timer.Stop()
	select {
	case err := <-opened:
		return err
	case <-timer.C:
		close(late)
		return unix.EBUSY
	}
}

// duplicate returns a descriptor of the device that was prepared since before was listed: the library hides its own. An
// open that came too late for openWithin may be there for a moment too, but prepares nothing.
func duplicate(path string, before []int) (int, error) {
	for _, fd := range descriptors(path) {
		if slices.Contains(before, fd) {
			continue
		}
		own, err := unix.FcntlInt(uintptr(fd), unix.F_DUPFD_CLOEXEC, 0)
		if err != nil {
			continue
		}
		var s status.Status
		e := (&kernelNode{fd: own}).ioctl(reqStatus, unsafe.Pointer(&s))
		// Heeded from the next PREPARE on: see snd_pcm_pre_prepare in sound/core/pcm_native.c.
		if e == 0 && s.State == state.Prepared && unix.SetNonblock(own, true) == nil {
			return own, nil
		}
		unix.Close(own)
	}
	return -1, errors.New("the library's descriptor is not in /proc/self/fd")
}

// descriptors lists the process's descriptors of a file.
func descriptors(path string) (fds []int) {
	const dir = "/proc/self/fd/"
	links, _ := os.ReadDir(dir)
	for _, link := range links {
		if target, err := os.Readlink(dir + link.Name()); err == nil && target == path {
			fd, _ := strconv.Atoi(link.Name())
			fds = append(fds, fd)
		}
	}
	return fds
}

// titles returns what the library calls the cards and devices, by the name of their file in /dev/snd. A card that is
// being unplugged, or may not be opened, ends its list early. If it goes in the microseconds between OpenCards' open and
// its first ioctl, its control device, and with it its number and id, is held until the next garbage collection, within
// two minutes; runtime.GC would be no help, as it spins, for ever if a real-time thread of a lone processor calls it.
func titles() map[string]string {
	names := map[string]string{}
	cards, _ := yobert.OpenCards()
	defer yobert.CloseCards(cards)
	for _, c := range cards {
		names[filepath.Base(c.Path)] = c.Title
		devices, _ := c.Devices()
		for _, d := range devices {
			names[filepath.Base(d.Path)] = d.Title
		}
	}
	return names
}
