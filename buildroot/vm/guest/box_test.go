//go:build vm

package guest

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// box is a running submixd.
type box struct {
	t      *testing.T
	cmd    *exec.Cmd
	config string
	socket string
	log    *bytes.Buffer
}

// newBox makes a box, with a configuration to which the control socket is added, that is not running yet.
func newBox(t *testing.T, toml string) *box {
	t.Helper()
	dir := t.TempDir()
	b := &box{t: t, config: filepath.Join(dir, "submix.toml"), socket: filepath.Join(dir, "control.sock"), log: &bytes.Buffer{}}
	b.configure(toml)
	return b
}

// command is submixd, not running yet.
func (b *box) command() *exec.Cmd {
	cmd := ordinary("/bin/submixd", "-config", b.config, "-state", filepath.Dir(b.config))
	cmd.Stderr = b.log
	return cmd
}

// startBox starts submixd with a configuration and waits until it answers. It is ended with SIGTERM, and must end cleanly,
// with the test.
func startBox(t *testing.T, toml string) *box {
	t.Helper()
	b := newBox(t, toml)
	b.cmd = b.command()
	if err := b.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(b.stop)
	b.answers()
	return b
}

// answers waits until the box does.
func (b *box) answers() {
	b.t.Helper()
	within(b.t, 5*time.Second, "submixd answers", func() bool {
		c, err := net.Dial("unix", b.socket)
		if err == nil {
			c.Close()
		}
		return err == nil
	})
}

// configure writes the configuration file.
func (b *box) configure(toml string) {
	b.t.Helper()
	text := fmt.Sprintf("%s\n[control]\nsocket = %q\n", toml, b.socket)
	if err := os.WriteFile(b.config, []byte(text), 0o600); err != nil {
		b.t.Fatal(err)
	}
}

func (b *box) stop() {
	b.cmd.Process.Signal(syscall.SIGTERM)
	ended := make(chan error, 1)
	go func() { ended <- b.cmd.Wait() }()
	select {
	case err := <-ended:
		if err != nil {
			b.t.Errorf("submixd ended with %v", err)
		}
	case <-time.After(5 * time.Second):
		b.cmd.Process.Signal(syscall.SIGQUIT)
		<-ended
		b.t.Error("submixd did not end within 5 s of SIGTERM")
	}
	b.t.Logf("the log of submixd:\n%s", b.log)
}

func (b *box) pid() int { return b.cmd.Process.Pid }

// do runs a command over the socket, which must answer OK, and returns the data lines.
func (b *box) do(line string) []string {
	b.t.Helper()
	data, verdict := b.try(line)
	if verdict != "OK" {
		b.t.Fatalf("%s: %s", line, verdict)
	}
	return data
}

// try runs a command over the socket and returns the data lines and the line that completes the reply.
func (b *box) try(line string) (data []string, verdict string) {
	b.t.Helper()
	c, err := net.Dial("unix", b.socket)
	if err != nil {
		b.t.Fatal(err)
	}
	defer c.Close()
	if _, err := fmt.Fprintln(c, line); err != nil {
		b.t.Fatal(err)
	}
	data, verdict, err = readReply(bufio.NewReader(c))
	if err != nil {
		b.t.Fatalf("%s: %v", line, err)
	}
	return data, verdict
}

// readReply reads one reply of the line protocol.
func readReply(r *bufio.Reader) (data []string, verdict string, err error) {
	for {
		line, err := r.ReadString('\n')
		if err != nil {
			return nil, "", err
		}
		line = strings.TrimRight(line, "\r\n")
		if line == "OK" || strings.HasPrefix(line, "ERR ") {
			return data, line, nil
		}
		data = append(data, line)
	}
}

// stream returns what streams says of one stream; nil if it is not there.
func (b *box) stream(name string) map[string]string {
	b.t.Helper()
	for _, line := range b.do("streams") {
		if rest, ok := strings.CutPrefix(line, "stream "+name+" "); ok {
			return fields(rest)
		}
	}
	return nil
}

// status returns what status says.
func (b *box) status() map[string]string {
	b.t.Helper()
	m := map[string]string{}
	for _, line := range b.do("status") {
		key, value, _ := strings.Cut(line, ": ")
		m[key] = value
	}
	return m
}

// fields reads key=value words; a value may be quoted.
func fields(line string) map[string]string {
	m := map[string]string{}
	for line != "" {
		var key, value string
		key, line, _ = strings.Cut(strings.TrimLeft(line, " "), "=")
		if strings.HasPrefix(line, `"`) {
			value, line, _ = strings.Cut(line[1:], `"`)
		} else {
			value, line, _ = strings.Cut(line, " ")
		}
		m[key] = value
	}
	return m
}

// is waits until a stream is in a state.
func (b *box) is(name, state string, limit time.Duration) map[string]string {
	b.t.Helper()
	var s map[string]string
	within(b.t, limit, fmt.Sprintf("stream %s is %s", name, state), func() bool {
		s = b.stream(name)
		time.Sleep(4 * time.Millisecond)
		return s["state"] == state
	})
	return s
}

// unharmed checks that no stream had a block too few, a stall or an xrun.
func (b *box) unharmed(streams ...string) {
	b.t.Helper()
	for _, name := range streams {
		s := b.stream(name)
		if s["short"] != "0" || s["xruns"] != "0" || s["stalls"] != "0" {
			b.t.Errorf("stream %s: %v", name, s)
		}
	}
}

// inTime checks that the output had no xrun.
func (b *box) inTime() {
	b.t.Helper()
	if n := b.status()["xruns"]; n != "0" {
		b.t.Errorf("%q xruns of the output", n)
	}
}

// serialBox talks to a box over the serial cable, as a person would.
type serialBox struct {
	t *testing.T
	w io.Writer
	r *bufio.Reader
}

func openSerialBox(t *testing.T) *serialBox {
	t.Helper()
	port := openSerial(t, testEnd, 115200)
	return &serialBox{t, port, bufio.NewReader(port)}
}

// do runs a command, which must answer OK.
func (s *serialBox) do(line string) []string {
	s.t.Helper()
	data, verdict := s.try(line)
	if verdict != "OK" {
		s.t.Fatalf("%s: %s", line, verdict)
	}
	return data
}

func (s *serialBox) try(line string) (data []string, verdict string) {
	s.t.Helper()
	if _, err := io.WriteString(s.w, line+"\r"); err != nil {
		s.t.Fatal(err)
	}
	data, verdict, err := readReply(s.r)
	if err != nil {
		s.t.Fatalf("%s: %v", line, err)
	}
	return data, verdict
}
