//go:build vm

package update

import (
	"crypto/x509"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"submix/buildroot/image"
)

// A factory makes cards and updates for the machine, from the image of package image.
type factory struct {
	dir    string
	root   string // the root file system, unpacked
	images string // what post-image.sh makes a card of
	kernel string
	ca     *authority
	making sync.Mutex // held while images is in use
}

var (
	workDir string // of the factory, removed after the tests
	made    = sync.OnceValues(func() (*factory, error) { return newFactory(workDir) })
)

func TestMain(m *testing.M) {
	var err error
	if workDir, err = os.MkdirTemp("", "submix-update"); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	code := m.Run()
	os.RemoveAll(workDir)
	os.Exit(code)
}

// cables are the kernel's parameters for sound without cards.
const cables = "snd_aloop.enable=1,1,1,1 snd_aloop.index=0,1,2,3 snd_aloop.id=SrcA,SrcB,SrcC,Out snd_aloop.pcm_substreams=1,1,1,1 " +
	"snd_dummy.index=4 snd_dummy.id=Dummy snd_dummy.pcm_devs=1 snd_dummy.pcm_substreams=1"

// shell is a door for the test: root's commands come over a port of the machine.
const shell = `[Unit]
DefaultDependencies=no
[Service]
ExecStart=/bin/sh -c 'echo; echo the shell is here; exec /bin/sh' 
StandardInput=file:/dev/vport0p1
StandardOutput=file:/dev/vport0p1
StandardError=inherit
Restart=always
[Install]
WantedBy=sysinit.target
`

func newFactory(dir string) (*factory, error) {
	f := &factory{dir: dir, root: filepath.Join(dir, "root"), images: filepath.Join(dir, "images")}
	made, err := image.Build("../..", dir)
	if err != nil {
		return nil, err
	}
	f.kernel = made.Kernel
	if f.ca, err = newAuthority(dir); err != nil {
		return nil, err
	}
	if err := f.ca.signer(x509.ExtKeyUsageCodeSigning); err != nil {
		return nil, err
	}
	if err := run("unsquashfs", "-q", "-n", "-no-xattrs", "-d", f.root, filepath.Join(f.images, "rootfs.squashfs")); err != nil {
		return nil, err
	}
	if err := put(f.root, map[string]string{
		"usr/lib/systemd/system/test-shell.service": shell,
		// A host that has no time for the machine is no hang.
		"etc/systemd/system.conf.d/test.conf": "[Manager]\nRuntimeWatchdogSec=5min\n",
	}); err != nil {
		return nil, err
	}
	// A smaller system is written sooner, and begins sooner: without the tests of others, and without what the tests of
	// the image have seen at work and no update needs.
	for _, file := range []string{"bin/guest.test", "bin/burn", "bin/init", "lib/udev/hwdb.d", "lib/systemd/systemd-networkd", "share/common-licenses"} {
		if err := os.RemoveAll(filepath.Join(f.root, "usr", file)); err != nil {
			return nil, err
		}
	}
	for _, unit := range []string{
		"submix-console@ttyAMA0.service", "submix-check.service", "systemd-networkd.service", "systemd-networkd.socket", "systemd-hostnamed.socket",
		"modprobe@.service", "systemd-modules-load.service", "systemd-sysctl.service", "systemd-tmpfiles-setup-dev-early.service",
		"sys-kernel-config.mount", "sys-kernel-debug.mount", "sys-kernel-tracing.mount", "dev-mqueue.mount", "dev-hugepages.mount", "run-lock.mount",
	} {
		if err := os.Symlink("/dev/null", filepath.Join(f.root, "etc/systemd/system", unit)); err != nil {
			return nil, err
		}
	}
	return f, run("systemctl", "-q", "--root="+f.root, "enable", "test-shell.service")
}

// put writes files into a root; those that begin with #! are programs.
func put(root string, files map[string]string) error {
	for name, content := range files {
		name = filepath.Join(root, name)
		if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
			return err
		}
		os.Remove(name) // it may be a link, or another's name
		mode := os.FileMode(0o644)
		if strings.HasPrefix(content, "#!") {
			mode = 0o755
		}
		if err := os.WriteFile(name, []byte(content), mode); err != nil {
			return err
		}
	}
	return nil
}

// A system is what one version is made of, beside what all have.
type system struct {
	version string
	files   map[string]string // of the root, instead of those that are there
	params  string            // of the kernel
	proof   string            // how long its sound has to last, and within what time; empty: as in every image
	limit   int               // s, the deadline of its trial; 0: as in every image
}

