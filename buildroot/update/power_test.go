//go:build vm

package update

import (
	"fmt"
	"math/rand/v2"
	"regexp"
	"testing"
	"time"
)

var running = regexp.MustCompile(`(?m)^slot ([AB]) state=(\w+) version="([0-9.]+)" runs=yes`)

// The power goes at a random moment between the beginning of an update and the verdict on it: within three times what this
// host takes for the box to come up. What comes up is the old system or the new one, it sounds, and in the end an update that
// is left alone is taken.
func TestPowerCut(t *testing.T) {
	t.Parallel()
	boxes, cuts := 1, 2 // of each, one after the other
	if *long {
		boxes, cuts = 4, 25
	}
	for seed := range boxes {
		t.Run(fmt.Sprintf("seed %d", seed), func(t *testing.T) {
			t.Parallel()
			goesOn(t).cuts(rand.New(rand.NewPCG(uint64(seed), 0)), cuts)
		})
	}
}

func (b *box) cuts(random *rand.Rand, cuts int) {
	window := 3 * first.took
	was, found := "1.0", map[string]int{}
	begin := time.Now()
	for cut := range cuts {
		begun := b.begins(was)
		at := time.Duration(random.Int64N(int64(window)))
		time.Sleep(at)
		b.off()
		b.on(nil)
		b.comesUp()
		b.sounds()
		slot, version := b.settles()
		broken := ""
		if said, _ := b.do("submixctl update status"); regexp.MustCompile("state=broken").MatchString(said) {
			broken = ", the other half written"
		}
		b.Logf("cut after %.1f s: %s in slot %s%s", at.Seconds(), version, slot, broken)
		switch version {
		case was:
			found["old"+broken]++
		case begun:
			found["new"]++
			was = begun
		default:
			b.Fatalf("cut %d: it was %s, and %s was begun", cut, was, begun)
		}
	}
	begun := b.begins(was) // and is left alone
	b.comesUp()
	if _, version := b.settles(); version != begun {
		b.Errorf("after %d cuts the next update, %s, is not taken, and %s runs", cuts, begun, version)
	}
	b.Logf("%d cuts within %.0f s each: %v; %.0f s a cut", cuts, window.Seconds(), found, time.Since(begin).Seconds()/float64(cuts))
}

// begins begins the update that follows a version, which ends in a restart.
func (b *box) begins(after string) (version string) {
	b.Helper()
	version = "1.2"
	if after == version {
		version = "1.3"
	}
	b.expect("mkdir -p /run/media; mountpoint -q /run/media || mount -o ro /dev/vdb /run/media; ls /run/media", "submix-"+version)
	fmt.Fprintf(b.port, "submixctl update install /run/media/submix-%s.raucb now\n", version)
	return version
}

// settles waits until the system that runs is not on trial, and returns its slot and version.
func (b *box) settles() (slot, version string) {
	b.Helper()
	for begin := time.Now(); ; time.Sleep(200 * time.Millisecond) {
		said, _ := b.do("submixctl update status")
		if m := running.FindStringSubmatch(said); m != nil && m[2] == stateGood {
			return m[1], m[3]
		}
		if time.Since(begin) > patience {
			b.Fatalf("it is on trial for ever: %s\n%s", said, b.tail())
		}
	}
}

const stateGood = "good"
