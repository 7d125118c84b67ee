// Package image tests the image as a whole: the real units and the real overlay, on a root file system as read-only as the
// one that is flashed, on a card with the partitions that genimage.cfg gives it, booted with systemd in the machine of
// package vm. Debian's packages stand in for Buildroot's; see debian.sh and root.sh.
package image

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"submix/buildroot/vm"
)

// Image is a card's content, and the kernel that it is booted with.
type Image struct {
	Kernel string
	Card   string // path of the card's image, as it is flashed
}

// Build makes the image from the repository whose top is root, in dir, an empty folder.
func Build(root, dir string) (image Image, err error) {
	programs, images := filepath.Join(dir, "programs"), filepath.Join(dir, "images")
	for _, d := range []string{programs, images} {
		if err := os.Mkdir(d, 0o755); err != nil {
			return image, err
		}
	}
	if image.Kernel, err = vm.Kernel(root); err != nil {
		return image, err
	}
	if err := os.Symlink(image.Kernel, filepath.Join(images, "Image")); err != nil {
		return image, err
	}
	if err := vm.Compile(root, programs); err != nil {
		return image, err
	}
	if err := run(root, "buildroot/image/root.sh", programs, filepath.Join(images, "rootfs.squashfs")); err != nil {
		return image, err
	}
	image.Card = filepath.Join(images, "submix.img")
	return image, run(root, "buildroot/board/common/post-image.sh", images, "qemu")
}

// Copy makes a card of its own to boot from: size bytes, most of them a hole in the file, with the files on the partition
// that the owner can write, by their names.
func (i Image) Copy(path string, size int64, files map[string]string) error {
	if err := run(".", "cp", "--sparse=always", i.Card, path); err != nil {
		return err
	}
	if err := os.Truncate(path, size); err != nil {
		return err
	}
	for name, content := range files {
		if err := Put(path, name, content); err != nil {
			return err
		}
	}
	return nil
}

// Put writes a file to the partition of a card that the owner can write.
func Put(card, name, content string) error {
	from, err := os.CreateTemp("", "submix")
	if err != nil {
		return err
	}
	defer os.Remove(from.Name())
	if _, err := from.WriteString(content); err != nil {
		return err
	}
	if err := from.Close(); err != nil {
		return err
	}
	return run(".", "mcopy", "-o", "-i", card+"@@1M", from.Name(), "::"+name) // genimage puts the first partition there
}

// dataAt is where the data partition begins on every card, in bytes: 1 MiB for the table, 16 and twice 96 for FAT, 1 for
// the extended partition's table, twice 256 for the roots and 1 for each table between the logical partitions.
const dataAt = (1 + 16 + 2*96 + 1 + 256 + 1 + 256 + 1) << 20

// Drive is the card as qemu's arguments. What qemu has written stays in the host's memory, which outlives it: to flush that
// too would only take time.
func Drive(card string) []string {
	return strings.Fields("-device i6300esb -device virtio-blk-pci,drive=card -drive if=none,id=card,format=raw,cache=unsafe,file=" + card)
}

// run runs a program; what it says is part of the error.
func run(dir, program string, args ...string) error {
	cmd := exec.Command(program, args...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "PATH="+os.Getenv("PATH")+":/usr/sbin:/sbin") // genimage's mkdosfs, fdisk
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("%s: %w\n%s", filepath.Base(program), err, out)
	}
	return nil
}
