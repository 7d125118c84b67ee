//go:build vm

package update

import (
	"bytes"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"time"
)

// prompt ends what the console says.
const prompt = `submix> $`

// atPort has somebody with nothing but the serial cable replace the system: the console's real unit takes what lrzsz's sz
// sends, and rauc judges it, on a box whose other slot is broken. What is installed at last is small, and is never begun.
func (b *box) atPort() {
	b.Helper()
	begin := time.Now()
	defer func() { b.Logf("at the port for %.0f s", time.Since(begin).Seconds()) }()
	cable := b.dial(filepath.Join(b.dir, "person")).(*net.UnixConn)
	defer cable.Close()
	b.expect("systemctl start submix-console@ttyS0; systemctl is-active submix-console@ttyS0", "^active$")
	b.hears(cable, "\r", prompt)
	// A cable that is pulled, as far as the box can tell, while it waits.
	b.hears(cable, "update receive\r", "B01")
	b.Logf("%q", b.hears(cable, strings.Repeat("\x18", 10), `(?s)rz, which receives the bundle: .*; send it again.*`+prompt))

	ours := theFactory(b.T).ca
	good := b.sample(ours, "qemu", "1.0.1")
	content, err := os.ReadFile(good)
	if err != nil {
		b.Fatal(err)
	}
	changed := filepath.Join(b.dir, "changed.raucb")
	content[len(content)/2] ^= 1
	if err := os.WriteFile(changed, content, 0o644); err != nil {
		b.Fatal(err)
	}
	for _, c := range []struct{ file, want string }{
		{changed, "Failed to copy data: .*; the system that runs is as it was.*" + prompt},
		{good, `next: B\s.*slot B state=untried version=1\.0\.1`},
	} {
		begin := time.Now()
		b.hears(cable, "update receive\r", "B01")
		ready := time.Now()
		b.send(cable, c.file)
		sent := time.Now()
		said := b.hears(cable, "", "(?s)"+c.want)
		b.Logf("%s, %d bytes: rz is there after %.1f s, has it in %.1f s, and %.1f s more are until: %q", filepath.Base(c.file),
			len(content), ready.Sub(begin).Seconds(), sent.Sub(ready).Seconds(), time.Since(sent).Seconds(), said)
		if c.file != good {
			b.expect("submixctl update status", `(?s)next: A.*slot B state=broken`)
		}
	}
	b.expect("submixctl update status", `(?s)next: B\n.*slot B state=untried version=1\.0\.1`)
	b.expect("ls /data/update; systemctl stop submix-console@ttyS0", "^(record.json)?$")
}

// sample is a small bundle, of a system that nothing can begin.
func (b *box) sample(by *authority, board, version string) string {
	b.Helper()
	content := make([]byte, 30_000)
	rand.NewChaCha8([32]byte{}).Read(content)
	part := filepath.Join(b.dir, "part")
	if err := os.WriteFile(part, content, 0o644); err != nil {
		b.Fatal(err)
	}
	path, err := by.bundle(board, version, part, part)
	if err != nil {
		b.Fatal(err)
	}
	return path
}

// send is a person's terminal program that sends a file. A port of qemu takes what comes at any speed, and no cable does:
// no more than a window is on its way.
func (b *box) send(cable *net.UnixConn, file string) {
	b.Helper()
	end, err := cable.File()
	if err != nil {
		b.Fatal(err)
	}
	defer func() {
		end.Close()
		if raw, err := cable.SyscallConn(); err == nil { // File has taken the deadlines away
			raw.Control(func(fd uintptr) { syscall.SetNonblock(int(fd), true) })
		}
	}()
	cmd := exec.Command("sz", "-b", "-q", "-w", "8192", file)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = end, end, os.Stderr
	timer := time.AfterFunc(patience, func() { cmd.Process.Kill() })
	defer timer.Stop()
	if err := cmd.Run(); err != nil {
		b.Errorf("sz: %v", err)
	}
}

// hears types keys and reads until want, a regular expression, is there. A line's end alone is typed again where nobody
// reads yet. It tells a system that asks where the cursor is, for the size.
func (b *box) hears(cable *net.UnixConn, keys, want string) string {
	b.Helper()
	right := regexp.MustCompile(want)
	var said []byte
	var typed time.Time
	told := 0
	buffer := make([]byte, 4096)
	for begin := time.Now(); ; {
		if typed.IsZero() || keys == "\r" && time.Since(typed) > 3*time.Second {
			cable.Write([]byte(keys))
			typed = time.Now()
		}
		cable.SetReadDeadline(time.Now().Add(time.Second))
		n, err := cable.Read(buffer)
		said = append(said, buffer[:n]...)
		if asked := bytes.Count(said, []byte("\x1b[6n")); asked > told {
			cable.Write([]byte(strings.Repeat("\x1b[24;80R", asked-told)))
			told = asked
		}
		if right.Match(said) {
			return string(said)
		}
		if err != nil && !os.IsTimeout(err) || time.Since(begin) > patience {
			b.Fatalf("after %q the port does not say %q but %q: %v; the console ends with\n%s", keys, want, said, err, b.tail())
		}
	}
}
