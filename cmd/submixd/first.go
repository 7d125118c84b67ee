package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"submix/cmd/submixd/initial"
)

// writeFirst writes a configuration for this machine: to the file of -config if that is given, which must not be there
// yet, and else to standard output.
func writeFirst(flags *flag.FlagSet, path string, stdout io.Writer) error {
	given := false
	flags.Visit(func(f *flag.Flag) { given = given || f.Name == "config" })
	if !given {
		_, err := io.WriteString(stdout, initial.Find().Config())
		return err
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	if errors.Is(err, fs.ErrExist) {
		return fmt.Errorf("%w, and is left as it is; submixd -init without -config prints a new one", err)
	} else if err != nil {
		return err
	}
	_, err = io.WriteString(f, initial.Find().Config())
	if err = errors.Join(err, f.Sync(), f.Close()); err != nil {
		return err
	}
	_, err = fmt.Fprintf(stdout, "%s: written; look through it, then start submixd\n", path)
	return err
}
