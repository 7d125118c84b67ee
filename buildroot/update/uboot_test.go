//go:build vm

package update

import (
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// standIn is a kernel that writes a letter to the console and has the machine switched off or begin anew: what booti
// takes for one (Documentation/arch/arm64/booting.rst), and in it, for 0x9000000 is the PL011 of qemu's board:
//
//	movz x1, #0x900, lsl #16; movz w2, #letter; strb w2, [x1]; movz w0, #f; movk w0, #0x8400, lsl #16; hvc #0; b .
//
// where f is a function of PSCI: 8 is SYSTEM_OFF, 9 SYSTEM_RESET.
func standIn(letter byte, function uint32) []byte {
	header := make([]byte, 64)
	binary.LittleEndian.PutUint32(header, 0x14000010)      // b . + 64
	binary.LittleEndian.PutUint64(header[16:], 4096)       // image_size
	binary.LittleEndian.PutUint64(header[24:], 8|2)        // flags: anywhere, pages of 4 KiB
	binary.LittleEndian.PutUint32(header[56:], 0x644d5241) // ARM\x64
	for _, code := range []uint32{
		0xd2a12001, 0x52800002 | uint32(letter)<<5, 0x39000022,
		0x52800000 | function<<5, 0x72b08000, 0xd4000002, 0x14000000,
	} {
		header = binary.LittleEndian.AppendUint32(header, code)
	}
	return append(header, make([]byte, 4096-len(header))...)
}

// A testCard is laid out as in genimage.cfg, only smaller, with stand-ins for kernels.
type testCard struct {
	*testing.T
	path string
	env  string // fw_env.config for it
}

const mib = 1 << 20

func newTestCard(t *testing.T, kernels map[string][]byte) testCard {
	t.Helper()
	dir := t.TempDir()
	run := func(stdin, name string, args ...string) {
		t.Helper()
		cmd := exec.Command(name, args...)
		cmd.Dir, cmd.Stdin = dir, strings.NewReader(stdin)
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("%s: %v %s", strings.Join(cmd.Args, " "), err, out)
		}
	}
	script, err := filepath.Abs(common + "boot.cmd")
	if err != nil {
		t.Fatal(err)
	}
	run("", "mkimage", "-A", "arm64", "-T", "script", "-C", "none", "-d", script, "boot.scr")
	write := func(name string, content []byte) {
		if err := os.WriteFile(filepath.Join(dir, name), content, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	write("boot.env", []byte("bootargs=quiet\n"))
	disk := make([]byte, 8*mib)
	write("card", disk)
	run("label: dos\nlabel-id: 0x5ab31c00\nstart=2048, size=2048, type=c, bootable\nstart=4096, size=2048, type=c\nstart=6144, size=2048, type=c\n"+
		"start=8192, size=8192, type=5\nstart=8704, size=512, type=83\nstart=11264, size=512, type=83\n", "/usr/sbin/sfdisk", "-q", "card")
	for i, files := range [][]string{{"boot.scr"}, {"boot.env", "A"}, {"boot.env", "B"}} {
		run("", "mformat", "-C", "-T", "2048", "-i", "fat", "::")
		for _, f := range files {
			as := f
			if len(f) == 1 {
				if kernels[f] == nil {
					continue
				}
				write(f, kernels[f])
				as = "Image"
			}
			run("", "mcopy", "-i", "fat", f, "::"+as)
		}
		run("", "dd", "if=fat", "of=card", "bs=1M", fmt.Sprint("seek=", i+1), "conv=notrunc", "status=none")
		os.Remove(filepath.Join(dir, "fat"))
	}
	c := testCard{t, filepath.Join(dir, "card"), filepath.Join(dir, "fw_env.config")}
	text, err := os.ReadFile(common + "overlay/etc/fw_env.config")
	if err != nil {
		t.Fatal(err)
	}
	write("fw_env.config", bytes.ReplaceAll(text, []byte("/run/submix-card/disk"), []byte(c.path)))
	return c
}

// remember writes what U-Boot finds, with the program that RAUC writes it with.
func (c testCard) remember(vars string) {
	c.Helper()
	cmd := exec.Command("fw_setenv", "-c", c.env, "-f", "/dev/null", "-s", "-")
	cmd.Stdin = strings.NewReader(strings.ReplaceAll(vars, " ; ", "\n") + "\n")
	if out, err := cmd.CombinedOutput(); err != nil {
		c.Fatalf("fw_setenv: %v %s", err, out)
	}
}

// remembered reads it again, with the program that RAUC reads it with.
func (c testCard) remembered() string {
	c.Helper()
	out, err := exec.Command("fw_printenv", "-c", c.env, "-f", "/dev/null").Output()
	if err != nil {
		c.Fatalf("fw_printenv: %v", err)
	}
	return strings.ReplaceAll(strings.TrimSpace(string(out)), "\n", " ; ")
}

// ctrlC is somebody who presses it whenever the script says something. Not before: until then Debian's U-Boot waits for any
// key, which the one on a board does not (rpi-uboot.fragment).
type ctrlC struct {
	said  bytes.Buffer
	press io.Writer
}

func (c *ctrlC) Write(p []byte) (int, error) {
	c.said.Write(p)
	if bytes.Contains(c.said.Bytes(), []byte("submix: ")) {
		c.press.Write([]byte{3}) // a machine that is off hears nothing
	}
	return len(p), nil
}

// boots has U-Boot boot the card until a kernel switches the machine off, and returns what it and its script said, and
// the letters of the kernels: a line each. Somebody may press Ctrl-C on the serial line meanwhile.
func (c testCard) boots(pressed bool) []string {
	c.Helper()
	ctx, cancel := context.WithTimeout(c.Context(), 2*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, "qemu-system-aarch64", strings.Fields("-nodefaults -display none -M virt -cpu cortex-a57 -m 128M "+
		"-bios /usr/lib/u-boot/qemu_arm64/u-boot.bin -drive if=none,id=card,format=raw,cache=unsafe,file="+c.path+
		" -device virtio-blk-pci,drive=card -serial stdio")...)
	stdin, err := cmd.StdinPipe()
	if err != nil {
		c.Fatal(err)
	}
	line := &ctrlC{press: io.Discard}
	if pressed {
		line.press = stdin
	}
	cmd.Stdout = line
	err = cmd.Run()
	out := line.said.String()
	if err != nil {
		c.Fatalf("qemu: %v\n%s", err, out)
	}
	var said []string
	for line := range strings.Lines(out) {
		line = strings.TrimSpace(line)
		if text, ok := strings.CutPrefix(line, "submix: "); ok {
			said = append(said, text)
		}
		if strings.HasPrefix(line, "Starting kernel") {
			said = append(said, "kernel")
		}
	}
	if !strings.HasSuffix(strings.TrimSpace(out), "*") {
		c.Errorf("the console does not end with a kernel that ran:\n%s", out)
	}
	return said
}

// A slot has three tries; then the other one begins. That is what U-Boot and its script do with real kernels, too.
func TestUBoot(t *testing.T) {
	off, reset := standIn('*', 8), standIn('!', 9)
	for _, c := range []struct {
		name, before string
		kernels      map[string][]byte
		want, after  string
		pressed      bool
	}{
		{"B resets three times", "BOOT_ORDER=B A ; BOOT_A_LEFT=3 ; BOOT_B_LEFT=3 ; BOOT_TRIAL=B", map[string][]byte{"A": off, "B": reset},
			`slots B A, tries left: A 3, B 3
slot B begins, 2 tries are left
kernel
slots B A, tries left: A 3, B 2
slot B begins, 1 tries are left
kernel
slots B A, tries left: A 3, B 1
slot B begins, 0 tries are left
kernel
slots B A, tries left: A 3, B 0
slot A begins, 2 tries are left
kernel`, "BOOT_A_LEFT=2 ; BOOT_B_LEFT=0 ; BOOT_ORDER=B A ; BOOT_TRIAL=B", false},
		{"B has no kernel while Ctrl-C is held", "BOOT_ORDER=B A ; BOOT_A_LEFT=1 ; BOOT_B_LEFT=3", map[string][]byte{"A": off},
			`slots B A, tries left: A 1, B 3
slot B begins, 2 tries are left
slot B has no kernel that can be begun
slot A begins, 0 tries are left
kernel`, "BOOT_A_LEFT=0 ; BOOT_B_LEFT=2 ; BOOT_ORDER=B A", true},
		{"A has no kernel and B no try", "BOOT_ORDER=A B ; BOOT_A_LEFT=1 ; BOOT_B_LEFT=0 ; BOOT_TRIAL=A", map[string][]byte{"B": off},
			`slots A B, tries left: A 1, B 0
slot A begins, 0 tries are left
slot A has no kernel that can be begun
slots A B, tries left: A 0, B 0
no slot has a try left; both get three more
slots B A, tries left: A 3, B 3
slot B begins, 2 tries are left
kernel`, "BOOT_A_LEFT=3 ; BOOT_B_LEFT=2 ; BOOT_ORDER=B A ; BOOT_TRIAL=A", false},
		{"nothing is left", "BOOT_ORDER=B A ; BOOT_A_LEFT=0 ; BOOT_B_LEFT=0", map[string][]byte{"A": reset, "B": off},
			`slots B A, tries left: A 0, B 0
no slot has a try left; both get three more
slots B A, tries left: A 3, B 3
slot B begins, 2 tries are left
kernel`, "BOOT_A_LEFT=3 ; BOOT_B_LEFT=2 ; BOOT_ORDER=B A", false},
		{"nothing is left and B has not proved itself", "BOOT_ORDER=B A ; BOOT_A_LEFT=0 ; BOOT_B_LEFT=0 ; BOOT_TRIAL=B", map[string][]byte{"A": off, "B": reset},
			`slots B A, tries left: A 0, B 0
no slot has a try left; both get three more
slots A B, tries left: A 3, B 3
slot A begins, 2 tries are left
kernel`, "BOOT_A_LEFT=2 ; BOOT_B_LEFT=3 ; BOOT_ORDER=A B ; BOOT_TRIAL=B", false},
		{"a card that was just flashed", "", map[string][]byte{"A": off, "B": reset},
			`nothing is known of the slots yet
slot A begins, 2 tries are left
kernel`, "BOOT_A_LEFT=2 ; BOOT_B_LEFT=3 ; BOOT_ORDER=A B", false},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			card := newTestCard(t, c.kernels)
			if c.before != "" {
				card.remember(c.before)
			}
			begin := time.Now()
			if got := strings.Join(card.boots(c.pressed), "\n"); got != c.want {
				t.Errorf("U-Boot said\n%s\nwant\n%s", got, c.want)
			}
			if got := card.remembered(); got != c.after {
				t.Errorf("it remembers %s, want %s", got, c.after)
			}
			t.Logf("%s; %.0f s", strings.ReplaceAll(c.want, "\n", " / "), time.Since(begin).Seconds())
		})
	}
}
