//go:build vm

package update

import (
	"bufio"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"
)

// A box is a card in a machine with the real U-Boot. The machine runs in the host's time; there are three ways in, the
// console, which is only read, root's shell, and a serial port, ttyS0.
type box struct {
	*testing.T
	dir  string
	card string
	disk string // what root finds as its second disk, read-only

	qemu    *exec.Cmd
	port    net.Conn
	lines   *bufio.Reader
	monitor net.Conn
	read    int // of the console, by says
}

// stickSpeed is what is read of a stick in a second, so that a bundle, of some 40 MB, takes seconds that a test can pull it in.
const stickSpeed = 8 << 20

// on switches the box on; with the state of a machine it goes on from there. sticks are what plug may
// plug in.
func (b *box) on(sticks []string, state ...string) {
	b.Helper()
	socket := func(name string) string { return filepath.Join(b.dir, name) }
	os.Remove(socket("console"))
	b.read = 0
	args := strings.Fields("-nodefaults -display none -machine virt -cpu cortex-a57 -smp 2 -m 256M -rtc base=2026-01-01T00:00:00 -bios " + uboot +
		" -serial file:" + socket("console") + " -device virtio-serial-pci -chardev socket,id=shell,server=on,wait=off,path=" + socket("shell") +
		" -device virtserialport,chardev=shell,name=shell -chardev socket,id=person,server=on,wait=off,path=" + socket("person") +
		" -device pci-serial,chardev=person -monitor unix:" + socket("monitor") + ",server=on,wait=off" +
		" -device qemu-xhci,id=usb -device i6300esb -device virtio-blk-pci,drive=card -drive if=none,id=card,format=raw,cache=unsafe,file=" + b.card +
		" -device virtio-blk-pci,drive=media -drive if=none,id=media,format=raw,readonly=on,file=" + b.disk)
	for n, stick := range sticks {
		args = append(args, "-object", fmt.Sprintf("throttle-group,id=slow%d,x-bps-read=%d", n, stickSpeed), "-blockdev",
			fmt.Sprintf("driver=throttle,throttle-group=slow%d,node-name=stick%d,read-only=on,file.driver=file,file.filename=%s", n, n, stick))
	}
	if len(state) > 0 {
		args = append(args, "-incoming", "defer")
	}
	b.qemu = exec.Command("qemu-system-aarch64", args...)
	b.qemu.Stderr = os.Stderr
	b.qemu.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if err := b.qemu.Start(); err != nil {
		b.Fatal(err)
	}
	b.port, b.monitor = b.dial(socket("shell")), b.dial(socket("monitor"))
	b.lines = bufio.NewReader(b.port)
	if len(state) > 0 {
		b.order("migrate_incoming \"exec:cat "+state[0]+"\"", "info status", "VM status: running")
	}
}

// order has qemu carry out a command, and waits until a question is answered as it should be.
func (b *box) order(command, question, answer string) {
	b.Helper()
	b.monitor.SetDeadline(time.Now().Add(patience))
	fmt.Fprintln(b.monitor, command)
	said := make([]byte, 1<<20) // it echoes each letter with all before it
	for n := 0; ; {
		fmt.Fprintln(b.monitor, question)
		time.Sleep(300 * time.Millisecond)
		got, err := b.monitor.Read(said[n:])
		if n += got; strings.Contains(string(said[:n]), answer) {
			return
		}
		if err != nil || n == len(said) {
			b.Fatalf("qemu: %s: %v ... %q", command, err, said[max(0, n-200):n])
		}
	}
}

// dial waits for qemu to listen.
func (b *box) dial(path string) net.Conn {
	b.Helper()
	for begin := time.Now(); ; time.Sleep(10 * time.Millisecond) {
		if c, err := net.Dial("unix", path); err == nil {
			return c
		} else if time.Since(begin) > 10*time.Second {
			b.Fatal(err)
		}
	}
}

// off cuts the power.
func (b *box) off() {
	if b.qemu != nil {
		b.qemu.Process.Kill()
		b.qemu.Wait()
		b.port.Close()
		b.monitor.Close()
		b.qemu = nil
	}
}

// patience is how long anything may take, of the host's time.
const patience = 6 * time.Minute

// comesUp waits until there is a shell, after a start.
func (b *box) comesUp() {
	b.Helper()
	b.until("the shell is here")
}

// until reads from the shell until a line is there, and returns what came before it.
func (b *box) until(last string) string {
	b.Helper()
	b.port.SetReadDeadline(time.Now().Add(patience))
	var said strings.Builder
	for {
		line, err := b.lines.ReadString('\n')
		if err != nil {
			b.Fatalf("no %q from the shell: %v, but %q; the console ends with\n%s", last, err, said.String(), b.tail())
		}
		if line = strings.TrimRight(line, "\r\n"); line == last {
			return strings.TrimSpace(said.String())
		}
		said.WriteString(line + "\n")
	}
}

// do has root's shell carry out a line, and returns what it printed, and its status.
func (b *box) do(line string) (string, int) {
	b.Helper()
	fmt.Fprintf(b.port, "{ %s; } 2>&1; s=$?; echo; echo status $s; echo done.\n", line)
	said := b.until("done.")
	i := strings.LastIndex(said, "status ")
	var status int
	fmt.Sscanf(said[max(i, 0):], "status %d", &status)
	return strings.TrimSpace(said[:max(i, 0)]), status
}

// expect has a line carried out that prints something; want is a regular expression.
func (b *box) expect(line, want string) string {
	b.Helper()
	said, _ := b.do(line)
	if !regexp.MustCompile(want).MatchString(said) {
		b.Errorf("%s:\n%s\nwant %s", line, said, want)
	}
	return said
}

// eventually is expect for what takes its time after a start.
func (b *box) eventually(line, want string) string {
	b.Helper()
	for begin := time.Now(); ; time.Sleep(time.Second) {
		said, _ := b.do(line)
		if regexp.MustCompile(want).MatchString(said) {
			return said
		}
		if time.Since(begin) > patience {
			b.Fatalf("%s:\n%s\nwant %s\n%s", line, said, want, b.tail())
		}
	}
}

func (b *box) console() string {
	text, _ := os.ReadFile(filepath.Join(b.dir, "console"))
	return string(text)
}

func (b *box) tail() string {
	text := b.console()
	return text[max(0, len(text)-3000):]
}

// says waits until the console says something, after what it has said before.
func (b *box) says(want string) {
	b.Helper()
	for begin := time.Now(); ; time.Sleep(50 * time.Millisecond) {
		text := b.console()
		if i := strings.Index(text[min(b.read, len(text)):], want); i >= 0 {
			b.read += i + len(want)
			return
		}
		if time.Since(begin) > patience {
			b.Fatalf("the console does not say %q, but ends with\n%s", want, b.tail())
		}
	}
}

// sounds waits until blocks are mixed.
func (b *box) sounds() {
	b.Helper()
	for begin := time.Now(); ; time.Sleep(time.Second) {
		said, _ := b.do("submixctl status")
		if regexp.MustCompile(`(?m)^state: running$`).MatchString(said) && regexp.MustCompile(`(?m)^blocks: [1-9]`).MatchString(said) {
			return
		}
		if time.Since(begin) > patience {
			b.Fatalf("it does not sound: %s\n%s", said, b.tail())
		}
	}
}
