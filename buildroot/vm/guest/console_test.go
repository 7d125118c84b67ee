//go:build vm

package guest

import (
	"bufio"
	"encoding/binary"
	"io"
	"math/rand/v2"
	"net"
	"os"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"go.bug.st/serial"
)

// megabyte is random bytes.
func megabyte() []byte {
	r := rand.New(rand.NewPCG(5, 6))
	b := make([]byte, 0, 1<<20)
	for len(b) < 1<<20 {
		b = binary.LittleEndian.AppendUint64(b, r.Uint64())
	}
	return b
}

// A reply is one of the line protocol.
type reply struct {
	data    []string
	verdict string
}

// listenTo reads replies until the port is closed.
func listenTo(port io.Reader) <-chan reply {
	replies := make(chan reply, 1<<16) // more than lines are sent
	go func() {
		in := bufio.NewReader(port)
		for {
			data, verdict, err := readReply(in)
			if err != nil {
				return
			}
			replies <- reply{data, verdict}
		}
	}()
	return replies
}

// drain reads what has been replied, in pieces of lines or whole ones, until no more comes.
func drain(t *testing.T, port serial.Port) {
	t.Helper()
	port.SetReadTimeout(50 * time.Millisecond)
	defer port.SetReadTimeout(serial.NoTimeout)
	for buf := make([]byte, 4096); ; {
		if n, err := port.Read(buf); err != nil {
			t.Fatal(err)
		} else if n == 0 {
			return
		}
	}
}

// answeredWithin is how long the first status after a flood may take.
const answeredWithin = time.Second

// firstStatus ends the line, of which nobody knows what is in it, and asks for the status, once: what has been replied until
// then must be errors, and the next reply the status. It returns how many errors there were, and how long the status took.
func firstStatus(t *testing.T, port io.Writer, replies <-chan reply) (errors int, took time.Duration) {
	t.Helper()
	begin := time.Now()
	if _, err := io.WriteString(port, "\nstatus\n"); err != nil {
		t.Fatal(err)
	}
	for limit := time.After(answeredWithin); ; {
		select {
		case r := <-replies:
			if len(r.data) == 0 && strings.HasPrefix(r.verdict, "ERR ") {
				errors++
				continue
			}
			for i, want := range []string{"state: running", "uptime: ", "rate: 48000", "channels: 2", "block: 240", "streams: 1"} {
				if r.verdict != "OK" || i >= len(r.data) || !strings.HasPrefix(r.data[i], want) {
					t.Fatalf("after %d errors the reply is %q, without %q", errors, r, want)
				}
			}
			return errors, time.Since(begin)
		case <-limit:
			t.Fatalf("%d errors, but no status within %v", errors, answeredWithin)
		}
	}
}

func residentKB(t *testing.T, b *box) int {
	kB, err := strconv.Atoi(resident(t, b.pid()))
	if err != nil {
		t.Fatal(err)
	}
	return kB
}

// floodRate is in bytes a second: 3.7 Mbit/s, nearly the fastest that can be configured. The emulated ports would take any
// number at once, with the driver in a single interrupt for 10 ms.
const floodRate = 32 * 11520

