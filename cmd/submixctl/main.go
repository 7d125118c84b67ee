// Submixctl sends commands to the Submix daemon and prints the replies.
//
//	submixctl [-socket PATH] [-json] [COMMAND...]
//	submixctl [-socket PATH] top [-once] [-hz N]
//	submixctl [-socket PATH] [-json] doctor [CONFIGURATION]
//	submixctl [-socket PATH] [-json] update COMMAND...
//
// Without COMMAND it is a console, if it runs on a terminal, and otherwise sends
// the lines of its standard input. top shows the levels of all streams and the
// output as they change, or one picture of them. The exit status is 0 if every
// reply was OK, 1 if one was not or could not be printed, 2 for wrong usage and
// 3 if the daemon cannot be reached. The commands are described in
// control/PROTOCOL.md. Doctor is done here, whether the daemon runs or not: it
// looks for what keeps the box from working well, and its exit status is 0 if
// nothing is bad. Update is also done here: it replaces the system of a box that
// was flashed as an image. The console has both, also while there is no daemon.
package main

import (
	"bufio"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"strings"

	"submix/cmd/terminal"
	"submix/control"
)

// The exit statuses.
const (
	exitOK          = 0
	exitRefused     = 1
	exitUsage       = 2
	exitUnreachable = 3
)

func main() {
	status := run(os.Args[1:], os.Stdin, os.Stdout, os.Stderr)
	terminal.Drain(os.Stdout)
	os.Exit(status)
}

func run(args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	flags := flag.NewFlagSet("submixctl", flag.ContinueOnError)
	flags.SetOutput(stderr)
	flags.Usage = func() {
		fmt.Fprintln(stderr, "usage: "+strings.Join(synopsis(), "\n       ")+"\n"+
			"Without COMMAND, it is a console on a terminal, or lines are read from standard input.\n"+
			"\"submixctl help\" lists the commands; \"submixctl top\" shows the levels of all streams;\n"+
			"\"submixctl doctor [CONFIGURATION]\" looks for what keeps this box from working well;\n"+
			"\"submixctl update\" lists what can be done to replace its system.")
		flags.PrintDefaults()
	}
	socket := flags.String("socket", control.DefaultSocket, "control `socket` of the daemon")
	asJSON := flags.Bool("json", false, "print each reply as one JSON object")
	if status, asked := program(flags, socket).Answer(args, stdout, stderr); asked {
		return status
	}
	if err := flags.Parse(args); errors.Is(err, flag.ErrHelp) {
		return exitOK
	} else if err != nil {
		return exitUsage
	}
	line := strings.Join(flags.Args(), " ")
	if flags.NArg() > 0 && (strings.TrimSpace(line) == "" || strings.ContainsAny(line, "\r\n")) {
		fmt.Fprintln(stderr, "submixctl: a command is one line that is not empty")
		return exitUsage
	}

	out := printer{stdout: stdout, stderr: stderr, json: *asJSON}
	switch flags.Arg(0) {
	case "doctor":
		return examine(flags.Args()[1:], *socket, out)
	case "update":
		return updateSystem(flags.Args()[1:], *socket, out)
	}
	words := strings.Fields(line)
	if len(words) == 0 && !*asJSON {
		if t, err := terminal.Open(stdin, stdout); t != nil && err == nil {
			return console(t, *socket, stderr)
		}
	}
	client, err := control.Dial(*socket)
	if err != nil {
		fmt.Fprintln(stderr, "submixctl:", err)
		return exitUnreachable
	}
	defer client.Close()
	switch {
	case len(words) == 0:
		return sendAll(client, stdin, out)
	case words[0] == "top" && *asJSON:
		fmt.Fprintln(stderr, "submixctl: top is for people; programs read -json meters, streams and status")
		return exitUsage
	case words[0] == "top":
		return top(client, words[1:], stdin, stdout, stderr)
	case words[0] == "meters", words[0] == "events":
		return follow(client, line, out)
	default:
		return send(client, line, out)
	}
}

// send sends one command and prints its reply.
func send(client *control.Client, line string, out printer) int {
	reply, err := client.Do(line)
	if err != nil {
		fmt.Fprintln(out.stderr, "submixctl:", err)
		return exitUnreachable
	}
	return show(reply, out)
}

// show prints a reply.
func show(reply control.Reply, out printer) int {
	if err := out.print(reply); err != nil {
		fmt.Fprintln(out.stderr, "submixctl: reply not printed:", err)
		return exitRefused
	}
	if reply.Err != nil {
		return exitRefused
	}
	return exitOK
}

// sendAll sends every line of in that is not blank, also behind one that was
// refused.
func sendAll(client *control.Client, in io.Reader, out printer) int {
	lines := bufio.NewReader(in)
	status := exitOK
	for {
		line, err := lines.ReadString('\n')
		if line = strings.TrimRight(line, "\r\n"); strings.TrimSpace(line) != "" {
			if s := send(client, line, out); s != exitOK {
				status = s
			}
		}
		if status == exitUnreachable || errors.Is(err, io.EOF) {
			return status
		}
		if err != nil {
			fmt.Fprintln(out.stderr, "submixctl: standard input:", err)
			return exitUsage
		}
	}
}
