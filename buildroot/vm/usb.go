package vm

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"golang.org/x/sys/unix"
)

// usbDevices are what a machine with a USB socket has more. The card is not in it at first; sound that is played on it
// is heard nowhere, but at its pace in virtual time. Descriptors 5 and 6 are qemu's monitor and the guest's port usb.
var usbDevices = strings.Fields(`-device qemu-xhci,id=hub -audiodev none,id=quiet
	-chardev socket,id=monitor,fd=5 -mon chardev=monitor,mode=control
	-chardev socket,id=usb,fd=6 -device virtserialport,chardev=usb,name=usb`)

// usbSocket is the hand at the machine's USB socket: at a line "plug" or "unplug" from the guest it puts qemu's USB sound
// card in, which only plays, or pulls it, and answers "ok", or what went wrong, when that is done.
type usbSocket struct {
	monitor, guest *os.File // this end of each
	theirs         [2]*os.File
	ended          chan struct{}
}

// startUSBSocket makes one; theirs are descriptors 5 and 6 of qemu.
func startUSBSocket() (*usbSocket, error) {
	u := &usbSocket{ended: make(chan struct{})}
	for i, end := range []**os.File{&u.monitor, &u.guest} {
		pair, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
		if err == nil {
			err = unix.SetNonblock(pair[0], true) // so that end ends a read
		}
		if err != nil {
			return nil, fmt.Errorf("USB socket: %w", err)
		}
		*end, u.theirs[i] = os.NewFile(uintptr(pair[0]), "usb"), os.NewFile(uintptr(pair[1]), "qemu")
	}
	go u.serve()
	return u, nil
}

// end is called when qemu has ended.
func (u *usbSocket) end() {
	for _, f := range append(u.theirs[:], u.guest, u.monitor) {
		f.Close()
	}
	<-u.ended
}

func (u *usbSocket) serve() {
	defer close(u.ended)
	replies := json.NewDecoder(u.monitor)
	err := u.begin(replies)
	for lines := bufio.NewScanner(u.guest); lines.Scan(); {
		answer := "ok"
		if err != nil {
			answer = err.Error()
		} else if err := u.do(replies, lines.Text()); err != nil {
			answer = err.Error()
		}
		fmt.Fprintln(u.guest, answer)
	}
}

// begin has the monitor take commands: see docs/interop/qmp-spec of qemu.
func (u *usbSocket) begin(replies *json.Decoder) error {
	var greeting struct{ QMP json.RawMessage }
	if err := replies.Decode(&greeting); err != nil || greeting.QMP == nil {
		return fmt.Errorf("no greeting from qemu's monitor: %w", err)
	}
	return u.command(replies, "qmp_capabilities", nil)
}

func (u *usbSocket) do(replies *json.Decoder, line string) error {
	switch line {
	case "plug":
		return u.command(replies, "device_add", map[string]string{"driver": "usb-audio", "id": "card", "audiodev": "quiet", "bus": "hub.0", "port": "1"})
	case "unplug":
		return u.command(replies, "device_del", map[string]string{"id": "card"})
	}
	return fmt.Errorf("%q is neither plug nor unplug", line)
}

// command runs one command of the monitor's to its end.
func (u *usbSocket) command(replies *json.Decoder, name string, arguments map[string]string) error {
	request := struct {
		Execute   string            `json:"execute"`
		Arguments map[string]string `json:"arguments,omitempty"`
	}{name, arguments}
	text, err := json.Marshal(request)
	if err != nil {
		return err
	}
	if _, err := u.monitor.Write(text); err != nil {
		return err
	}
	for {
		var reply struct {
			Return json.RawMessage
			Error  struct{ Desc string }
		}
		switch err := replies.Decode(&reply); {
		case errors.Is(err, io.EOF):
			return errors.New("qemu's monitor has ended")
		case err != nil:
			return err
		case reply.Error.Desc != "":
			return fmt.Errorf("%s: %s", name, reply.Error.Desc)
		case reply.Return != nil:
			return nil
		} // or else an event
	}
}
