package vm

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// programs are what is compiled for the machine: where it goes there, and the go command's arguments.
var programs = []struct {
	name string
	args []string
}{
	{"init", []string{"build", "./buildroot/vm/init"}},
	{"bin/guest.test", []string{"test", "-c", "-tags", "vm", "./buildroot/vm/guest"}},
	{"bin/burn", []string{"build", "./buildroot/vm/burn"}},
	{"bin/submixd", []string{"build", "./cmd/submixd"}},
	{"bin/submixctl", []string{"build", "./cmd/submixctl"}},
}

// Kernel returns the path of the machine's kernel. root is the top of the repository. If the kernel is not in
// the cache, this builds it and takes minutes; see kernel.sh.
func Kernel(root string) (string, error) {
	cmd := exec.Command(filepath.Join(root, "buildroot/vm/kernel.sh"))
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	if err != nil {
		return "", fmt.Errorf("kernel.sh: %w", err)
	}
	return strings.TrimSpace(string(out)), nil
}

// Compile compiles the daemon, its client and the guest's tests for arm64 into dir, a folder that is there. root is the top of
// the repository.
func Compile(root, dir string) error {
	for _, p := range programs {
		out := filepath.Join(dir, filepath.Base(p.name))
		cmd := exec.Command("go", append([]string{p.args[0], "-trimpath", "-buildvcs=false", "-o", out}, p.args[1:]...)...)
		cmd.Dir = root
		cmd.Env = append(os.Environ(), "GOOS=linux", "GOARCH=arm64", "CGO_ENABLED=0")
		if msg, err := cmd.CombinedOutput(); err != nil {
			return fmt.Errorf("%s: %w\n%s", strings.Join(cmd.Args, " "), err, msg)
		}
	}
	return nil
}

// Build compiles what Compile does, and writes it to dir/initramfs, whose path it returns.
func Build(root, dir string) (string, error) {
	if err := Compile(root, dir); err != nil {
		return "", err
	}
	files := []File{{Name: "bin", Mode: directory}}
	for _, p := range programs {
		content, err := os.ReadFile(filepath.Join(dir, filepath.Base(p.name)))
		if err != nil {
			return "", err
		}
		files = append(files, File{Name: p.name, Mode: executable, Content: content})
	}
	var archive bytes.Buffer
	if err := writeCPIO(&archive, files); err != nil {
		return "", err
	}
	path := filepath.Join(dir, "initramfs")
	return path, os.WriteFile(path, archive.Bytes(), 0o644)
}
