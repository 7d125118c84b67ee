package main

import (
	_ "embed"
	"io"
	"os"
	"os/user"
	"path/filepath"
	"strconv"

	"submix/cmd/submixd/config"
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

// terminal is a console on standard input and output.
type terminal struct {
	io.Reader
	io.Writer
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
