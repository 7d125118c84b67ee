package vm

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// Machine is one boot: what runs, and how long it may take.
type Machine struct {
	Kernel    string        // path of the kernel image
	Initramfs string        // path of the archive that Build made; "": Params name a root among Devices, with an init of its own
	Params    []string      // more kernel parameters, without blanks: "snd_aloop.timer_source=,Dummy.0.0"
	Devices   []string      // more arguments of qemu, after those below
	USB       bool          // has a USB socket: see usbSocket
	Terminal  string        // a pty of the host that is at the first serial port, in place of the cable; "": the cable
	Args      []string      // arguments of the guest's tests, without blanks: "-test.run=^TestSmoke$"
	Seed      int           // of all that the machine has of chance; the same seed and programs give the same run
	Limit     time.Duration // of the host's time; then the machine is ended
}

// params are the kernel parameters of every boot: a console; an end instead of an endless wait when the kernel
// fails; nothing random in addresses; four cables and one card that only keeps time.
var params = []string{
	"console=ttyAMA0", "panic=-1", "oops=panic", "nokaslr", "norandmaps",
	"snd_aloop.enable=1,1,1,1", "snd_aloop.index=0,1,2,3", "snd_aloop.id=SrcA,SrcB,SrcC,Out", "snd_aloop.pcm_substreams=1,1,1,1",
	"snd_dummy.index=4", "snd_dummy.id=Dummy", "snd_dummy.pcm_devs=1", "snd_dummy.pcm_substreams=1",
}

// qemu is what every machine is made of. Names of files are relative to the folder of the boot. Descriptors 3
// and 4 are the ends of the serial cable. ioeventfd=off has results leave at once, in no time of the guest's.
var qemu = strings.Fields(`-nodefaults -display none -no-reboot
	-machine virt -cpu cortex-a57 -smp 1 -m 512M
	-rtc base=2026-01-01T00:00:00,clock=vm
	-chardev file,id=console,path=console -serial chardev:console
	-device virtio-serial-pci,ioeventfd=off
	-chardev file,id=results,path=results -device virtserialport,chardev=results,name=results
	-chardev socket,id=cable0,fd=3 -device pci-serial,chardev=cable0
	-chardev socket,id=cable1,fd=4 -device pci-serial,chardev=cable1`)

// Run boots the machine, waits until it has switched itself off, and returns what it left. The machine does not
// outlive Run: it is killed when its limit is over, when ctx ends, and when the calling process dies. An error
// means that there was no boot to report on; all that happens later, the limit too, is for the Report to tell.
func (m Machine) Run(ctx context.Context) (*Report, error) {
	dir, err := os.MkdirTemp("", "submix-vm")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	ctx, cancel := context.WithTimeout(ctx, m.Limit)
	defer cancel()

	start := time.Now()
	exit, err := m.run(ctx, dir)
	if err != nil {
		return nil, err
	}
	if ctx.Err() != nil {
		exit = fmt.Sprintf("ended from outside after %.0f s: %v", time.Since(start).Seconds(), ctx.Err())
	}
	console, err := os.ReadFile(filepath.Join(dir, "console"))
	if err != nil {
		return nil, fmt.Errorf("qemu did not start: %s", exit)
	}
	results, err := os.Open(filepath.Join(dir, "results"))
	if err != nil {
		return nil, err
	}
	defer results.Close()
	report := &Report{Exit: exit, Console: string(console), Host: time.Since(start)}
	return report, report.readResults(results)
}

// arguments are those of qemu: the kernel's parameters come last.
func (m Machine) arguments() []string {
	args := append(slices.Clone(qemu), "-seed", strconv.Itoa(m.Seed))
	args = append(args, m.Devices...)
	if m.Terminal != "" {
		args[slices.Index(args, "socket,id=cable0,fd=3")] = "serial,id=cable0,path=" + m.Terminal
	}
	if m.USB {
		args = append(args, usbDevices...)
	}
	words := append(slices.Clone(params), m.Params...)
	if m.Initramfs == "" {
		// A disk answers in the host's time, and must not be waited for in leaps of the guest's: what is idle sleeps.
		args = append(args, "-icount", "shift=0,sleep=on")
		words = append(words, "submix.guest="+strings.Join(m.Args, ","))
	} else {
		args = append(args, "-icount", "shift=0,sleep=off", "-initrd", m.Initramfs)
		words = append(append(words, "rdinit=/init", "--"), m.Args...)
	}
	return append(args, "-kernel", m.Kernel, "-append", strings.Join(words, " "))
}

// run is one life of qemu. The text says how it ended, empty for an end of its own accord.
func (m Machine) run(ctx context.Context, dir string) (exit string, err error) {
	cable, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return "", fmt.Errorf("serial cable: %w", err)
	}
	var messages strings.Builder
	cmd := exec.CommandContext(ctx, "qemu-system-aarch64", m.arguments()...)
	cmd.Dir = dir
	cmd.Stderr = &messages
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	for i, fd := range cable {
		end := os.NewFile(uintptr(fd), fmt.Sprintf("cable%d", i))
		defer end.Close()
		cmd.ExtraFiles = append(cmd.ExtraFiles, end)
	}
	if m.USB {
		usb, err := startUSBSocket()
		if err != nil {
			return "", err
		}
		defer usb.end()
		cmd.ExtraFiles = append(cmd.ExtraFiles, usb.theirs[:]...)
	}
	// The signal comes at the death of the thread that started the process, so that thread must stay.
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	if err := cmd.Start(); err != nil {
		return "", fmt.Errorf("qemu: %w", err)
	}
	if err := cmd.Wait(); err != nil {
		return fmt.Sprintf("qemu: %v %s", err, messages.String()), nil
	}
	return "", nil
}
