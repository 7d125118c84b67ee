// Package update changes the system of a box as a whole, and proves the new one. RAUC writes the slots and says which is
// begun; what it does not know is kept here: which system has proved itself, and why one has not.
package update

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"submix/control"
)

// Where things are on a box.
const (
	folder   = "data/update"         // what survives: the record, and bundles that were received
	requests = "run/submix-update"   // of the group submix; a path unit waits there for restart
	notices  = "run/submix-notices"  // what submixd shows in status
	marker   = "run/submix-trial"    // is there when the boot loader tries the system that runs: its deadline waits for
	restart  = requests + "/restart" // is there from when the box is to restart until it has
	verdict  = requests + "/verdict"
	ailing   = requests + "/ailing"       // and takes what it then notes from here
	unproved = folder + "/unproved"       // to here, for the other system
	autoboot = "boot/submix/autoboot.txt" // is there where the firmware chooses the slot, and not U-Boot
	noData   = "run/submix-no-data"       // is there when the data partition could not be mounted
	sound    = time.Minute                // that a new system has to make
	limit    = 3 * time.Minute            // within this time from its start
	poll     = time.Second                // between two looks at it
)

// A Box is what is updated.
type Box struct {
	Root string // of the file system: / but in tests
	// Rauc runs rauc and returns what it prints; what it says of its progress goes to progress. An error says why it
	// refused, in rauc's words.
	Rauc     func(ctx context.Context, progress io.Writer, args ...string) ([]byte, error)
	Ask      func(line string) (control.Reply, error) // has the daemon carry out a command
	Progress io.Writer
	Terminal *os.File // over which a bundle may be received
}

// Here is the box that this program runs on.
func Here(ask func(line string) (control.Reply, error), progress io.Writer) *Box {
	return &Box{Root: "/", Rauc: rauc, Ask: ask, Progress: progress, Terminal: os.Stdin}
}

func (b *Box) path(elem ...string) string { return filepath.Join(append([]string{b.Root}, elem...)...) }

func (b *Box) has(file string) bool {
	_, err := os.Stat(b.path(file))
	return err == nil
}

// ErrUsage says that the words are no command; Usage has those that are.
var ErrUsage = errors.New("not a command of update")

// Command is a line of the table of what update can do.
type Command struct {
	Usage, About string
	Person       bool // is for people; the others are for the units of the image
	min, max     int  // words behind the name
	run          func(b *Box, ctx context.Context, args []string) ([]string, error)
}

// Commands returns the table.
func Commands() []Command {
	return []Command{
		{"status", "show which system runs, what is in the slots, and why an update was not kept", true, 0, 0, (*Box).status},
		{"install FILE [now]", "write a bundle to the slot that does not run; now: restart into it at once", true, 1, 2, (*Box).install},
		{"receive [now]", "install a bundle that is sent with ZMODEM over this terminal, as by sz", true, 0, 1, (*Box).receive},
		{"mark-good", "keep the system that runs, without waiting until it has proved itself", true, 0, 0, (*Box).markGood},
		{"rollback [now]", "begin the other slot from the next start on; now: restart at once", true, 0, 1, (*Box).rollback},
		{"stick FOLDER", "install the newest bundle in a folder and restart, if it is newer than the system that runs", false, 1, 1, (*Box).stick},
		{"prove [SOUND LIMIT]", "wait until the system that runs has proved itself, or go back", false, 0, 2, (*Box).prove},
	}
}

// Do carries out a command. An error of the reply is for people; ErrUsage is the only other one.
func (b *Box) Do(ctx context.Context, words []string) (control.Reply, error) {
	for _, c := range Commands() {
		name, _, _ := strings.Cut(c.Usage, " ")
		if len(words) == 0 || words[0] != name {
			continue
		}
		args := words[1:]
		if strings.HasSuffix(c.Usage, "[now]") && len(args) == c.max && args[c.max-1] != "now" || len(args) < c.min || len(args) > c.max {
			break
		}
		data, err := c.run(b, ctx, args)
		if err != nil {
			return control.Reply{Err: asError(err)}, nil
		}
		return control.Reply{Data: data}, nil
	}
	return control.Reply{}, ErrUsage
}

func asError(err error) *control.Error {
	code := control.CodeNotNow
	if path := new(os.PathError); errors.As(err, &path) {
		code = control.CodeStorage
	}
	return &control.Error{Code: code, Text: "update: " + err.Error()}
}

