//go:build vm

package guest

import (
	"fmt"
	"math"
	"runtime"
	"testing"
	"time"

	"submix/mixer"
)

// moody is a memory that gives nothing from time to time.
type moody struct {
	memory
	nothing *bool
	sound   []float32 // of a block, at least
}

func (m *moody) Read(dst []float32) (int, error) {
	n, err := m.memory.Read(dst)
	if *m.nothing {
		return 0, nil // and they are lost
	}
	copy(dst[:2*n], m.sound)
	return n, err
}

// TestRingOutCost counts the instructions of a block of 5 ms in which eight stereo streams run short at once.
func TestRingOutCost(t *testing.T) {
	const (
		streams, block = 8, 240
		most           = 200 * time.Microsecond // for each stream, all else included
	)
	m, err := mixer.New(mixer.Config{Rate: 48000, Channels: 2, Block: block, Limiter: true})
	if err != nil {
		t.Fatal(err)
	}
	now, nothing, sound := time.Now(), false, make([]float32, 2*2*block)
	for i := range sound {
		sound[i] = float32(math.Sin(float64(i)))
	}
	for i := range streams {
		src := &moody{memory{now: &now, start: now}, &nothing, sound}
		c := mixer.StreamConfig{Name: fmt.Sprint(i), Source: src, Format: mixer.Format{Rate: 48000, Channels: 2}, GainDB: -20, Live: true, Locked: true}
		if _, err := m.Add(c); err != nil {
			t.Fatal(err)
		}
	}
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	dst := make([]float32, 2*block)
	pull := func() time.Duration {
		now = now.Add(block * time.Second / 48000)
		start := threadTime(t)
		if err := m.Pull(dst, 2*block, now, time.Time{}); err != nil {
			t.Fatal(err)
		}
		return threadTime(t) - start
	}
	var ordinary, short time.Duration
	for range 20 {
		for range 40 {
			ordinary = pull()
		}
		nothing = true
		for range 8 { // more than the rings hold
			short = max(short, pull())
		}
		nothing = false
	}
	for _, s := range m.Streams() {
		if s.Short != 20 {
			t.Fatalf("%+v", s)
		}
	}
	t.Logf("eight streams run short in one block: %v, %v for each; an ordinary block is %v", short, short/streams, ordinary)
	if short > streams*most {
		t.Errorf("want %v for each at most", most)
	}
}
