package main

import (
	"context"
	"log/slog"
	"path/filepath"
	"sync"

	"submix/control/state"
)

// openState reads the state file in dir, which is empty to keep nothing; its copy,
// for the time that the machine is on, is in runDir. What is wrong with them is
// logged, and the box begins without.
func openState(dir, runDir string, log *slog.Logger) *state.File {
	path := ""
	if dir != "" {
		path = filepath.Join(dir, "state.json")
	}
	f, err := state.Open(path, filepath.Join(runDir, "state.now.json"))
	if err != nil {
		log.Warn("what was saved or learned is lost", "error", err)
	}
	return f
}

// saving saves what is put into the file until ctx is done, and then the last of it.
func saving(ctx context.Context, f *state.File, log *slog.Logger) {
	f.Run(ctx, func(err error) {
		if err != nil {
			log.Warn("state is not saved", "error", err)
		} else {
			log.Info("state is saved again")
		}
	})
}

// background runs f until stop is called, which returns when f has.
func background(f func(context.Context)) (stop func()) { return within(context.Background(), f) }

// within runs f until stop is called, which returns when f has, or ctx is done.
func within(ctx context.Context, f func(context.Context)) (stop func()) {
	ctx, cancel := context.WithCancel(ctx)
	var run sync.WaitGroup
	run.Go(func() { f(ctx) })
	return func() {
		cancel()
		run.Wait()
	}
}