// errRestarts says that nothing was tried: the box is on its way down, which would cut the writing short.
var errRestarts = errors.New("the box is about to restart, which may begin the other slot: install it after that")

// leaves reports that the box is on its way down: it is asked to restart, or the deadline of its trial is over.
func (b *Box) leaves() bool { return b.has(restart) || b.late() != nil }

// install writes a bundle to the slot that does not run. A system that has not proved itself keeps that as it is until there
// is a verdict: the one that is kept all the same, for there is nothing to go back to, is what an update is for.
func (b *Box) install(ctx context.Context, args []string) ([]string, error) {
	if b.leaves() {
		return nil, errRestarts
	}
	file, err := filepath.Abs(args[0])
	if err != nil {
		return nil, err
	}
	if _, err := os.Stat(file); err != nil {
		return nil, err
	}
	before, err := b.state(ctx)
	if err != nil {
		return nil, err
	}
	if before.trial(before.booted) && !b.has(verdict) {
		return nil, fmt.Errorf("%s in slot %s is still to prove itself, and until then the other slot is left as it is; update mark-good says that it is good",
			before.version(before.booted), before.booted)
	}
	if _, err := b.Rauc(ctx, b.Progress, "install", file); err != nil {
		return nil, fmt.Errorf("%s: %w; the system that runs is as it was", file, err)
	}
	after, err := b.state(ctx)
	if err != nil {
		return nil, err
	}
	return after.tell(), b.restart(len(args) > 1)
}

// markGood keeps the system that runs.
func (b *Box) markGood(ctx context.Context, _ []string) ([]string, error) {
	s, err := b.state(ctx)
	if err != nil {
		return nil, err
	}
	return nil, b.keep(ctx, s)
}

// rollback has the other slot begun. A system on trial is given up by that, and at once: it might be kept before the box
// restarts.
func (b *Box) rollback(ctx context.Context, args []string) ([]string, error) {
	s, err := b.state(ctx)
	if err != nil {
		return nil, err
	}
	if !s.back() {
		return nil, fmt.Errorf("slot %s is %s; there is nothing to go back to", s.other(), s.word(s.other()))
	}
	switch trial := s.trial(s.booted); {
	case trial && len(args) == 0:
		return nil, fmt.Errorf("%s in slot %s is still to prove itself, and would be kept when it has; update rollback now gives it up and restarts",
			s.running, s.booted)
	case trial:
		err = b.giveUp(ctx, s, "it was taken back by hand")
	default:
		if _, err := b.Rauc(ctx, nil, "status", "mark-active", "other"); err != nil {
			return nil, err
		}
	}
	s, unknown := b.state(ctx)
	if err := errors.Join(err, unknown, b.restart(len(args) > 0)); err != nil {
		return nil, err
	}
	return s.tell(), nil
}

// restart has the box restart if it is to be now: whoever may write to the folder of requests may have that.
func (b *Box) restart(now bool) error {
	if !now {
		return nil
	}
	if err := os.WriteFile(b.path(restart), nil, 0o644); err != nil {
		return fmt.Errorf("restart the box by hand: %w", err)
	}
	return nil
}

// receive has rz, which speaks ZMODEM, write what it is sent to a folder of its own.
func (b *Box) receive(ctx context.Context, args []string) ([]string, error) {
	dir := b.path(folder, "received")
	if err := os.RemoveAll(dir); err != nil {
		return nil, err
	}
	if err := os.Mkdir(dir, 0o775); err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	fmt.Fprintln(b.Progress, "send the bundle now, with ZMODEM; it takes a minute and a half for each MB at 115200 baud")
	cmd := exec.CommandContext(ctx, "rz", "-b", "-q")
	cmd.Dir, cmd.Stdin, cmd.Stdout = dir, b.Terminal, b.Terminal
	if err := cmd.Run(); err != nil {
		return nil, fmt.Errorf("rz, which receives the bundle: %w; send it again", err)
	}
	files, err := filepath.Glob(filepath.Join(dir, "*.raucb"))
	if err != nil || len(files) != 1 {
		return nil, fmt.Errorf("received %d files that end in .raucb, and one was expected", len(files))
	}
	return b.install(ctx, append(files, args...))
}
