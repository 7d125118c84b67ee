package alsa

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"golang.org/x/sys/unix"
)

// swap has cards 0 (SrcA) and 10 (Mic, in the USB socket 1-1.2) come back with each other's number.
func (f *fakeSystem) swap(t *testing.T) {
	t.Helper()
	class := filepath.Join(f.sys, "class/sound")
	moved := map[string]string{"pcmC10D0p": "pcmC0D0p", "pcmC10D1p": "pcmC0D1p", "pcmC10D0c": "pcmC0D0c", "pcmC10D1c": "pcmC0D1c",
		"pcmC0D10c": "pcmC10D10c", "pcmC0D2c": "pcmC10D2c"}
	nodes := map[string]*fakePCM{}
	for to, from := range moved {
		nodes[to] = f.nodes[from]
		if err := os.RemoveAll(filepath.Join(class, from)); err != nil {
			t.Fatal(err)
		}
	}
	f.nodes = nodes
	for to := range moved {
		if err := os.MkdirAll(filepath.Join(class, to), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	for _, number := range []int{0, 10} {
		if err := os.Remove(filepath.Join(class, fmt.Sprintf("card%d", number))); err != nil {
			t.Fatal(err)
		}
	}
	f.addCard(t, 10, "SrcA", "devices/platform/snd_aloop.0/sound/card10")
	f.addCard(t, 0, "Mic", "devices/pci0000:00/usb1/1-1/1-1.2/1-1.2:1.0/sound/card0")
}

// A card is found by its id and by its socket under whatever number it has now, and by its number whatever card has that.
func TestCardsComeBackSwapped(t *testing.T) {
	f := newFakeSystem(t)
	find := func(name string, want address) {
		t.Helper()
		if got, err := f.find(name, true); err != nil || got != want {
			t.Errorf("%s: %+v, %v, want %+v", name, got, err, want)
		}
	}
	find("hw:SrcA,1", address{0, 1, true})
	find("hw:Mic,2", address{10, 2, true})
	find("usb:1-1.2,2", address{10, 2, true})
	find("hw:0,1", address{0, 1, true})
	f.swap(t)
	find("hw:SrcA,1", address{10, 1, true})
	find("hw:Mic,2", address{0, 2, true})
	find("usb:1-1.2,2", address{0, 2, true})
	find("hw:0,2", address{0, 2, true})
	if _, err := f.find("hw:0,1", true); !errors.Is(err, ErrNotFound) {
		t.Errorf("the card that had number 0: %v", err)
	}
}

// What is opened is the card that was asked for, even if cards are swapped between the look and the open.
func TestSwappedWhileOpened(t *testing.T) {
	f := newFakeSystem(t)
	open := f.openNode
	f.system.openNode = func(path string, hold bool) (node, error) {
		n, err := open(path, hold)
		f.swap(t)
		f.system.openNode = f.openNode
		return n, err
	}
	wrong := f.nodes["pcmC0D1c"]
	c, err := f.openCapture(Config{Device: "hw:SrcA,1"})
	if !errors.Is(err, ErrNotFound) || !wrong.closed {
		t.Errorf("opened as the card was swapped: %v, %v; closed is %v", c, err, wrong.closed)
	}
	wrong.closed = false
	c, err = f.openCapture(Config{Device: "hw:SrcA,1"})
	if err != nil {
		t.Fatal(err)
	}
	c.Close()
}

// An open that does not come back holds up no other device, and the second open of the same one for a while only.
func TestStuckOpen(t *testing.T) {
	f := newFakeSystem(t)
	synctest.Test(t, func(t *testing.T) {
		stuck, open := make(chan struct{}), f.openNode
		f.system.openNode = func(path string, hold bool) (node, error) {
			if filepath.Base(path) == "pcmC10D2c" {
				<-stuck
			}
			return open(path, hold)
		}
		first := make(chan error)
		go func() {
			c, err := f.openCapture(Config{Device: "hw:Mic,2"})
			if err == nil {
				c.Close()
			}
			first <- err
		}()
		synctest.Wait()
		start := time.Now()
		c, err := f.openCapture(Config{Device: "hw:SrcA,1"})
		if err != nil || time.Since(start) != 0 {
			t.Fatalf("another device: %v after %v", err, time.Since(start))
		}
		c.Close()
		_, err = f.openCapture(Config{Device: "usb:1-1.2,2"})
		if !errors.Is(err, ErrBusy) || time.Since(start) != claimLimit {
			t.Errorf("the same device: %v after %v", err, time.Since(start))
		}
		t.Log(err)
		close(stuck)
		if err := <-first; err != nil {
			t.Error(err)
		}
		f.nodes["pcmC10D2c"] = newFakePCM(true) // a closed one stays closed
		if c, err = f.openCapture(Config{Device: "hw:Mic,2"}); err != nil {
			t.Fatal(err)
		}
		c.Close()
	})
}

// What only a person can mend is said in words, with the errno.
func TestWordsOfWhatAPersonCanMend(t *testing.T) {
	for _, c := range []struct {
		e    unix.Errno
		call uintptr // that fails; 0: the open
		is   error
		says string
	}{
		{unix.ENOSPC, reqHwParams, ErrUnsuitable, "the USB bus has no bandwidth left for it: plug it into another port"},
		{unix.ENOSPC, reqPrepare, ErrUnsuitable, "the USB bus has no bandwidth left for it: plug it into another port"},
		{unix.EACCES, 0, unix.EACCES, "may not be opened: add the user to the group audio"},
		{unix.EBUSY, 0, ErrBusy, "capture of card 10 is held by another program"},
	} {
		f := newFakeSystem(t)
		f.errs["pcmC10D2c"] = error(c.e)
		if c.call != 0 {
			f.errs = nil
			f.nodes["pcmC10D2c"].errnos[c.call] = []unix.Errno{c.e}
		}
		_, err := f.openCapture(Config{Device: "usb:1-1.2,2"})
		if !errors.Is(err, c.is) || !errors.Is(err, c.e) || !strings.Contains(err.Error(), c.says) || !strings.Contains(err.Error(), "usb:1-1.2,2") {
			t.Errorf("%v: %v; want %q in it", c.e, err, c.says)
		}
		t.Log(err)
	}
	f := newFakeSystem(t)
	_, err := f.openPlayback(Config{Device: "hw:SrcA,0", Rate: 96000})
	if !errors.Is(err, ErrUnsuitable) || !strings.Contains(err.Error(), "asked for") || !strings.Contains(err.Error(), "96000 Hz") || !strings.Contains(err.Error(), "it offers") {
		t.Errorf("a rate that it cannot do: %v", err)
	}
	t.Log(err)
}
