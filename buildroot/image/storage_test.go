//go:build vm

package image

import (
	"bytes"
	"math/rand/v2"
	"os"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// withLamp is a configuration with a light that shows faults.
const withLamp = toml + `[[led]]
chip = "submix-buttons-0"
line = "LAMP"
shows = "fault any"
`

// facts are what the guest says of the data partition, the gain of a stream, and the lamp.
var facts = regexp.MustCompile(`data: (\d+) MiB, gain: (\S+), lamp: (\S+)`)

// TestStorage has one card live through what may happen to it: it is new, it is copied to a larger one and damaged, and at
// last made useless.
func TestStorage(t *testing.T) {
	t.Parallel()
	c := newCard(t, 12<<30, map[string]string{"submix.toml": withLamp})
	check := func(said string, atLeast int, gain, lamp string, parts ...string) {
		t.Helper()
		f := facts.FindStringSubmatch(said)
		if f == nil {
			t.Fatal("the guest says nothing")
		}
		t.Log(f[0])
		if mib, _ := strconv.Atoi(f[1]); mib < atLeast || f[2] != gain || f[3] != lamp {
			t.Errorf("at least %d MiB, gain %s and lamp %s were to be", atLeast, gain, lamp)
		}
		for _, part := range parts {
			if !strings.Contains(said, part) {
				t.Errorf("nothing says %q, but: %q", part, regexp.MustCompile(`(?m)^.*storage\[.*$`).FindAllString(said, -1))
			}
		}
		if len(parts) == 0 && strings.Contains(said, "notice") {
			t.Error("there is a notice")
		}
	}
	check(c.boot(c.machine("TestImageFacts")), 11000, "0.0", "false")

	// The beginning is gone, as far as a partition of this size and more has nothing there that is nowhere else; the last
	// good configuration is on the partition. A computer has not let go of the owner's files in order.
	if err := os.Truncate(c.path, 13<<30); err != nil {
		t.Fatal(err)
	}
	c.damage(0, make([]byte, 4<<20))
	c.put("submix.toml", withLamp+"shine = true\n")
	c.inUse(true)
	check(c.boot(c.machine("TestImageFacts")), 12000, "-7.0", "true",
		"notice storage text=\"the data partition is damaged", "notice storage text=\"the data partition is repaired\"",
		"notice config text=\"the last good configuration is in use, for /etc/submix/submix.toml:11: [[led]] shine: unknown key",
		"]: /etc/submix/submix.toml:11: [[led]] shine: unknown key", // on the console
		"storage: the boot partition was not in order: Dirty bit is set.", "storage: the data partition is repaired", "/submix.toml:11: [[led]] shine: unknown key; [[led]] takes chip, line, active, shows, as\" about=config")

	if c.inUse(false) {
		t.Error("the boot partition is not in order")
	}

	random := rand.NewChaCha8([32]byte{6})
	for _, group := range []int64{0, 1, 3, 5, 7, 9, 25, 27, 49, 81} { // those with a superblock, of 128 MiB each
		garbage := make([]byte, 8<<20)
		random.Read(garbage)
		c.damage(group*128<<20, garbage)
	}
	c.put("submix.toml", "\ufeff"+strings.ReplaceAll(withLamp, "\n", "\r\n"))
	check(c.boot(c.machine("TestImageFacts")), 12000, "0.0", "false",
		"notice storage text=\"the data partition is beyond repair", "storage: the data partition is beyond repair")
}

// damage writes over the data partition, at an offset in it.
func (c *card) damage(at int64, content []byte) {
	c.Helper()
	f, err := os.OpenFile(c.path, os.O_RDWR, 0)
	if err != nil {
		c.Fatal(err)
	}
	defer f.Close()
	magic := make([]byte, 2)
	if _, err := f.ReadAt(magic, dataAt+1024+56); err != nil || at == 0 && !bytes.Equal(magic, []byte{0x53, 0xef}) {
		c.Fatalf("where the data partition is to be there is no ext4: % x %v", magic, err)
	}
	if _, err := f.WriteAt(content, dataAt+at); err != nil {
		c.Fatal(err)
	}
}

// inUse reports that the partition AUTOBOOT, FAT16, is marked as one that was not unmounted, and may mark it so.
func (c *card) inUse(mark bool) bool {
	c.Helper()
	const flags = 1<<20 + 37 // where mkfs.fat and Linux have it; bit 0
	f, err := os.OpenFile(c.path, os.O_RDWR, 0)
	if err != nil {
		c.Fatal(err)
	}
	defer f.Close()
	b := make([]byte, 1)
	if mark {
		_, err = f.WriteAt([]byte{1}, flags)
	}
	if _, again := f.ReadAt(b, flags); err != nil || again != nil {
		c.Fatal(err, again)
	}
	return b[0]&1 != 0
}

func (c *card) put(name, content string) {
	c.Helper()
	if err := Put(c.path, name, content); err != nil {
		c.Fatal(err)
	}
}
