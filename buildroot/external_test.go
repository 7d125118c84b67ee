package buildroot

import (
	"crypto/sha256"
	"fmt"
	"go/version"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// Buildroot makes the variable of the tree's folder out of its name; a misspelt one is empty, without a word.
func TestName(t *testing.T) {
	if !strings.HasPrefix(read(t, "external.desc"), "name: SUBMIX\n") {
		t.Error("external.desc: the name is not SUBMIX")
	}
	uses := 0
	files(t, func(name string) {
		for _, variable := range regexp.MustCompile(`BR2_EXTERNAL_\w+`).FindAllString(read(t, name), -1) {
			uses++
			if variable != "BR2_EXTERNAL_SUBMIX_PATH" {
				t.Errorf("%s: %s is not the tree's variable", name, variable)
			}
		}
	})
	t.Logf("BR2_EXTERNAL_SUBMIX_PATH is used %d times", uses)
}

// Every file that a configuration names is there, and each board has what the scripts read of it.
func TestFilesNamed(t *testing.T) {
	for _, board := range boards {
		named := []string{filepath.Join("board", board, "cmdline")}
		options := configuration(t, board)
		for _, o := range options {
			for word := range strings.FieldsSeq(o.value) {
				if file, ok := strings.CutPrefix(word, external); ok {
					named = append(named, file)
				}
			}
		}
		if firmware, _ := value(options, "BR2_PACKAGE_RPI_FIRMWARE"); firmware == "y" {
			named = append(named, filepath.Join("board", board, "config.txt"))
		}
		for _, file := range named {
			info, err := os.Stat(file)
			if err != nil {
				t.Errorf("%s: %v", board, err)
			} else if strings.HasSuffix(file, ".sh") && info.Mode()&0o111 == 0 {
				t.Errorf("%s: %s cannot be executed", board, file)
			}
		}
		if name, _ := value(options, "BR2_ROOTFS_POST_SCRIPT_ARGS"); name != board {
			t.Errorf("%s: its scripts are told that the board is %q", board, name)
		}
		t.Logf("%s: %d options, %d files", board, len(options), len(named))
	}
	configs, _ := filepath.Glob("configs/submix_*_defconfig")
	if len(configs) != len(boards) {
		t.Errorf("%d configurations for %d boards: %v", len(configs), len(boards), configs)
	}
}

// What the release's own Go cannot build, or may not fetch, shows only on the machine of somebody with a network.
func TestGo(t *testing.T) {
	wanted := regexp.MustCompile(`(?m)^go (\S+)$`).FindStringSubmatch(read(t, "../go.mod"))[1]
	if has := pinned(t, "go"); version.Compare("go"+wanted, "go"+has) > 0 {
		t.Errorf("go.mod asks for Go %s, Buildroot %s has %s and fetches no other", wanted, pinned(t, "version"), has)
	}
	makefile := read(t, "package/submix/submix.mk")
	if _, err := os.Stat("../vendor"); err != nil {
		for _, setting := range []string{"GOFLAGS=-mod=readonly", "GOPROXY="} {
			if !strings.Contains(makefile, setting) {
				t.Errorf("submix.mk: without a folder vendor, Buildroot needs %s to build", setting)
			}
		}
	}
	for program := range strings.FieldsSeq(regexp.MustCompile(`SUBMIX_BUILD_TARGETS = (.*)`).FindStringSubmatch(makefile)[1]) {
		if _, err := os.Stat("../" + program + "/main.go"); err != nil {
			t.Error(err)
		}
	}
}

// Buildroot takes nothing without a hash that is known here or in its own packages.
func TestHashes(t *testing.T) {
	licence := fmt.Sprintf("sha256  %x  LICENSE\n", sha256.Sum256([]byte(read(t, "../LICENSE"))))
	if !strings.Contains(read(t, "package/submix/submix.hash"), licence) {
		t.Errorf("submix.hash: should have the line\n%s", licence)
	}
	kernel, _ := value(configuration(t, "rpi4"), "BR2_LINUX_KERNEL_CUSTOM_TARBALL_LOCATION")
	if !strings.Contains(read(t, "patches/linux/linux.hash"), "  "+filepath.Base(kernel)+"\n") {
		t.Errorf("linux.hash has no hash of %s", filepath.Base(kernel))
	}
	if target, err := os.Readlink("patches/linux-headers/linux-headers.hash"); err != nil || target != "../linux/linux.hash" {
		t.Errorf("linux-headers.hash is not linux.hash: %q, %v", target, err)
	}
	for name, pattern := range map[string]string{"sha256": "^[0-9a-f]{64}$", "commit": "^[0-9a-f]{40}$", "version": `^\d{4}\.\d\d`} {
		if !regexp.MustCompile(pattern).MatchString(pinned(t, name)) {
			t.Errorf("release: %s is %q", name, pinned(t, name))
		}
	}
}

// An overlay for the firmware would have to be compiled and laid over the boards' trees to be checked. There is none.
func TestNoDeviceTrees(t *testing.T) {
	files(t, func(name string) {
		if slices.Contains([]string{".dts", ".dtso", ".dtbo", ".dtsi"}, filepath.Ext(name)) {
			t.Errorf("%s: nothing checks device trees here", name)
		}
	})
}
