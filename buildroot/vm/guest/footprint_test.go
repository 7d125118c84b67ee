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

// looks is how often a footprint is taken, a tenth of a second apart.
const looks = 10

// footprint tells what the daemon holds. Its memory is its own (RssAnon): pages of the program itself, which come in as
// code runs for the first time, are nothing that it could leave behind. It is the least of some looks, with commands in
// between that make garbage, to be collected: what waits for that, half a megabyte more or less, is not held either. A
// client's connection takes the daemon a moment to close.
func (b *box) footprint() footprint {
	b.t.Helper()
	var least footprint
	for i := range looks {
		for range 5 {
			b.do("help")
		}
		time.Sleep(100 * time.Millisecond)
		kB, err := strconv.Atoi(statusKB(b.t, b.pid(), "RssAnon:"))
		if err != nil {
			b.t.Fatal(err)
		}
		if i == 0 || kB < least.kB {
			least.kB = kB
		}
	}
	least.descriptors, least.threads = b.entries("fd"), b.entries("task")
	return least
}

// entries is how many the daemon has in a directory of its own in /proc.
func (b *box) entries(dir string) int {
	b.t.Helper()
	entries, err := os.ReadDir(fmt.Sprintf("/proc/%d/%s", b.pid(), dir))
	if err != nil {
		b.t.Fatal(err)
	}
	return len(entries)
}

// noMore checks that the daemon holds what it held at the start: no descriptor, thread or megabyte more.
func (b *box) noMore(start footprint) {
	b.t.Helper()
	now := b.footprint()
	b.t.Logf("holds %v; at the start %v", now, start)
	if now.descriptors != start.descriptors || now.threads > start.threads || now.kB >= start.kB+1024 {
		b.t.Error("something is left behind")
	}
}

// steady checks that the daemon holds no descriptor and no thread more than at the start of a run of many faults, and that
// its memory does not grow in both halves of it. What the fullest moment took of memory comes once, early or late; a leak
// grows in each half.
func (b *box) steady(start, first, middle footprint) {
	b.t.Helper()
	now := b.footprint()
	b.t.Logf("holds %v; in the middle %v, before the first half %v, at the start %v", now, middle, first, start)
	if now.descriptors != start.descriptors || now.threads > start.threads || min(now.kB-middle.kB, middle.kB-first.kB) >= 512 {
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
