//go:build vm

package buildroot

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

const (
	sector = 512 // bytes
	mib    = 1 << 20

	newCard = "submix: new\n" // at newAt: there is no file system yet for the data
	newAt   = 65 * sector
)

// layout is what the boot scripts, the updates and the first start rely on: MBR, these numbers of partitions, aligned to
// 1 MiB, which leaves the sectors in front of the first one to the boot counter.
var layout = []struct {
	what string
	kind string // the type in the table
	mib  int64  // 0: whatever holds those after it
	file string // of the folder images, which it begins with
}{
	{"p1 AUTOBOOT", "c", 16, "autoboot.vfat"},
	{"p2 BOOT-A", "c", 96, "boot.vfat"},
	{"p3 BOOT-B", "c", 96, "boot.vfat"},
	{"p4 extended", "f", 0, ""},
	{"p5 root A", "83", 256, "rootfs.squashfs"},
	{"p6 root B", "83", 256, "rootfs.squashfs"},
	{"p7 data", "83", 16, ""},
}

// The real scripts, on files that stand in for what Buildroot makes: the card has the table that is promised, with the
// same things in it wherever it is made.
func TestCard(t *testing.T) {
	for _, board := range boards {
		t.Run(board, func(t *testing.T) {
			t.Parallel()
			images := standIns(t, board)
			sum := makeCard(t, images, board)
			checkTable(t, images)
			checkBoot(t, images, board)
			if again := makeCard(t, standIns(t, board), board); again != sum {
				t.Errorf("made twice, the card is %x and %x", sum, again)
			}
			t.Logf("sha256 %x, twice", sum[:8])
		})
	}
}

// standIns returns a folder with the files that Buildroot has made for a board when it calls post-image.sh.
func standIns(t *testing.T, board string) string {
	t.Helper()
	images := t.TempDir()
	sizes := map[string]int{"Image": 12 * mib, "rootfs.squashfs": 8*mib + 4096}
	options := configuration(t, board)
	if v, _ := value(options, "BR2_TARGET_UBOOT"); v == "y" {
		sizes["u-boot.bin"], sizes["boot.scr"] = mib, 2000
	}
	if v, _ := value(options, "BR2_PACKAGE_RPI_FIRMWARE"); v == "y" {
		sizes["rpi-firmware/start.elf"], sizes["rpi-firmware/overlays/disable-bt.dtbo"] = 3*mib, 1500
		dtbs, _ := value(options, "BR2_LINUX_KERNEL_INTREE_DTS_NAME")
		for dtb := range strings.FieldsSeq(dtbs) {
			sizes[filepath.Base(dtb)+".dtb"] = 60_000
		}
	}
	for name, size := range sizes {
		name = filepath.Join(images, name)
		content := make([]byte, size)
		rand.NewChaCha8(sha256.Sum256([]byte(filepath.Base(name)))).Read(content)
		if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, content, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return images
}

// makeCard has post-image.sh make the card, and returns the hash of what it makes of the files: the FAT partitions and
// the table.
func makeCard(t *testing.T, images, board string) [sha256.Size]byte {
	t.Helper()
	run(t, "board/common/post-image.sh", images, board)
	card, err := os.Open(filepath.Join(images, "submix.img"))
	if err != nil {
		t.Fatal(err)
	}
	defer card.Close()
	front := make([]byte, mib)
	if _, err := io.ReadFull(card, front); err != nil {
		t.Fatal(err)
	}
	return sha256.Sum256([]byte(string(front) + read(t, filepath.Join(images, "autoboot.vfat")) + read(t, filepath.Join(images, "boot.vfat"))))
}

func run(t *testing.T, name string, args ...string) string {
	t.Helper()
	cmd := exec.Command(name, args...)
	var said bytes.Buffer
	cmd.Stderr = &said
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%s %v: %v\n%s%s", name, args, err, out, said.String())
	}
	return string(out)
}

