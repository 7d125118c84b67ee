package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strconv"
	"strings"
	"syscall"
	"time"

	"submix/cmd/terminal"
	"submix/control"
	"submix/control/screen"
)

// onTerminal runs f on the terminal, which is as it was when it returns, also
// when a signal ends it.
func onTerminal(t *terminal.Terminal, stderr io.Writer, f func() error) int {
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP)
	defer signal.Stop(signals)
	ended := make(chan error, 1)
	go func() { ended <- f() }()
	select {
	case s := <-signals:
		io.WriteString(t, "\x1b[999H\r\n") // below what is there
		t.Close()
		return 128 + int(s.(syscall.Signal))
	case err := <-ended:
		t.Close()
		if err != nil && !errors.Is(err, io.ErrUnexpectedEOF) { // the end of the input is no fault
			fmt.Fprintln(stderr, "submixctl:", err)
			return exitUnreachable
		}
		return exitOK
	}
}

// errReceive ends a console whose terminal is needed for a file.
var errReceive = errors.New("the terminal is for rz now")

// console is a command line on the terminal, also for what is done here: update and doctor, which are needed most when
// there is no daemon. It asks the daemon anew for each line, so it outlives one that ends.
func console(t *terminal.Terminal, socket string, stderr io.Writer) int {
	if client, err := control.Dial(socket); err != nil {
		fmt.Fprintf(t, "submixctl: %v; update and doctor work all the same\r\n", err)
	} else {
		client.Close()
	}
	var receive []string
	c := &control.Console{}
	c.Do = func(line string) (control.Reply, error) {
		words := strings.Fields(line)
		switch {
		case len(words) > 1 && words[0] == "update" && words[1] == "receive":
			receive = words
			return control.Reply{}, errReceive
		case len(words) > 0 && words[0] == "update":
			reply, err := box(socket, t).Do(context.Background(), words[1:])
			if err != nil {
				reply = control.Reply{Err: &control.Error{Code: control.CodeUsage, Text: updateUsage()}}
			}
			return reply, nil
		case len(words) > 0 && words[0] == "doctor":
			return examined(words[1:], socket), nil
		}
		reply, err := ask(socket, line)
		if strings.TrimSpace(line) == "help" { // the daemon knows nothing of these
			reply.Data, err = append(reply.Data, "doctor: look for what keeps this box from working well", "update: replace its system; alone, it lists how"), nil
		}
		if err != nil {
			reply = control.Reply{Err: &control.Error{Code: control.CodeNotNow, Text: err.Error()}}
		}
		return reply, nil
	}
	c.Sized = t.Follow(c.Resize)
	var ended error
	status := onTerminal(t, stderr, func() error {
		if ended = c.Run(t); errors.Is(ended, errReceive) {
			return nil
		}
		return ended
	})
	if receive == nil {
		return status
	}
	// A console reads ahead, which cannot be stopped but by another program in its place.
	self, err := os.Executable()
	if err == nil {
		err = syscall.Exec(self, append([]string{"submixctl", "-socket", socket}, receive...), os.Environ())
	}
	fmt.Fprintln(stderr, "submixctl:", err)
	return exitRefused
}

// top shows the live screen, or one picture.
func top(client *control.Client, args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	flags := flag.NewFlagSet("submixctl top", flag.ContinueOnError)
	flags.SetOutput(stderr)
	once := flags.Bool("once", false, "print one picture and exit")
	hz := flags.Int("hz", control.DefaultMeterRate, "pictures a second, 1 to 20")
	if err := flags.Parse(args); errors.Is(err, flag.ErrHelp) {
		return exitOK
	} else if err != nil || flags.NArg() > 0 || *hz < 1 || *hz > control.MaxMeterRate {
		fmt.Fprintln(stderr, "usage: submixctl top [-once] [-hz 1..20]")
		return exitUsage
	}
	if *once {
		return picture(client, stdout, stderr)
	}
	if dumb := os.Getenv("TERM") == "dumb"; dumb {
		for {
			if status := picture(client, stdout, stderr); status != exitOK {
				return status
			}
			fmt.Fprintln(stdout)
			time.Sleep(time.Second)
		}
	}
	t, err := terminal.Open(stdin, stdout)
	if err != nil || t == nil {
		fmt.Fprintln(stderr, "submixctl: top needs a terminal; top -once prints one picture")
		return exitUsage
	}
	c := &control.Console{Do: client.Do}
	c.Sized = t.Follow(c.Resize)
	return onTerminal(t, stderr, func() error { return c.RunMeters(t, *hz) })
}

// picture prints one picture of all streams, as wide as COLUMNS says.
func picture(client *control.Client, stdout, stderr io.Writer) int {
	m, err := control.ReadMix(client.Do)
	if err != nil {
		fmt.Fprintln(stderr, "submixctl:", err)
		return exitUnreachable
	}
	width, err := strconv.Atoi(os.Getenv("COLUMNS"))
	if err != nil || width < 1 {
		width = 80
	}
	new(screen.Holds).Mark(&m, time.Now())
	lines := screen.Picture(m, width, len(m.Streams)+3)
	if _, err := fmt.Fprintln(stdout, strings.Join(lines, "\n")); err != nil {
		fmt.Fprintln(stderr, "submixctl: picture not printed:", err)
		return exitRefused
	}
	return exitOK
}

// follow prints what meters or events on bring as it comes, until it cannot be
// printed.
func follow(client *control.Client, line string, out printer) int {
	var unprinted error
	reply, err := client.Follow(line, func(data string) error {
		unprinted = out.print(control.Reply{Data: []string{data}})
		return unprinted
	})
	switch {
	case unprinted != nil:
		fmt.Fprintln(out.stderr, "submixctl: not printed:", unprinted)
		return exitRefused
	case err != nil:
		fmt.Fprintln(out.stderr, "submixctl:", err)
		return exitUnreachable
	}
	return show(reply, out)
}
