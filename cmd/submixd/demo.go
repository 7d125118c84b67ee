package main

import (
	"context"
	_ "embed"
	"io"
	"os"
	"os/user"
	"path/filepath"
	"strconv"

	"submix/cmd/submixd/config"
	"submix/cmd/terminal"
	"submix/control"
)

//go:embed demo.toml
var demoTOML []byte

// loadDemo is the configuration of submixd -demo: three simulated cards, one of
// which stalls now and then, and a control socket of the user's own.
func loadDemo() (*config.Config, error) {
	cfg, err := config.Parse("demo.toml", demoTOML, control.Check)
	if err == nil {
		dir := os.Getenv("XDG_RUNTIME_DIR")
		if dir == "" {
			dir = os.TempDir()
		}
		cfg.Control.Socket = filepath.Join(dir, "submix-demo-"+strconv.Itoa(os.Getuid())+".sock")
	}
	return cfg, err
}

// pipes are standard input and output that are no terminal.
type pipes struct {
	io.Reader
	io.Writer
}

// demoConsole is what the demo is worked with: the terminal, in raw mode until
// restore is called, or lines from standard input.
func demoConsole(stdin io.Reader, stdout io.Writer) (console io.ReadWriter, restore func()) {
	t, err := terminal.Open(stdin, stdout)
	if err != nil || t == nil {
		return pipes{stdin, stdout}, func() {}
	}
	return t, func() { t.Close() }
}

// serveConsole works the box from the demo's console until that is left.
func serveConsole(ctx context.Context, d *control.Dispatcher, console io.ReadWriter) error {
	t, ok := console.(*terminal.Terminal)
	if !ok {
		return d.Serve(ctx, console, "console")
	}
	c := control.Console{Do: func(line string) (control.Reply, error) {
		return d.Do(ctx, "console", line), ctx.Err()
	}}
	c.Sized = t.Follow(c.Resize)
	return c.Run(t)
}

// socketGroup is the group whose members may use the control socket: submix, or
// the daemon's own where there is none.
func socketGroup() int {
	if g, err := user.LookupGroup("submix"); err == nil {
		if gid, err := strconv.Atoi(g.Gid); err == nil {
			return gid
		}
	}
	return -1
}
