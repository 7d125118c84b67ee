package update

import (
	"os"
	"strings"
	"testing"
	"testing/synctest"
)

// Whoever switches the box off three times too early takes no system away that has proved itself.
func TestSpent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		newSpent := func() *card {
			c := newCard(t)
			c.do("install " + c.bundle("1.1"))
			c.boots()
			c.expect("prove", "kept")
			for range 3 {
				if slot := c.boots(); slot != "B" {
					t.Fatal(slot)
				}
			}
			if slot := c.boots(); slot != "A" {
				t.Fatal(slot)
			}
			c.expect("status", "reason: \"1.1 in slot B, which is good, did not come up three times, as when the power goes each time; 1.0 in slot A runs; update rollback begins the other again\"")
			c.expect("status", "slot B state=spent")
			return c
		}
		c := newSpent()
		c.expect("rollback now", "next: B")
		if slot := c.boots(); slot != "B" {
			t.Fatal(slot)
		}
		c.expect("prove", "")
		c.expect("status", "slot B state=good version=\"1.1\" runs=yes next=yes")

		c = newSpent()
		c.expect("stick "+c.box.Root, "slot B state=untried version=\"1.1\"")

		c = newCard(t) // the power went three times in the first starts of the card
		c.left = map[string]int{"A": 0, "B": 3}
		c.boots()
		c.expect("status", "slot A state=spent")

		c = newCard(t) // where tries are not counted, nothing is known of the slot that was never begun
		c.left["B"] = 0
		if err := os.MkdirAll(c.box.path(autoboot), 0o755); err != nil {
			t.Fatal(err)
		}
		said := c.do("status")
		if !strings.Contains(said, "slot B state=unused version=factory") || strings.Contains(said, "reason") {
			t.Error(said)
		}
		c.expect("rollback", "next: B")
	})
}

// What was said against a system is over when it has proved itself after all: if it does not come up later, it is as good as
// any other.
func TestProvedAfterAll(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for _, word := range []string{"prove", "mark-good"} {
			c := newCard(t)
			c.do("install " + c.bundle("1.1"))
			c.boots()
			c.do("rollback now")
			c.left = map[string]int{"A": 0, "B": 3} // A did not come up
			c.boots()
			c.do(word)
			c.expect("status", "slot B state=good")
			c.left = map[string]int{"A": 3, "B": 0}
			c.boots()
			c.expect("status", "slot B state=spent")
			c.expect("rollback", "next: B")
		}
	})
}

// Firmware that was to begin a system again that had proved itself, and found it ailing, takes that back when it is well.
func TestAilingOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCard(t)
		c.do("install " + c.bundle("1.1"))
		c.boots()
		c.expect("prove", "kept")
		c.do("rollback")
		c.boots()
		if err := os.WriteFile(c.box.path(unproved), []byte("B rauc: no bus\n"), 0o644); err != nil {
			t.Fatal(err)
		}
		c.expect("prove", "")
		c.left["B"] = 0
		c.expect("status", "slot B state=failed")
		c.order, c.left["B"] = []string{"B", "A"}, 3 // by the boot loader, when A has no try left
		c.boots()
		c.expect("prove", "")
		c.left = map[string]int{"A": 3, "B": 0}
		c.boots()
		c.expect("status", "slot B state=spent")
	})
}

// newRanOn is a card with 1.1 in slot B, which nothing is heard of and runs on, as slot A is broken.
func newRanOn(t *testing.T) *card {
	c := newCard(t)
	c.do("install " + c.bundle("1.1"))
	c.boots()
	c.status["A"], c.count["A"] = "failed", 1
	c.daemon = answers("state: running", "uptime: 5", "blocks: 100")
	c.expect("prove", "slot A is broken, so it runs on")
	return c
}

// A system that ran on, unproved, is what the next one goes back to, and only once.
func TestBackToUnproved(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newRanOn(t)
		c.do("install " + c.bundle("1.2"))
		c.boots()
		c.expect("status", `slot B state=untried version="1.1" runs=no next=no`)
		c.expect("prove", "1.2 in slot A has not proved itself: it was not well for 1m0s within 3m0s, last: no sound: no block was mixed in 1s; the box goes back to slot B")
		if !c.restarts() || c.boots() != "B" {
			t.Fatal("no restart into B")
		}
		c.expect("status", "1.2 in slot A was given up: it was not well")
		c.expect("prove", "slot A is failed, so it runs on")
	})
}

// Where the next one does not even come up, the box goes to it again once, and not to and fro, though the power goes so often
// that the boot loader gives both their tries back.
func TestUnprovedBesideDead(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newRanOn(t)
		for range 4 {
			if slot := c.boots(); slot != "B" {
				t.Fatalf("%s begins", slot)
			}
			c.expect("prove", "slot A is broken, so it runs on")
		}
		c.do("install " + c.bundle("1.2"))
		c.expect("rollback now", "there is nothing to go back to") // 1.2 was not tried
		restarts, starts, last := 0, 0, ""
		for range 80 {
			if c.left["A"]+c.left["B"] == 0 { // as boot.cmd does for one on trial
				c.order, c.left = []string{"B", "A"}, map[string]int{"A": 3, "B": 3}
			}
			if last = c.boots(); last == "A" {
				continue // it panics
			}
			if starts++; starts%4 > 0 {
				continue // the power goes
			}
			if c.do("prove"); c.restarts() {
				restarts++
			}
		}
		t.Logf("it restarts into A %d times, and in the end %s runs", restarts, last)
		if restarts > 1 || last != "B" {
			t.Error("it goes to and fro")
		}
	})
}
