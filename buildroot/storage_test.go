//go:build vm

package buildroot

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// second is where a file system of 32 MiB has its second superblock, in bytes: it has blocks of 1 KiB.
const second = (8192 + 1) * 1024

// storage is a card with its data partition, and what the script storage finds beside it. What writes to the partition is
// real, but for what a test puts into bin.
type storage struct {
	*testing.T
	dir string
}

func newStorage(t *testing.T) storage {
	s := storage{t, t.TempDir()}
	script := regexp.MustCompile(`/(usr/lib/submix|run|sys|boot|data|var)\b`).ReplaceAllString(read(t, "board/common/overlay/usr/lib/submix/storage"), s.dir+"$0")
	s.write("storage", script)
	for _, program := range []string{"usr/lib/submix/card", "usr/lib/submix/lastwords", "bin/partx", "bin/fsck.fat", "bin/resize2fs"} {
		s.write(program, "#!/bin/sh\n")
	}
	s.write("bin/mount", "#!/bin/sh\necho \"$*\" >>"+s.dir+"/mounts\n")
	for name, size := range map[string]int64{"disk": mib, "7": 32 * mib} {
		s.write(name, "")
		if err := os.Truncate(s.path(name), size); err != nil {
			t.Fatal(err)
		}
		if err := os.MkdirAll(s.path("run/submix-card"), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.Symlink(s.path(name), s.path("run/submix-card/"+name)); err != nil {
			t.Fatal(err)
		}
		s.write("sys/class/block/"+name+"/size", fmt.Sprint(size/sector)) // so there is nothing to grow into
	}
	s.write("sys/class/block/7/start", "2048")
	return s
}

func (s storage) path(name string) string { return filepath.Join(s.dir, name) }

func (s storage) write(name, text string) {
	s.Helper()
	if err := os.MkdirAll(filepath.Dir(s.path(name)), 0o755); err != nil {
		s.Fatal(err)
	}
	if err := os.WriteFile(s.path(name), []byte(text), 0o755); err != nil {
		s.Fatal(err)
	}
}

// put writes to a file, at an offset in it.
func (s storage) put(name string, at int64, content []byte) {
	s.Helper()
	f, err := os.OpenFile(s.path(name), os.O_WRONLY, 0)
	if err != nil {
		s.Fatal(err)
	}
	defer f.Close()
	if _, err := f.WriteAt(content, at); err != nil {
		s.Fatal(err)
	}
}

// with makes a file system as another system would have.
func (s storage) with(label, features string) storage {
	s.Helper()
	run(s.T, "/usr/sbin/mkfs.ext4", "-q", "-F", "-O", "^orphan_file,"+features, "-L", label, s.path("7"))
	return s
}

// starts runs the script and returns the notices, and whether the data partition was mounted.
func (s storage) starts() (notices string, mounted bool) {
	s.Helper()
	for _, file := range []string{"run/submix-notices/storage", "mounts"} {
		os.Remove(s.path(file))
	}
	cmd := exec.Command("sh", s.path("storage"))
	cmd.Env = append(os.Environ(), "PATH="+s.path("bin")+":"+os.Getenv("PATH")+":/usr/sbin:/sbin")
	cmd.Run() // it may be killed
	said, _ := os.ReadFile(s.path("run/submix-notices/storage"))
	mounts, _ := os.ReadFile(s.path("mounts"))
	return strings.TrimSpace(string(said)), bytes.Contains(mounts, []byte("-t ext4 "))
}

func (s storage) expect(want string, mounted bool) {
	s.Helper()
	notices, is := s.starts()
	if !regexp.MustCompile("^" + want + "$").MatchString(notices) {
		s.Errorf("the notices are %q", notices)
	}
	if is != mounted {
		s.Errorf("mounted: %v", is)
	}
}

// label is that of the file system, read where its superblock is.
func (s storage) label() string {
	content, err := os.ReadFile(s.path("7"))
	if err != nil {
		s.Fatal(err)
	}
	return string(bytes.TrimRight(content[1024+0x78:1024+0x78+16], "\x00"))
}

// The power may go at any moment while the file system is made, on whatever card: at the next start it is made, and nothing
// is said of damage.
func TestStorageMade(t *testing.T) {
	for at := 0; at <= 32; at += 8 { // MiB that are written before, in the order of places, not of time
		s := newStorage(t).with("old", "metadata_csum")
		s.put("7", 0, make([]byte, 4*mib))
		s.put("disk", newAt, []byte(newCard))
		s.write("bin/mkfs.ext4", fmt.Sprintf("#!/bin/sh\nulimit -f %d\nPATH=/usr/sbin:/sbin mkfs.ext4 \"$@\" 2>/dev/null\nkill -9 $PPID\n", at*mib/sector))
		s.expect("", false)
		os.Remove(s.path("bin/mkfs.ext4"))
		s.expect("", true)
		if label := s.label(); label != "submix-data" {
			t.Errorf("cut after %d MiB, it is the file system %q", at, label)
		}
		s.with("used", "metadata_csum") // it is not made again
		s.expect("", true)
		if label := s.label(); label != "used" {
			t.Errorf("used, it is the file system %q", label)
		}
	}
}

// What is damaged beyond repair is made anew, and that is neither left half done nor done without a word.
func TestStorageDamaged(t *testing.T) {
	s := newStorage(t).with("used", "metadata_csum")
	s.put("7", 0, make([]byte, 4*mib))
	const damaged = `the data partition is damaged: e2fsck: Bad magic number in super-block while trying to open \S+`
	s.expect(damaged+"\nthe data partition is repaired", true)
	if label := s.label(); label != "used" {
		t.Errorf("repaired, it is the file system %q", label)
	}
	random := rand.NewChaCha8([32]byte{6})
	garbage := make([]byte, mib)
	for at := int64(0); at < 32*mib; at += 8 * mib {
		random.Read(garbage)
		s.put("7", at, garbage)
	}
	s.write("bin/mkfs.ext4", "#!/bin/sh\nkill -9 $PPID\n")
	const anew = `(?s)the data partition is damaged: .*\nthe data partition is beyond repair, and is made anew: what was set and learned is lost`
	s.expect(anew, false)
	os.Remove(s.path("bin/mkfs.ext4"))
	s.expect("the data partition is beyond repair, and is made anew: what was set and learned is lost", true)
	if label := s.label(); label != "submix-data" {
		t.Errorf("made anew, it is the file system %q", label)
	}
	s.expect("", true)
}

// What cannot be checked is left as it is, whoever is to blame.
func TestStorageLeft(t *testing.T) {
	const left = `the data partition cannot be checked, and is left as it is: `
	// It writes if it is told to, as e2fsck does.
	e2fsck := func(script string) func(storage) {
		return func(s storage) {
			s.write("bin/e2fsck", "#!/bin/sh\ncase $* in *-y*) echo written >"+s.path("7")+" ;; esac\n"+script+"\n")
		}
	}
	says := func(status int, text string) func(storage) {
		return e2fsck(fmt.Sprintf("echo '%s'\nexit %d", text, status))
	}
	newer := func(at int64) func(storage) {
		return func(s storage) { s.with("newer", "^metadata_csum").put("7", at+0x63, []byte{0x40}) }
	}
	for name, c := range map[string]struct {
		prepare func(storage)
		want    string
	}{
		"a newer system has made it": {newer(1024), left + `\S+ has unsupported feature\(s\): FEATURE_I30`},
		"and its beginning is gone": {func(s storage) {
			newer(second)(s)
			s.put("7", 0, make([]byte, 16384))
		}, `the data partition is damaged: .*` + "\n" + left + `\S+ has unsupported feature\(s\): FEATURE_I30`},
		"no e2fsck":  {says(127, "storage: 27: e2fsck: not found"), left + "storage: 27: e2fsck: not found"},
		"killed":     {says(137, "e2fsck"), left + "e2fsck"},
		"no memory":  {says(8, "e2fsck: Memory allocation failed while trying to open 7"), left + "e2fsck: Memory .*"},
		"in use":     {says(8, "7 is in use."), left + "7 is in use."},
		"a bad spot": {says(4, "Pass 1: x\nError reading block 9 (Input/output error)"), "the data partition is damaged: .*\n" + left + `Error reading block 9 \(Input/output error\)`},
		"a bad spot later": {e2fsck("case $* in *-p*) echo 'UNEXPECTED INCONSISTENCY' ;; *) echo 'Error reading block 9 (Input/output error)' ;; esac\nexit 4"),
			"the data partition is damaged: UNEXPECTED INCONSISTENCY\n" + left + `Error reading block 9 \(Input/output error\)`},
		"a bad spot, 8": {says(8, "e2fsck: Input/output error while trying to open 7"), left + "e2fsck: Input/output error .*"},
	} {
		t.Run(name, func(t *testing.T) {
			s := newStorage(t).with("used", "metadata_csum")
			c.prepare(s)
			before, err := os.ReadFile(s.path("7"))
			if err != nil {
				t.Fatal(err)
			}
			s.expect(c.want, true)
			if after, err := os.ReadFile(s.path("7")); err != nil || !slices.Equal(before, after) {
				t.Errorf("it was written to: %v", err)
			}
		})
	}
}

// That nobody can be told is no reason to make it anew.
func TestStorageUntold(t *testing.T) {
	for _, status := range []int{8, 1} { // not checked, repaired
		s := newStorage(t).with("used", "metadata_csum")
		s.write("run/submix-notices/storage/in-the-way", "")
		s.write("bin/e2fsck", fmt.Sprintf("#!/bin/sh\n[ $1 = -p ] && exit 4\necho 7 is in use.\nexit %d\n", status))
		s.expect("", true)
		if label := s.label(); label != "used" {
			t.Errorf("e2fsck ends with %d: it is the file system %q", status, label)
		}
	}
}
