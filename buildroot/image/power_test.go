//go:build vm

package image

import (
	"cmp"
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

const (
	powerCuts = 2
	longCuts  = 100
	cutWithin = 500 * time.Millisecond // of the host's time, after the first save
	firstBoot = 10 * time.Second       // within which the power goes for the first time, as nobody knows yet how long a boot takes
)

// The power goes at random moments of the boot, the first one included, and while the state is saved, in turns: the box
// always comes back to sound, with what was saved last, or the next, which was saved but not acknowledged.
func TestPowerCut(t *testing.T) {
	t.Parallel()
	p := powerTest{card: newCard(t, size, map[string]string{"submix.toml": toml}), random: rand.New(rand.NewPCG(6, 1)),
		acks: filepath.Join(t.TempDir(), "acks")}
	cuts := powerCuts
	if *long {
		cuts = longCuts
	}
	for n := range cuts {
		p.run(n%2 == 0)
	}
	p.run(false)
	if p.found < cuts/2+1 {
		t.Errorf("it has sounded only %d times", p.found)
	}
	t.Logf("%d cuts, %d of them before there was sound; %d saves; sound after at most %.1f s of the host's time",
		cuts, cuts+1-p.found, p.saves, p.slowest.Seconds())
}

type powerTest struct {
	*card
	random *rand.Rand
	acks   string // the file of what the guest says

	saved        int  // what was saved last
	more         bool // the next may have been saved too
	found, saves int
	slowest      time.Duration // until something was saved; 0: it never was
}

// run switches the box on and cuts the power: some time of the boot, or while it saves.
func (p *powerTest) run(early bool) {
	p.Helper()
	ctx, kill := context.WithCancel(context.Background())
	defer kill()
	start := time.Now()
	go func() {
		if early {
			time.Sleep(time.Duration(p.random.Int64N(int64(cmp.Or(p.slowest, firstBoot)))))
			kill()
		}
		for ; ctx.Err() == nil; time.Sleep(5 * time.Millisecond) {
			if said, _ := os.ReadFile(p.acks); strings.Contains(string(said), "saved") {
				p.slowest = max(p.slowest, time.Since(start))
				time.Sleep(time.Duration(p.random.Int64N(int64(cutWithin))))
				kill()
			}
		}
	}()
	m := p.machine("TestImagePower")
	m.Devices = append(m.Devices, "-chardev", "file,id=acks,path="+p.acks, "-device", "virtserialport,chardev=acks,name=acks")
	r, err := m.Run(ctx)
	if err != nil {
		p.Fatal(err)
	}
	said, _ := os.ReadFile(p.acks)
	os.Remove(p.acks)
	if !p.check(string(said)) && !early {
		p.Fatalf("it did not come back to sound, but: %q\n%s", said, r.Tail())
	}
}

// check takes in what the guest has said, whose last line may be cut off, and reports that there was sound.
func (p *powerTest) check(said string) bool {
	p.Helper()
	lines := strings.Split(said, "\n")
	for _, line := range lines[:len(lines)-1] {
		var what string
		var n int
		fmt.Sscan(line, &what, &n)
		next := (p.saved + 1) % 60
		switch {
		case what == "found" && (n == p.saved || p.more && n == next):
			p.found++
		case what == "saved" && n == next:
			p.saves++
		default:
			p.Fatalf("after %d was saved, and perhaps the next is %v, the guest says %q", p.saved, p.more, line)
		}
		p.saved, p.more = n, what == "saved"
	}
	p.more = p.more || len(lines) > 1
	return len(lines) > 1
}
