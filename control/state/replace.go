package state

import (
	"errors"
	"os"
	"path/filepath"
)

// replace makes data the content of the file at path, of mode 0644. Whenever
// the power fails, the file holds all of the old content or all of the new; when
// replace has returned nil, the new. One call at a time.
//
// The content must be on the disk before the name points to it, and the name
// before replace returns: fsync of the file, rename, fsync of the directory
// (fsync(2), rename(2)). The new file has a name of its own that is always the
// same, so that power cuts leave one file behind at most.
func replace(path string, data []byte) error {
	next := path + ".new"
	err := writeSync(next, data)
	if err == nil {
		err = os.Rename(next, path)
	}
	if err != nil {
		os.Remove(next) // it may take the last space there is; and nothing can be done about an error
		return err
	}
	dir, err := os.Open(filepath.Dir(path))
	if err != nil {
		return err
	}
	return errors.Join(dir.Sync(), dir.Close())
}

// writeSync writes a file and waits until it is on the disk.
func writeSync(path string, data []byte) error {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o644)
	if err != nil {
		return err
	}
	_, err = f.Write(data)
	if err == nil {
		err = f.Sync()
	}
	return errors.Join(err, f.Close())
}
