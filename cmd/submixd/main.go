// Submixd is the daemon of Submix: it mixes the captures of its configuration
// onto one playback device and takes commands from buttons, a serial line and a
// socket.
//
//	submixd [-config FILE] [-init] [-check] [-state DIR] [-fallback] [-demo] [-timers] [-version]
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"

	"github.com/coreos/go-systemd/v22/daemon"

	"submix/cmd/submixd/config"
	"submix/cmd/submixd/initial"
	"submix/cmd/terminal"
	"submix/control"
	"submix/hw/rt"
)

// version is set by the linker: -X main.version=...
var version = "devel"

func main() { os.Exit(run(os.Args[1:], os.Stdin, os.Stdout, os.Stderr)) }

// Exit statuses: 0 well, 1 failed while running, 2 wrong arguments or a
// configuration with mistakes.
func run(args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	flags := flag.NewFlagSet("submixd", flag.ContinueOnError)
	flags.SetOutput(stderr)
	path := flags.String("config", "/etc/submix/submix.toml", "configuration `file`")
	check := flags.Bool("check", false, "list the mistakes in the configuration and exit")
	first := flags.Bool("init", false, "write a configuration for the hardware of this machine, to the file of -config, which must not exist, or, without -config, to standard output")
	demo := flags.Bool("demo", false, "run on simulated cards, with the command console on the terminal")
	stateDir := flags.String("state", "/var/lib/submix", "`directory` that keeps what is set and learned, for the next start; empty: keep nothing")
	timers := flags.Bool("timers", false, "as root, before the daemon that is not: give the kernel's timer threads the priority that the mix needs, and exit")
	fallback := flags.Bool("fallback", false, "start in any case: instead of a configuration that has mistakes or is missing take the last one that had none, which is kept in the directory of -state, or else one for the hardware of this machine; log, status and lights tell")
	show := flags.Bool("version", false, "print the version and exit")
	if status, asked := program(flags).Answer(args, stdout, stderr); asked {
		return status
	}
	switch err := flags.Parse(args); {
	case errors.Is(err, flag.ErrHelp):
		return 0
	case err != nil:
		return 2
	case flags.NArg() > 0:
		fmt.Fprintf(stderr, "submixd: %q is not a flag\n", flags.Arg(0))
		return 2
	}
	if *show {
		fmt.Fprintln(stdout, "submix", version)
		return 0
	}
	if *timers {
		if err := rt.TimerThreads(timerPriority); err != nil {
			fmt.Fprintln(stderr, "submixd:", err)
			return 1
		}
		return 0
	}
	if *first {
		if err := writeFirst(flags, *path, stdout); err != nil {
			fmt.Fprintln(stderr, "submixd:", err)
			return 1
		}
		return 0
	}
	told := newSpool(stderr) // from here on, but for what ends the program before there is a box
	file := configFile{path: *path, find: initial.Find, warn: func(err error) { fmt.Fprintln(told, "submixd:", err) }}
	if *fallback && !*check && *stateDir != "" {
		file.good = filepath.Join(*stateDir, goodName)
	}
	load, begin := file.load, file.begin
	if *demo {
		load = loadDemo
	}
	if *demo || !*fallback || *check {
		begin = func() (*config.Config, string, error) {
			cfg, err := load()
			return cfg, "", err
		}
	}
	cfg, instead, err := begin()
	if err != nil {
		fmt.Fprintln(stderr, err)
		return 2
	}
	if *check {
		fmt.Fprintf(stdout, "%s: no mistakes\n", *path)
		return 0
	}
	var console io.ReadWriter
	if *demo {
		*stateDir = "" // simulated cards are no box's
		fmt.Fprintln(stdout, "Submix on simulated cards. Try: meters, streams, mute mic, help, end")
		var restore func()
		console, restore = demoConsole(stdin, stdout)
		defer restore()
	}
	if serve(cfg, instead, load, *stateDir, told, console) != nil {
		return 1
	}
	return 0
}

// serve runs the box until it is told to stop by a signal, by the end of the
// mix (on_end = "exit") or by the end of the console. told, which it runs, is the log, and has the error, too.
func serve(cfg *config.Config, instead string, load func() (*config.Config, error), stateDir string, told *spool, console io.ReadWriter) (err error) {
	written := background(told.run)
	defer written()
	defer func() {
		if err != nil {
			fmt.Fprintln(told, "submixd:", err)
		}
	}()
	stop, forget := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT)
	defer forget()
	entries := control.NewLog(logHandler(told, isJournal(told.out), logLevel(console)))
	entries.Clock = machineClock
	log := slog.New(entries)
	socket, err := control.ListenSocket(cfg.Control.Socket, socketGroup())
	if err != nil {
		return err // it may be another daemon's, whose devices and files are left alone
	}
	runDir := filepath.Dir(cfg.Control.Socket)
	if stateDir == "" {
		runDir = ""
	}
	kept := openState(stateDir, runDir, log)
	record, crash := openBlackBox(runDir, entries)
	defer func() {
		if cause := recover(); cause != nil {
			record.panicked(cause)
			panic(cause)
		}
		record.close(err)
	}()
	defer background(record.run)()
	defer background(func(ctx context.Context) { saving(ctx, kept, log) })()
	b, err := newBox(cfg, load, kept, log)
	if err != nil {
		return err
	}
	b.crashed(crash)
	b.startedWith(instead)
	notify, watchdog := systemd(log)
	h := health{log: log, pulse: b.pulse, notify: notify, watchdog: watchdog, because: record.because, giveUp: func() { written(); os.Exit(1) }}
	defer background(h.run)()
	ctx, cancel := context.WithCancel(context.Background())
	d := control.NewDispatcher(b.controls(entries))
	b.restore(d)
	inputs := listen(ctx, b, d, socket, console, log)
	defer inputs.Wait()
	defer inputs.letGo()
	defer cancel()
	mixing := make(chan error, 1)
	go func() {
		b.realTime()
		b.log.Info("submixd runs", control.EventMix.Attr(), "state", control.StateRunning, "version", version, "socket", cfg.Control.Socket)
		mixing <- b.run(ctx)
	}()
	select {
	case err := <-mixing:
		notify(daemon.SdNotifyStopping)
		return err
	case <-inputs.consoleEnded:
	case <-stop.Done():
		forget() // a second signal ends the program at once
	}
	notify(daemon.SdNotifyStopping)
	inputs.letGo() // while there are streams that a release may mute
	return b.shutdown(mixing, cancel)
}

// logLevel keeps replies on the same output readable, and leaves a person's screen
// alone, who has log for what happens.
func logLevel(console io.ReadWriter) slog.Level {
	switch console.(type) {
	case nil:
		return slog.LevelInfo
	case *terminal.Terminal:
		return slog.LevelError
	}
	return slog.LevelWarn
}
