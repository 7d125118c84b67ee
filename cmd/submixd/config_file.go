package main

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"submix/cmd/submixd/config"
	"submix/cmd/submixd/initial"
	"submix/control"
	"submix/control/state"
)

// goodName is the file that the last good configuration is kept in, as it was written, in the directory of the state.
const goodName = "submix.toml"

// configFile is the file that the owner writes the configuration to.
type configFile struct {
	path string
	good string          // where its content is kept when it has no mistakes; "": nowhere
	warn func(err error) // is told when it cannot be kept
	find func() initial.Machine
}

// load reads and checks the file, and keeps it, if it is not what is kept, when it has no mistakes.
func (f configFile) load() (*config.Config, error) {
	text, err := os.ReadFile(f.path)
	if err != nil {
		return nil, fmt.Errorf("configuration: %w", err)
	}
	cfg, err := config.Parse(f.path, text, control.Check)
	if err != nil || f.good == "" {
		return cfg, err
	}
	if kept, err := os.ReadFile(f.good); err == nil && bytes.Equal(kept, text) {
		return cfg, nil
	}
	if err := os.MkdirAll(filepath.Dir(f.good), 0o755); err != nil {
		f.warn(fmt.Errorf("the configuration is not kept: %w", err))
	} else if err := state.Replace(f.good, text, true); err != nil {
		f.warn(fmt.Errorf("the configuration is not kept: %w", err))
	}
	return cfg, nil
}

// begin returns a configuration to start with in any case: that of the file, the last good one, or one that is made for
// this machine's cards. instead says, for the owner, why it is not that of the file; it is empty if it is.
func (f configFile) begin() (cfg *config.Config, instead string, err error) {
	cfg, err = f.load()
	if err == nil {
		return cfg, "", nil
	}
	why := strings.ReplaceAll(err.Error(), "\n", "; ")
	if cfg, err = config.Load(f.good, control.Check); err == nil {
		return cfg, "the last good configuration is in use, for " + why, nil
	}
	cfg, own := config.Parse("configuration for the cards found", []byte(settled(f.find).Config()), control.Check)
	return cfg, "a configuration made for the cards that were found is in use, for " + why, errors.Join(own)
}

// settled is what find finds when it has been the same for 3 s, with a card in it, or after 15 s: drivers are loaded and
// USB cards answer some seconds after power-on, and each at another time.
func settled(find func() initial.Machine) initial.Machine {
	m := find()
	for look, alike := 0, 0; look < 15 && alike < 3; look++ {
		time.Sleep(time.Second)
		next := find()
		if alike++; len(next.Cards) == 0 || next.Config() != m.Config() {
			alike = 0
		}
		m = next
	}
	return m
}
