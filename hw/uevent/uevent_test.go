package uevent

import (
	"context"
	"errors"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

const added = "add@/devices/platform/snd_aloop.1/sound/card1/pcmC1D1c\x00ACTION=add\x00DEVPATH=/devices/platform/snd_aloop.1/sound/card1/pcmC1D1c\x00" +
	"SUBSYSTEM=sound\x00MAJOR=116\x00MINOR=9\x00DEVNAME=snd/pcmC1D1c\x00SEQNUM=1234\x00"

var addedEvent = Event{"add", "sound", "/devices/platform/snd_aloop.1/sound/card1/pcmC1D1c", "snd/pcmC1D1c"}

func TestParse(t *testing.T) {
	for _, c := range []struct {
		about, message string
		want           Event
		ok             bool
	}{
		{"a node", added, addedEvent, true},
		{"without a node", "bind@/devices/x\x00ACTION=bind\x00DEVPATH=/devices/x\x00SUBSYSTEM=usb\x00", Event{"bind", "usb", "/devices/x", ""}, true},
		{"without the last zero", "change@/d\x00ACTION=change\x00DEVPATH=/d", Event{"change", "", "/d", ""}, true},
		{"values with =", "add@/d\x00ACTION=add\x00DEVPATH=/d=e\x00DEVNAME==\x00", Event{"add", "", "/d=e", "="}, true},
		{"empty", "", Event{}, false},
		{"udev's", "libudev\x00\xfe\xed\xca\xfe@/x\x00ACTION=add\x00DEVPATH=/x\x00", Event{}, false},
		{"no zero", "add@/devices", Event{}, false},
		{"no action", "add@/d\x00DEVPATH=/d\x00", Event{}, false},
		{"no path", "add@/d\x00ACTION=add\x00", Event{}, false},
		{"not an action of the kernel's", "missed@/d\x00ACTION=missed\x00DEVPATH=/d\x00", Event{}, false},
		{"words without =", "add@/d\x00ACTION\x00DEVPATH\x00\x00\x00", Event{}, false},
	} {
		got, ok := parse([]byte(c.message))
		if ok != c.ok || ok && got != c.want {
			t.Errorf("%s: %+v, %v, want %+v, %v", c.about, got, ok, c.want, c.ok)
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add([]byte(added))
	f.Add([]byte("add@/\x00="))
	f.Fuzz(func(t *testing.T, message []byte) {
		e, ok := parse(message)
		if ok && (e.Action == "" || e.DevPath == "" || strings.ContainsRune(e.DevPath+e.DevName+e.Action+e.Subsystem, 0)) {
			t.Errorf("%q is %+v", message, e)
		}
	})
}

// heard is a listener on one end of a pair of sockets.
type heard struct {
	sender int
	events chan Event
	ended  chan error
	cancel context.CancelFunc
}

func listenToPair(t *testing.T, genuine func(unix.Sockaddr) bool) *heard {
	t.Helper()
	pair, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_DGRAM|unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	h := &heard{pair[0], make(chan Event, 100), make(chan error, 1), cancel}
	socket := os.NewFile(uintptr(pair[1]), "pair")
	go func() { h.ended <- listen(ctx, socket, genuine, func(e Event) { h.events <- e }) }()
	t.Cleanup(func() { cancel(); unix.Close(pair[0]); socket.Close() })
	if e := <-h.events; e.Action != Missed {
		t.Errorf("the first event is %+v", e)
	}
	return h
}

func (h *heard) send(t *testing.T, message string) {
	t.Helper()
	if err := unix.Sendto(h.sender, []byte(message), 0, nil); err != nil {
		t.Fatal(err)
	}
}

func TestListen(t *testing.T) {
	h := listenToPair(t, func(unix.Sockaddr) bool { return true })
	h.send(t, added)
	h.send(t, "rubbish")
	h.send(t, strings.Repeat("x", eventLimit+1))
	h.send(t, added)
	var got []Event
	for range 3 {
		got = append(got, <-h.events)
	}
	if want := []Event{addedEvent, {Action: Missed}, addedEvent}; !slices.Equal(got, want) {
		t.Errorf("%+v, want %+v", got, want)
	}
	h.cancel()
	if err := <-h.ended; err != nil {
		t.Errorf("it ended with %v", err)
	}
}

// What another program sends is not heeded.
func TestListenToTheKernelOnly(t *testing.T) {
	n := 0
	h := listenToPair(t, func(unix.Sockaddr) bool { n++; return n > 1 })
	h.send(t, strings.ReplaceAll(added, "sound", "false"))
	h.send(t, added)
	if e := <-h.events; e != addedEvent {
		t.Errorf("%+v, want %+v", e, addedEvent)
	}
	for from, want := range map[unix.Sockaddr]bool{
		&unix.SockaddrNetlink{Pid: 0, Groups: 1}: true, &unix.SockaddrNetlink{Pid: 4711}: false, &unix.SockaddrUnix{}: false,
	} {
		if got := fromKernel(from); got != want {
			t.Errorf("from %+v: %v, want %v", from, got, want)
		}
	}
}

func TestListenToSocketThatFails(t *testing.T) {
	socket, err := os.Open(os.DevNull) // whose recvmsg is ENOTSOCK
	if err != nil {
		t.Fatal(err)
	}
	defer socket.Close()
	if err := listen(t.Context(), socket, fromKernel, func(Event) {}); !errors.Is(err, unix.ENOTSOCK) {
		t.Errorf("%v, want %v", err, unix.ENOTSOCK)
	}
}

// The kernel's own socket, which any program may have, listens and ends in time.
func TestRun(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	first := make(chan Event, 1)
	ended := make(chan error, 1)
	go func() {
		ended <- Run(ctx, func(e Event) {
			select {
			case first <- e:
			default:
			}
		})
	}()
	select {
	case e := <-first:
		if e.Action != Missed {
			t.Errorf("the first event is %+v", e)
		}
	case err := <-ended:
		t.Fatal(err)
	}
	cancel()
	select {
	case err := <-ended:
		if err != nil {
			t.Error(err)
		}
	case <-time.After(10 * time.Second):
		t.Fatal("it does not end")
	}
}