// make packs the root of a system, and its kernel in a FAT image.
func (f *factory) make(s system) (boot, root string, err error) {
	files := map[string]string{}
	if s.proof != "" {
		files["usr/lib/systemd/system/submix-verdict.service.d/test.conf"] = "[Service]\nExecStart=\nExecStart=/usr/bin/submixctl update prove " + s.proof + "\n"
	}
	if s.limit != 0 {
		files["usr/lib/systemd/system/submix-trial.service.d/test.conf"] = fmt.Sprintf("[Service]\nExecStart=\nExecStart=/usr/lib/submix/trial %d\n", s.limit)
	}
	maps.Copy(files, s.files)
	tree := filepath.Join(f.dir, s.version+".tree")
	defer os.RemoveAll(tree)
	boot, root = filepath.Join(f.dir, s.version+".boot"), filepath.Join(f.dir, s.version+".root")
	env := filepath.Join(f.dir, s.version+".env")
	for _, step := range []func() error{
		func() error { return run("cp", "-a", f.root, tree) },
		func() error { return put(tree, files) },
		func() error {
			cmd := exec.Command(common+"post-build.sh", tree, "qemu")
			cmd.Env = append(os.Environ(), "SUBMIX_RELEASE="+s.version, "SUBMIX_CA="+filepath.Join(f.ca.dir, "ca.pem"))
			return ran(cmd)
		},
		func() error {
			return run("mksquashfs", tree, root, "-quiet", "-no-progress", "-comp", "zstd", "-Xcompression-level", "1", "-all-root", "-no-xattrs", "-noappend")
		},
		func() error {
			return os.WriteFile(env, []byte("bootargs=console=ttyAMA0,115200 rootfstype=squashfs ro rootwait quiet oops=panic panic=1 "+cables+" "+s.params+"\n"), 0o644)
		},
		func() error { os.Remove(boot); return run("mformat", "-C", "-T", "20480", "-i", boot, "::") },
		func() error { return run("mcopy", "-i", boot, env, "::boot.env") },
		func() error { return run("mcopy", "-i", boot, f.kernel, "::Image") },
	} {
		if err := step(); err != nil {
			return "", "", err
		}
	}
	return boot, root, nil
}

// bundle makes a system into an update.
func (f *factory) bundle(s system) (string, error) {
	boot, root, err := f.make(s)
	if err != nil {
		return "", err
	}
	return f.ca.bundle("qemu", s.version, boot, root)
}

// card makes a card with a system in both slots, as post-image.sh does.
func (f *factory) card(s system, path string) error {
	boot, root, err := f.make(s)
	if err != nil {
		return err
	}
	f.making.Lock()
	defer f.making.Unlock()
	scr := filepath.Join(f.images, "boot.scr")
	for _, step := range []func() error{
		func() error { return os.Rename(root, filepath.Join(f.images, "rootfs.squashfs")) },
		func() error {
			return run("mkimage", "-A", "arm64", "-T", "script", "-C", "none", "-d", common+"boot.cmd", scr)
		},
		func() error { return run("cp", uboot, filepath.Join(f.images, "u-boot.bin")) },
		func() error { return run(common+"post-image.sh", f.images, "qemu") },
		func() error { return run("cp", "--sparse=always", filepath.Join(f.images, "submix.img"), path) },
		func() error { return run("truncate", "-s", "1G", path) },
		func() error { return image.Put(path, "submix.toml", toml) },
		// Its own kernel's parameters: those of the board have no cables.
		func() error { return run("dd", "if="+boot, "of="+path, "bs=1M", "seek=17", "conv=notrunc,sparse") },
		func() error { return run("dd", "if="+boot, "of="+path, "bs=1M", "seek=113", "conv=notrunc,sparse") },
	} {
		if err := step(); err != nil {
			return err
		}
	}
	return nil
}

const (
	uboot = "/usr/lib/u-boot/qemu_arm64/u-boot.bin"
	toml  = "[mixer]\nblock = 2400\n[playback]\ndevice = \"hw:Out,0\"\n[[capture]]\nname = \"mic\"\ndevice = \"hw:SrcA,1\"\n"
)

func run(name string, args ...string) error { return ran(exec.Command(name, args...)) }

func ran(cmd *exec.Cmd) error {
	cmd.Env = append(cmd.Environ(), "PATH="+os.Getenv("PATH")+":/usr/sbin:/sbin")
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("%s: %w\n%s", strings.Join(cmd.Args, " "), err, out)
	}
	return nil
}
