package main

import (
	"bufio"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/creack/pty"

	"submix/cmd/terminal"
	"submix/control"
)

// process is a daemon in a process of its own, in real time.
type process struct {
	*testing.T
	*exec.Cmd
	config string
	socket string
	stderr *bufio.Scanner
	client *control.Client
}

// noPause keeps the race detector, which is in the test binary, from waiting a second at exit.
const noPause = "GORACE=atexit_sleep_ms=0"

// newProcess returns a daemon with its files in dir, to be started.
func newProcess(t *testing.T, dir, toml string) *process {
	t.Helper()
	p := &process{T: t, config: filepath.Join(dir, "submix.toml"), socket: filepath.Join(dir, "s")}
	p.configure(toml)
	p.Cmd = exec.Command(os.Args[0], "-config", p.config, "-state", dir)
	p.Env = append(os.Environ(), asProcess+"=1", noPause)
	return p
}

// startProcess starts a daemon with its files in dir, and whose log is read.
func startProcess(t *testing.T, dir, toml string) *process {
	t.Helper()
	p := newProcess(t, dir, toml)
	stderr, err := p.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	p.stderr = bufio.NewScanner(stderr)
	p.start()
	return p
}

func (p *process) start() {
	p.Helper()
	if err := p.Start(); err != nil {
		p.Fatal(err)
	}
	p.Cleanup(func() { p.Process.Kill(); p.Wait() })
}

// configure writes the configuration, with a socket of the test's own as line 1.
func (p *process) configure(toml string) {
	toml = fmt.Sprintf("control.socket = %q\n", p.socket) + toml
	if err := os.WriteFile(p.config, []byte(toml), 0o600); err != nil {
		p.Fatal(err)
	}
}

// await reads the log up to a line that holds text.
func (p *process) await(text string) {
	p.Helper()
	for p.stderr.Scan() {
		if strings.Contains(p.stderr.Text(), text) {
			return
		}
	}
	p.Fatalf("the log ends without %q", text)
}

// do sends a command over the socket.
func (p *process) do(line string) control.Reply {
	p.Helper()
	if p.client == nil {
		var err error
		if p.client, err = control.Dial(p.socket); err != nil {
			p.Fatal(err)
		}
		p.Cleanup(func() { p.client.Close() })
	}
	r, err := p.client.Do(line)
	if err != nil {
		p.Fatal(err)
	}
	return r
}

// stop sends a signal, nil for none, and waits for the process to end with that status.
func (p *process) stop(s os.Signal, status int) {
	p.Helper()
	if s != nil {
		if err := p.Process.Signal(s); err != nil {
			p.Fatal(err)
		}
	}
	var rest []string
	for p.stderr.Scan() {
		rest = append(rest, p.stderr.Text())
	}
	p.Wait()
	if got := p.ProcessState.ExitCode(); got != status {
		p.Errorf("%v, want status %d:\n%s", p.ProcessState, status, strings.Join(rest, "\n"))
	}
	if _, err := os.Stat(p.socket); !os.IsNotExist(err) {
		p.Errorf("the socket is still there: %v", err)
	}
}

func TestSessionOnSocket(t *testing.T) {
	t.Parallel()
	p := startProcess(t, t.TempDir(), simulated3)
	p.await("submixd runs")
	session(t, p.do, func() { p.await("mix ended") })
	p.stop(syscall.SIGTERM, 0)
}

func TestSessionOnSerialLine(t *testing.T) {
	t.Parallel()
	master, slave, err := pty.Open()
	if err != nil {
		t.Fatal(err)
	}
	defer master.Close()
	p := startProcess(t, t.TempDir(), simulated3+fmt.Sprintf("[serial]\nport = %q\n", slave.Name()))
	p.await("serial port open")
	slave.Close()
	in := bufio.NewReader(master)
	session(t, func(line string) control.Reply { return overSerial(t, master, in, line) }, func() { p.await("mix ended") })
	p.stop(syscall.SIGTERM, 0)
}

