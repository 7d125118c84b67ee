//go:build vm

package guest

import (
	"fmt"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"
)

// footprint is what a process holds.
type footprint struct{ descriptors, threads, kB int }

func (f footprint) String() string {
	return fmt.Sprintf("%d descriptors, %d threads, %d kB", f.descriptors, f.threads, f.kB)
}

// footprint tells what the daemon holds. Its memory is its own (RssAnon): pages of the program itself, which come in as
// code runs for the first time, are nothing that it could leave behind. A client's connection takes it a moment to close.
func (b *box) footprint() footprint {
	b.t.Helper()
	time.Sleep(100 * time.Millisecond)
	count := func(what string) int {
		entries, err := os.ReadDir(fmt.Sprintf("/proc/%d/%s", b.pid(), what))
		if err != nil {
			b.t.Fatal(err)
		}
		return len(entries)
	}
	kB, err := strconv.Atoi(statusKB(b.t, b.pid(), "RssAnon:"))
	if err != nil {
		b.t.Fatal(err)
	}
	return footprint{count("fd"), count("task"), kB}
}

// noMore checks that the daemon holds what it held at each time given, and less than a megabyte more than at the last of
// them. The heap is larger once by what the first pulls take, 0.3 to 1.1 MB: since earlier times two are allowed. Go's
// runtime makes one more thread whenever all that it has are in system calls at once, and keeps it: two are no leak, one
// for each pull would be.
func (b *box) noMore(before ...footprint) {
	b.t.Helper()
	now := b.footprint()
	b.t.Logf("holds %v; before: %v", now, before)
	for i, f := range before {
		more := 2048
		if i == len(before)-1 {
			more = 1024
		}
		if now.descriptors != f.descriptors || now.threads > f.threads+2 || now.kB >= f.kB+more {
			b.t.Errorf("something is left behind since %v", f)
		}
	}
}

// steady checks the same over a run of many faults, from its start and its middle. What the fullest moment took of memory,
// and what is not collected yet, comes once: a leak grows in each half, here by half a megabyte or more.
func (b *box) steady(start, middle footprint) {
	b.t.Helper()
	now := b.footprint()
	b.t.Logf("holds %v; in the middle %v, at the start %v", now, middle, start)
	if now.descriptors != start.descriptors || now.threads > start.threads+2 || min(now.kB-middle.kB, middle.kB-start.kB) >= 512 {
		b.t.Error("something is left behind")
	}
}

// resident is the memory of a process in kB.
func resident(t *testing.T, pid int) string { return statusKB(t, pid, "VmRSS:") }

// statusKB is a figure of /proc/PID/status that is in kB.
func statusKB(t *testing.T, pid int, key string) string {
	t.Helper()
	_, rest, _ := strings.Cut(readFile(t, fmt.Sprintf("/proc/%d/status", pid)), key)
	return strings.Fields(rest)[0]
}