// checkTable reads the card back with sfdisk and compares every number, and what the partitions begin with.
func checkTable(t *testing.T, images string) {
	t.Helper()
	card := filepath.Join(images, "submix.img")
	var read struct {
		Table struct {
			Label      string
			ID         string
			Sectorsize int64
			Partitions []struct {
				Start, Size int64
				Type        string
				Bootable    bool
			}
		} `json:"partitiontable"`
	}
	if err := json.Unmarshal([]byte(run(t, "sfdisk", "--json", card)), &read); err != nil {
		t.Fatal(err)
	}
	table := read.Table
	if table.Label != "dos" || table.ID != "0x5ab31c00" || table.Sectorsize != sector || len(table.Partitions) != len(layout) {
		t.Fatalf("the table is %+v", table)
	}
	file, err := os.Open(card)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	end := int64(0) // of the partition before, in sectors
	for i, p := range table.Partitions {
		want := layout[i]
		t.Logf("%-11s start %7d, %7d sectors, type %s", want.what, p.Start, p.Size, p.Type)
		if p.Type != want.kind || p.Bootable != (i == 0) || p.Start*sector%mib != 0 || p.Start < end || p.Start > end+2*mib/sector {
			t.Errorf("%s: %+v, after one that ends at %d", want.what, p, end)
		}
		if want.mib == 0 {
			continue // the extended one, in which the others start anew
		}
		end = p.Start + p.Size
		if p.Size*sector != want.mib*mib {
			t.Errorf("%s: %d bytes, not %d MiB", want.what, p.Size*sector, want.mib)
		}
		begins := make([]byte, p.Size*sector) // of the data: nothing, whatever was there
		if want.file != "" {
			begins, err = os.ReadFile(filepath.Join(images, want.file))
			if err != nil {
				t.Fatal(err)
			}
		}
		has := make([]byte, len(begins))
		if _, err := file.ReadAt(has, p.Start*sector); err != nil || !bytes.Equal(has, begins) {
			t.Errorf("%s: does not begin with %s: %v", want.what, want.file, err)
		}
	}
	mark := make([]byte, len(newCard))
	if _, err := file.ReadAt(mark, newAt); err != nil || string(mark) != newCard {
		t.Errorf("the card says %q where the first start looks: %v", mark, err)
	}
	if x := table.Partitions[3]; x.Start+x.Size != end {
		t.Errorf("p4 ends at %d, and the last one in it at %d", x.Start+x.Size, end)
	}
}

// checkBoot looks into the FAT partitions with mtools: the kernel where the board looks for it, and told its root.
func checkBoot(t *testing.T, images, board string) {
	t.Helper()
	show := func(image, name string) string {
		return run(t, "mtype", "-i", filepath.Join(images, image), "::/"+name)
	}
	for image, want := range map[string]string{"autoboot.vfat": "AUTOBOOT", "boot.vfat": "BOOT"} {
		if label := run(t, "mlabel", "-s", "-i", filepath.Join(images, image), "::"); !strings.Contains(label, "is "+want+" ") {
			t.Errorf("%s: %s", image, label)
		}
	}
	if show("boot.vfat", "Image") != read(t, filepath.Join(images, "Image")) {
		t.Error("the slot's kernel is not the one that was made")
	}
	show("autoboot.vfat", "README.txt")
	common := strings.TrimSpace(read(t, "board/common/cmdline"))
	if _, err := os.Stat(filepath.Join(images, "u-boot.bin")); err == nil {
		show("autoboot.vfat", "u-boot.bin")
		if line := show("boot.vfat", "boot.env"); !strings.HasPrefix(line, "bootargs=console=tty") || !strings.HasSuffix(line, common+"\n") {
			t.Errorf("boot.env is %q", line)
		}
		return
	}
	if slots := strings.Fields(show("autoboot.vfat", "autoboot.txt")); !slices.Contains(slots, "boot_partition=2") || !slices.Contains(slots, "tryboot_a_b=1") {
		t.Errorf("autoboot.txt is %q", slots)
	}
	for slot, number := range map[string]int{"a": 5, "b": 6} {
		line := show("boot.vfat", "cmdline-"+slot+".txt")
		want := fmt.Sprintf(" %s root=PARTUUID=5ab31c00-%02d rauc.slot=%s\n", common, number, strings.ToUpper(slot))
		if !strings.HasSuffix(line, want) || strings.Count(line, "\n") != 1 {
			t.Errorf("cmdline-%s.txt is %q, which should end with %q", slot, line, want)
		}
	}
	config := show("boot.vfat", "config.txt")
	if !strings.Contains(config, "\nkernel=Image\n") || !strings.HasSuffix(config, "\n[boot_partition=3]\ncmdline=cmdline-b.txt\n") || !strings.Contains(config, "\nenable_uart=1\n") {
		t.Errorf("config.txt is %q", config)
	}
}