// overSerial sends a line as a terminal does and gathers the reply.
func overSerial(t *testing.T, w io.Writer, r *bufio.Reader, line string) (reply control.Reply) {
	t.Helper()
	if _, err := io.WriteString(w, line+"\r\n"); err != nil {
		t.Fatal(err)
	}
	for {
		s, err := r.ReadString('\n')
		if err != nil {
			t.Fatalf("%s: the reply ends with %q: %v", line, s, err)
		}
		s, ended := strings.CutSuffix(s, "\r\n")
		if !ended {
			t.Errorf("%s: the line %q of the reply does not end with CRLF", line, s)
		}
		var code int
		if s == "OK" {
			return reply
		}
		if n, _ := fmt.Sscanf(s, "ERR %d", &code); n == 1 {
			reply.Err = &control.Error{Code: control.Code(code), Text: s}
			return reply
		}
		reply.Data = append(reply.Data, s)
	}
}

// SIGHUP reloads, SIGTERM ends the mix and completes the recording.
func TestSignals(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	toml := strings.Replace(simulated3, "sim:null", "file:"+dir+"/out.wav", 1)
	p := startProcess(t, dir, toml)
	p.await("submixd runs")
	hangup := func(toml, logged string) {
		p.configure(toml)
		if err := p.Process.Signal(syscall.SIGHUP); err != nil {
			t.Fatal(err)
		}
		p.await(logged)
	}
	hangup(strings.Replace(toml, "-6.0", "-1.5", 1), "line=reload")
	expect(t, p.do, "streams", 0, "stream mic", "gain=-1.5")
	hangup(strings.Replace(toml, "-6.0", "-600", 1), "[[capture]] mic gain")
	expect(t, p.do, "streams", 0, "gain=-1.5")
	p.stop(syscall.SIGTERM, 0)
	if n := len(readWAV(t, dir+"/out.wav")); n == 0 || n%(2*wavBlock) != 0 {
		t.Errorf("the recording has %d samples", n)
	}
}

func TestExitAtTheEnd(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	samples := noise(2*wavBlock*3 - wavBlock)
	writeWAV(t, filepath.Join(dir, "in.wav"), 48000, 2, samples)
	p := startProcess(t, dir, "control.on_end = \"exit\"\n"+fromFile(dir))
	p.await("submixd runs")
	expect(t, p.do, "end", 0)
	p.stop(nil, 0)
}

// The demo takes commands from its terminal, and ends with it.
func TestDemo(t *testing.T) {
	t.Parallel()
	for name, lines := range map[string]string{"end": "streams\nmute mic\nend\n", "end of input": "streams\nmute mic\n"} {
		cmd := exec.Command(os.Args[0], "-demo")
		cmd.Env = append(os.Environ(), asProcess+"=1", noPause, "XDG_RUNTIME_DIR="+t.TempDir())
		cmd.Stdin = strings.NewReader(lines)
		out, err := cmd.Output()
		if err != nil {
			t.Errorf("%s: %v", name, err)
		}
		got := string(out)
		if !strings.HasPrefix(got, "Submix on simulated cards") || !strings.Contains(got, "stream mic state=") ||
			!strings.Contains(got, "\nOK\nOK\n") {
			t.Errorf("%s: printed\n%s", name, got)
		}
	}
}

// On a person's terminal, nothing but a mistake comes between what the console shows.
func TestDemoLeavesTheScreenAlone(t *testing.T) {
	for _, c := range []struct {
		console io.ReadWriter
		want    slog.Level
	}{{nil, slog.LevelInfo}, {pipes{}, slog.LevelWarn}, {new(terminal.Terminal), slog.LevelError}} {
		if got := logLevel(c.console); got != c.want {
			t.Errorf("with %T, the log is of level %v, want %v", c.console, got, c.want)
		}
	}
}
