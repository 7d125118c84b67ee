// Package uevent hears what the kernel says of devices that come and go.
//
// The kernel sends each event to every netlink socket that listens (lib/kobject_uevent.c). Nothing else is needed for it,
// no udev and no rights; but udev, which listens in the same way, may give a new device node its group and its mode a
// little after the event, and then has the kernel send another one, "change", for a sound card.
package uevent

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"

	"golang.org/x/sys/unix"
)

// Event is what happened to one device.
type Event struct {
	Action    string // "add", "remove", "change", "bind", "unbind", "move", "online" or "offline"; or Missed
	Subsystem string // such as "sound" or "usb"
	DevPath   string // in sysfs, without /sys: "/devices/platform/snd_aloop.1/sound/card1/pcmC1D1c"
	DevName   string // of the node, without /dev: "snd/pcmC1D1c"; empty if there is none
}

// Missed is the Action of an event that stands for any number of them: some were not heard. Look at everything.
const Missed = "missed"

const (
	kernelGroup = 1    // of the kernel's own events; udev's are in group 2
	eventLimit  = 8192 // bytes; the kernel has 2048 for what it says, and DevPath in front
)

// Run calls handle for each event of the kernel's until ctx is done, one at a time, from the goroutine that called Run.
// The first is Missed, when it has begun to listen, and so is whatever comes faster than handle takes it: what waits
// meanwhile is in the socket's buffer, of bounded size. The error is that of the socket, nil when ctx is done.
func Run(ctx context.Context, handle func(Event)) error {
	fd, err := unix.Socket(unix.AF_NETLINK, unix.SOCK_RAW|unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK, unix.NETLINK_KOBJECT_UEVENT)
	if err != nil {
		return fmt.Errorf("events of the kernel: socket: %w", err)
	}
	socket := os.NewFile(uintptr(fd), "netlink") // non-blocking: the Go poller waits for it, and no thread
	defer socket.Close()
	if err := unix.Bind(fd, &unix.SockaddrNetlink{Family: unix.AF_NETLINK, Groups: kernelGroup}); err != nil {
		return fmt.Errorf("events of the kernel: bind: %w", err)
	}
	return listen(ctx, socket, fromKernel, handle)
}

// fromKernel reports that a message is the kernel's: a program's has the number of its socket, which is never 0.
func fromKernel(from unix.Sockaddr) bool {
	a, ok := from.(*unix.SockaddrNetlink)
	return ok && a.Pid == 0
}

// listen is Run on a socket of datagrams, of which those from a sender that genuine knows are heeded.
func listen(ctx context.Context, socket *os.File, genuine func(unix.Sockaddr) bool, handle func(Event)) error {
	defer context.AfterFunc(ctx, func() { socket.Close() })()
	conn, err := socket.SyscallConn()
	if err != nil {
		return fmt.Errorf("events of the kernel: %w", err)
	}
	handle(Event{Action: Missed})
	buf := make([]byte, eventLimit)
	for {
		n, flags, from, err := receive(conn, buf)
		switch {
		case ctx.Err() != nil:
			return nil
		case errors.Is(err, unix.ENOBUFS), err == nil && flags&unix.MSG_TRUNC != 0:
			handle(Event{Action: Missed})
		case err != nil:
			return fmt.Errorf("events of the kernel: %w", err)
		case genuine(from):
			if e, ok := parse(buf[:n]); ok {
				handle(e)
			}
		}
	}
}

// receive waits for one datagram.
func receive(conn interface {
	Read(func(uintptr) bool) error
}, buf []byte) (n, flags int, from unix.Sockaddr, err error) {
	closed := conn.Read(func(fd uintptr) bool {
		n, _, flags, from, err = unix.Recvmsg(int(fd), buf, nil, unix.MSG_DONTWAIT)
		return err != unix.EAGAIN && err != unix.EINTR
	})
	if closed != nil {
		err = closed
	}
	return n, flags, from, err
}

// parse reads a message: "ACTION@DEVPATH" and then words KEY=VALUE, each ended by a zero.
func parse(message []byte) (e Event, ok bool) {
	head, rest, ok := bytes.Cut(message, []byte{0})
	if !ok || !bytes.Contains(head, []byte("@/")) {
		return Event{}, false
	}
	for word := range bytes.SplitSeq(rest, []byte{0}) {
		key, value, _ := bytes.Cut(word, []byte("="))
		switch string(key) {
		case "ACTION":
			e.Action = string(value)
		case "SUBSYSTEM":
			e.Subsystem = string(value)
		case "DEVPATH":
			e.DevPath = string(value)
		case "DEVNAME":
			e.DevName = string(value)
		}
	}
	return e, e.Action != "" && e.Action != Missed && e.DevPath != ""
}
