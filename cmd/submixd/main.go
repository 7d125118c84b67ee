// Submixd is the daemon of Submix: it mixes the captures of its configuration
// onto one playback device and takes commands from buttons, a serial line and a
// socket.
//
//	submixd -config FILE [-check] [-demo] [-version]
package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"syscall"

	"submix/cmd/submixd/config"
	"submix/control"
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
	demo := flags.Bool("demo", false, "run on simulated cards, with the command console on the terminal")
	show := flags.Bool("version", false, "print the version and exit")
	if err := flags.Parse(args); err != nil {
		return 2
	}
	if *show {
		fmt.Fprintln(stdout, "submix", version)
		return 0
	}
	load := func() (*config.Config, error) { return config.Load(*path, control.Check) }
	if *demo {
		load = loadDemo
	}
	cfg, err := load()
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
		console = terminal{stdin, stdout}
		fmt.Fprintln(stdout, "Submix on simulated cards. Try: streams, mute mic, help, end")
	}
	if err := serve(cfg, load, stderr, console); err != nil {
		fmt.Fprintln(stderr, "submixd:", err)
		return 1
	}
	return 0
}

// serve runs the box until it is told to stop by a signal, by the end of the
// mix (on_end = "exit") or by the end of the console.
func serve(cfg *config.Config, load func() (*config.Config, error), stderr io.Writer, console io.ReadWriter) error {
	log := control.NewLog(slog.NewTextHandler(stderr, &slog.HandlerOptions{Level: logLevel(console)}))
	b, err := newBox(cfg, load, slog.New(log))
	if err != nil {
		return err
	}
	d := control.NewDispatcher(b.controls(log))

	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	mixing := make(chan error, 1)
	go func() { mixing <- b.run(ctx) }()
	inputs, err := listen(ctx, b, d, console, slog.New(log))
	if err != nil {
		cancel()
		<-mixing
		return err
	}
	defer inputs.Wait()
	defer cancel() // in this order: control ends first, then the mix has ended already

	signals := make(chan os.Signal, 1)
	signal.Notify(signals, syscall.SIGTERM, syscall.SIGINT, syscall.SIGHUP)
	defer signal.Stop(signals)
	for {
		select {
		case err := <-mixing:
			return err
		case <-inputs.consoleEnded:
			return b.shutdown(mixing, cancel)
		case s := <-signals:
			if s != syscall.SIGHUP {
				return b.shutdown(mixing, cancel)
			}
			if r := d.Do(ctx, "signal", "reload"); r.Err != nil {
				b.log.Warn("reload", "error", r.Err.Text)
			}
		}
	}
}

// logLevel keeps a console on the same terminal readable.
func logLevel(console io.ReadWriter) slog.Level {
	if console != nil {
		return slog.LevelWarn
	}
	return slog.LevelInfo
}
