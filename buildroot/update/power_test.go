//go:build vm

package update

import (
	"fmt"
	"math/rand/v2"
	"regexp"
	"testing"
	"time"
)

const (
	powerCuts = 2
	longCuts  = 100
)

var running = regexp.MustCompile(`(?m)^slot ([AB]) state=(\w+) version="([0-9.]+)" runs=yes`)

// The power goes at a random moment between the beginning of an update and the verdict on it. What comes up is the old
// system or the new one, it sounds, and the next update is taken.
func TestPowerCut(t *testing.T) {
	t.Parallel()
	cuts := powerCuts
	if *long {
		cuts = longCuts
	}
	const seed = 5
	random := rand.New(rand.NewPCG(seed, 0))
	// A verdict is to be among what is cut, and is not waited for longer than need be.
	b := newBox(t, system{version: "4.0", proof: "2s 2m"})
	versions := []string{"4.1", "4.2"}
	var bundles []string
	for _, v := range versions {
		bundles = append(bundles, bundled(t, system{version: v, proof: "2s 2m"}))
	}
	disk := media(t, bundles...)

	var window time.Duration // from the command to the verdict, when nothing is cut
	was, begun := "4.0", ""  // what is to be found: the one, or the other
	found := map[string]int{}
	for cut := 0; ; cut++ {
		b.on(disk, "")
		b.comesUp()
		b.sounds()
		slot, version := b.settles()
		switch version {
		case was:
			found["old"]++
		case begun:
			found["new"]++
		default:
			t.Fatalf("cut %d: %s runs from slot %s; it was %s, and %s was begun", cut, version, slot, was, begun)
		}
		if said, _ := b.do("submixctl update status"); regexp.MustCompile("state=broken").MatchString(said) {
			found["of these with the other slot half written"]++
		}
		if cut > cuts {
			break
		}
		was, begun = version, versions[0]
		if was == begun {
			begun = versions[1]
		}
		b.do("mkdir -p /run/media; mount -o ro /dev/vdb /run/media")
		start := time.Now()
		fmt.Fprintf(b.port, "submixctl update install /run/media/submix-%s.raucb now\n", begun)
		if cut == 0 { // the first one is not cut, to know how long it takes
			b.comesUp()
			b.says(begun + " in slot B has proved itself and is kept")
			window = time.Since(start)
			was = begun
		} else {
			time.Sleep(time.Duration(random.Int64N(int64(window))))
		}
		b.off()
	}
	t.Logf("seed %d: %d cuts within %.0f s each: %v", seed, cuts, window.Seconds(), found)
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