// A megabyte of random bytes from somebody who reads the replies and from somebody who
// does not, is not heard, and needs no memory. Without -long the latter sends a quarter of
// it: a megabyte through the emulated ports takes the host 44 s of its processor.
func TestConsoleFloodIsNotHeard(t *testing.T) {
	for _, reads := range []bool{true, false} {
		t.Run("replies read "+strconv.FormatBool(reads), func(t *testing.T) {
			b, unbroken := heard(t, badBox)
			port := openSerial(t, testEnd, 115200)
			before, cpu, start := residentKB(t, b), cpuTime(t, b.pid()), time.Now()
			var replies <-chan reply
			if reads {
				replies = listenTo(port)
			}
			flood := megabyte()
			if !reads && !*long {
				flood = flood[:len(flood)/4]
			}
			for piece := range slices.Chunk(flood, floodRate/1000) {
				if _, err := port.Write(piece); err != nil {
					t.Fatal(err)
				}
				time.Sleep(time.Millisecond)
			}
			flooded := time.Since(start)
			if !reads {
				drain(t, port)
				replies = listenTo(port)
			}
			errors, took := firstStatus(t, port, replies)
			after := residentKB(t, b)
			t.Logf("%d bytes at random in %.1f s, %d errors, then status is answered within %.1f ms; %.2f s of processor time; submixd holds %d kB before, %d kB after",
				len(flood), flooded.Seconds(), errors, took.Seconds()*1e3, (cpuTime(t, b.pid()) - cpu).Seconds(), before, after)
			if after > before+4096 {
				t.Errorf("it has grown by %d kB", after-before)
			}
			unbroken()
		})
	}
}

// A client of the socket that asks and asks and never reads is dropped, and neither heard nor in the way of others.
func TestConsoleClientNeverReads(t *testing.T) {
	b, unbroken := heard(t, badBox)
	before := residentKB(t, b)
	c, err := net.Dial("unix", b.socket)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	start := time.Now()
	c.SetWriteDeadline(start.Add(30 * time.Second))
	for err == nil {
		_, err = io.WriteString(c, "help\nlog 256\nstreams\n")
		if n := len(b.do("streams")); n != 1 {
			t.Errorf("%d streams", n)
		}
	}
	t.Logf("dropped after %.1f s: %v; submixd holds %d kB before, %s kB after", time.Since(start).Seconds(), err, before, resident(t, b.pid()))
	if took := time.Since(start); took > 10*time.Second {
		t.Errorf("it was dropped after %v", took)
	}
	if after := residentKB(t, b); after > before+4096 {
		t.Errorf("it has grown by %d kB", after-before)
	}
	unbroken()
}

// The socket is for the members of the group submix, and root.
func TestConsoleIsForItsGroup(t *testing.T) {
	writeNew(t, "/etc/passwd", "root:x:0:0::/:/\n")
	writeNew(t, "/etc/group", "root:x:0:\nsubmix:x:990:\n")
	b := startBox(t, badBox)
	info, err := os.Stat(b.socket)
	if err != nil {
		t.Fatal(err)
	}
	owner := info.Sys().(*syscall.Stat_t)
	t.Logf("%v, user %d, group %d", info.Mode(), owner.Uid, owner.Gid)
	if info.Mode() != os.ModeSocket|0o660 || owner.Uid != 0 || owner.Gid != 990 {
		t.Errorf("the socket is %v of user %d, group %d", info.Mode(), owner.Uid, owner.Gid)
	}
	for dir := b.socket; dir != "/"; { // the directories of the test are root's
		dir = dir[:strings.LastIndexByte(dir, '/')]
		if dir == "" {
			break
		}
		os.Chmod(dir, 0o755)
	}
	for _, c := range []struct {
		who      string
		uid, gid uint32
		groups   []uint32
		let      bool
	}{
		{"a stranger", 1000, 1000, nil, false},
		{"a stranger in other groups", 1000, 1000, []uint32{29, 20}, false},
		{"a member", 1000, 1000, []uint32{990}, true},
		{"one whose first group it is", 1001, 990, nil, true},
		{"root", 0, 0, nil, true},
	} {
		cmd := ordinary("/bin/submixctl", "-socket", b.socket, "version")
		cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: c.uid, Gid: c.gid, Groups: c.groups}}
		out, err := cmd.CombinedOutput()
		t.Logf("%s: %v: %s", c.who, err, out)
		if let := err == nil; let != c.let || !c.let && !strings.Contains(string(out), "permission denied") {
			t.Errorf("%s: %v: %s", c.who, err, out)
		}
	}
}

func writeNew(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.Remove(path) })
}
