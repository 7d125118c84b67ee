//go:build vm

package vm

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

const (
	powerCuts = 12 // in all
	longCuts  = 200
	disks     = 2                      // that are worn at the same time
	cutWithin = 300 * time.Millisecond // of the host's time, after the first save
)

// The power goes at a random moment while the guest saves its state as fast as it can, on a disk with ext4 whose cache goes
// with it: the state can always be read, and is what was acknowledged last, or the next, which was saved but not
// acknowledged.
func TestPowerCut(t *testing.T) {
	m, err := images()
	if err != nil {
		t.Fatal(err)
	}
	cuts := powerCuts
	if *long {
		cuts = longCuts
	}
	for d := range disks {
		t.Run(fmt.Sprintf("disk%d", d), func(t *testing.T) {
			t.Parallel()
			p := newPowerTest(t, m, uint64(d))
			for range cuts / disks {
				p.cut()
			}
			p.cut() // to see what the last one has left
			t.Logf("seed %d: %d cuts in %d saves: %d times what was found was acknowledged, %d times one more; %d cuts were in the middle of a save",
				d, cuts/disks, p.saves, p.same, p.ahead, p.middle)
			t.Logf("of %d sectors that were written, but not flushed yet, %d were lost", p.loose, p.lost)
			if *long && p.lost == 0 { // a few cuts may all be between saves
				t.Error("no cut has taken anything from the disk")
			}
			t.Logf("a boot took %.1f to %.1f s of the host's time", p.fastest.Seconds(), p.slowest.Seconds())
		})
	}
}

// powerTest is a disk and what is known of it.
type powerTest struct {
	*testing.T
	machine Machine
	random  *rand.Rand
	disk    string // as the last cut has left it
	written string // the disk that the machine has, a copy
	log     string // of what it writes there: see powerLoss
	acks    string // the file of what the guest says

	known               bool // acked is
	acked               int  // the last save that the guest has told of
	saves               int
	same, ahead, middle int
	loose, lost         int // sectors
	fastest, slowest    time.Duration
}

func newPowerTest(t *testing.T, m Machine, seed uint64) *powerTest {
	t.Helper()
	dir := t.TempDir()
	p := &powerTest{T: t, machine: m, random: rand.New(rand.NewPCG(4, seed)), fastest: time.Hour,
		disk: filepath.Join(dir, "disk"), written: filepath.Join(dir, "written"), log: filepath.Join(dir, "log"), acks: filepath.Join(dir, "acks")}
	if out, err := exec.Command("/usr/sbin/mke2fs", "-q", "-t", "ext4", p.disk, "16M").CombinedOutput(); err != nil {
		t.Fatalf("mke2fs: %v %s", err, out)
	}
	p.machine.Limit = 2 * time.Minute
	p.machine.Args = []string{"-test.v=test2json", "-test.run=^TestPowerCut$"}
	file := "driver=file,cache.no-flush=on,filename=" // what qemu has written outlives it in the host's memory
	p.machine.Devices = []string{
		"-blockdev", file + p.written + ",node-name=written", "-blockdev", file + p.log + ",node-name=log",
		"-blockdev", "driver=blklogwrites,node-name=disk,file=written,log=log", "-device", "virtio-blk-pci,drive=disk",
		"-chardev", "file,id=acks,path=" + p.acks, "-device", "virtserialport,chardev=acks,name=acks",
	}
	return p
}

// cut boots the machine, kills it while it saves, and checks what it has found.
func (p *powerTest) cut() {
	p.Helper()
	p.insert()
	ctx, kill := context.WithCancel(context.Background())
	defer kill()
	saving := time.Duration(0)
	start := time.Now()
	done := make(chan struct{})
	go func() {
		defer close(done)
		for ; ctx.Err() == nil; time.Sleep(5 * time.Millisecond) {
			if said, _ := os.ReadFile(p.acks); strings.Contains(string(said), "saved") {
				saving = time.Since(start)
				time.Sleep(time.Duration(p.random.Int64N(int64(cutWithin))))
				kill()
			}
		}
	}()
	r, err := p.machine.Run(ctx)
	if err != nil {
		p.Fatal(err)
	}
	kill()
	<-done
	said, err := os.ReadFile(p.acks)
	if err != nil {
		p.Fatal(err)
	}
	os.Remove(p.acks)
	if saving == 0 {
		p.Fatalf("the guest did not save: %q\n%s", said, r.Tail())
	}
	p.fastest, p.slowest = min(p.fastest, saving), max(p.slowest, saving)
	p.check(string(said))
	loose, lost, err := powerLoss(p.disk, p.log, p.random)
	if err != nil {
		p.Fatal(err)
	}
	p.loose, p.lost = p.loose+loose, p.lost+lost
}

// insert gives the machine a copy of the disk, and an empty log.
func (p *powerTest) insert() {
	p.Helper()
	image, err := os.ReadFile(p.disk)
	if err == nil {
		err = os.WriteFile(p.written, image, 0o600)
	}
	if err == nil {
		err = os.WriteFile(p.log, nil, 0o600)
	}
	if err != nil {
		p.Fatal(err)
	}
}

// check takes in what the guest has said; its last line may be cut off.
func (p *powerTest) check(said string) {
	p.Helper()
	lines := strings.Split(said, "\n")
	var found, torn int
	if n, err := fmt.Sscanf(lines[0], "found %d torn %d", &found, &torn); n != 2 {
		p.Fatalf("the guest says %q: %v", lines[0], err)
	}
	switch {
	case p.known && found == p.acked:
		p.same++
	case p.known && found == p.acked+1:
		p.ahead++
	case p.known:
		p.Errorf("found change %d, acknowledged was %d", found, p.acked)
	}
	p.middle += torn
	p.known, p.acked = true, found
	for _, line := range lines[1 : len(lines)-1] {
		var n int
		if _, err := fmt.Sscanf(line, "saved %d", &n); err != nil || n != p.acked+1 {
			p.Fatalf("after save %d the guest says %q", p.acked, line)
		}
		p.acked = n
		p.saves++
	}
}
