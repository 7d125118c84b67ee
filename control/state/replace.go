package state

import (
	"errors"
	"os"
	"path/filepath"
)

// Replace makes data the content of the file at path, of mode 0644. Whenever the
// program is killed, the file holds all of the old content or all of the new. With
// durable the same is true whenever the power fails, and when Replace has returned
// nil it holds the new; that costs the disk some writes. One call at a time.
//
// The content must be on the disk before the name points to it, and the name
// before Replace returns: fsync of the file, rename, fsync of the directory
// (fsync(2), rename(2)). The new file has a name of its own that is always the
// same, so that power cuts leave one file behind at most.
func Replace(path string, data []byte, durable bool) error {
	next := path + ".new"
	err := write(next, data, durable)
	if err == nil {
		err = os.Rename(next, path)
	}
	if err != nil {
		os.Remove(next) // it may take the last space there is; and nothing can be done about an error
		return err
	}
	if !durable {
		return nil
	}
	dir, err := os.Open(filepath.Dir(path))
	if err != nil {
		return err
	}
	return errors.Join(dir.Sync(), dir.Close())
}

// write writes a file and, with durable, waits until it is on the disk.
func write(path string, data []byte, durable bool) error {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o644)
	if err != nil {
		return err
	}
	_, err = f.Write(data)
	if err == nil && durable {
		err = f.Sync()
	}
	return errors.Join(err, f.Close())
}
