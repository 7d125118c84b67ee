package vm

import (
	"fmt"
	"io"
)

// File is one entry of an initramfs. Content is not changed.
type File struct {
	Name    string // path without a leading slash
	Mode    uint32 // as st_mode: type and permissions, for example 0o100755
	Content []byte
}

const (
	directory  = 0o040755
	executable = 0o100755
)

// writeCPIO writes files as a cpio archive in the form "newc" that the kernel unpacks as its first root: see
// Documentation/driver-api/early-userspace/buffer-format.rst of the kernel. All belongs to root, made at time 0,
// so that the same files give the same bytes. A folder must come before what is in it.
func writeCPIO(w io.Writer, files []File) error {
	for i, f := range append(files[:len(files):len(files)], File{Name: "TRAILER!!!"}) {
		// magic, ino, mode, uid, gid, nlink, mtime, filesize, devmajor, devminor, rdevmajor, rdevminor, namesize, check
		header := fmt.Sprintf("070701%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x",
			i+1, f.Mode, 0, 0, 1, 0, len(f.Content), 0, 0, 0, 0, len(f.Name)+1, 0)
		name := header + f.Name + "\x00"
		for _, part := range [][]byte{[]byte(name), padding(len(name)), f.Content, padding(len(f.Content))} {
			if _, err := w.Write(part); err != nil {
				return fmt.Errorf("initramfs: %s: %w", f.Name, err)
			}
		}
	}
	return nil
}

// padding returns the zeros that bring n bytes to a multiple of four.
func padding(n int) []byte { return make([]byte, -n&3) }
