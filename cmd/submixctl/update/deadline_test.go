package update

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"testing"
	"testing/synctest"
	"time"

	"submix/control"
)

// tries is boots, by a boot loader that says that the slot is on trial.
func (c *card) tries() string {
	slot := c.boots()
	if err := os.WriteFile(c.box.path(marker), nil, 0o644); err != nil {
		c.t.Fatal(err)
	}
	return slot
}

// The deadline of a trial learns that a system is kept, when it has proved itself and not sooner; of one that has before,
// at once, however long its daemon takes.
func TestVerdictForDeadline(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCard(t)
		c.do("install " + c.bundle("1.1"))
		c.tries()
		go func() {
			time.Sleep(59 * time.Second)
			if c.box.has(verdict) {
				t.Error("a verdict after 59 s")
			}
		}()
		c.expect("prove", "kept")
		if !c.box.has(verdict) {
			t.Error("no verdict")
		}
		c.tries() // the power went before the boot loader was told
		asked := 0
		well := mixes()
		c.daemon = func() (control.Reply, error) {
			if asked++; asked == 1 && !c.box.has(verdict) {
				t.Error("no verdict before the daemon is well")
			}
			if asked < 1000 {
				return control.Reply{}, fmt.Errorf("the daemon cannot be reached")
			}
			return well()
		}
		c.expect("prove", "")

		c.do("install " + c.bundle("1.2"))
		c.daemon = mixes()
		c.tries()
		c.do("mark-good")
		if !c.box.has(verdict) {
			t.Error("no verdict of whoever says that it is good")
		}
	})
}

// Whoever is later than the deadline, which goes back, keeps nothing.
func TestLaterThanDeadline(t *testing.T) {
	c := newCard(t)
	c.do("install " + c.bundle("1.1"))
	c.tries()
	if err := os.WriteFile(c.box.path(verdict), []byte("late\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	c.expect("mark-good", "ERR update: the deadline of its trial is over")
	c.expect("status", "slot B state=trial")
}

// A stick that waits for the verdict does not take the deadline's for one: the slot is left that the box goes back to. Nor
// does it where the data partition is lost, and only the boot loader knows of the trial.
func TestStickAtDeadline(t *testing.T) {
	for _, lost := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			c := newCard(t)
			c.do("install " + c.bundle("1.1"))
			c.tries()
			if lost {
				c.count, c.status = map[string]int{}, map[string]string{}
			}
			c.bundle("1.2")
			go func() {
				time.Sleep(3 * time.Minute)
				late := c.box.path(requests, "late")
				if err := errors.Join(os.WriteFile(late, []byte("late\n"), 0o644), os.Link(late, c.box.path(verdict))); err != nil {
					t.Error(err)
				}
			}()
			c.expect("stick "+c.box.Root, "the box is about to restart, and takes 1.2 on the stick after that")
			if c.count["A"] != 0 || c.restarts() {
				t.Errorf("data lost: %v: %d updates are in A, restart: %v", lost, c.count["A"], c.restarts())
			}
		})
	}
}

// Where prove can do nothing, the deadline's note says why: what prove has found, or that it found nothing.
func TestNoteOfDeadline(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCard(t)
		c.do("install " + c.bundle("1.1"))
		c.tries()
		fake := c.box.Rauc
		c.box.Rauc = func(context.Context, io.Writer, ...string) ([]byte, error) { return nil, fmt.Errorf("rauc: no bus") }
		c.expect("prove", "ERR update: rauc: no bus")
		why, _ := os.ReadFile(c.box.path(ailing))
		if string(why) != "rauc: no bus\n" || c.box.has(verdict) || c.restarts() {
			t.Errorf("it notes %q, verdict: %v, restart: %v", why, c.box.has(verdict), c.restarts())
		}
		note := func() {
			if err := os.WriteFile(c.box.path(unproved), []byte("B "+string(why)), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		note()
		c.tries() // another try of the same slot
		c.do("prove")
		if !c.box.has(unproved) {
			t.Error("the note is lost before the other slot runs")
		}
		c.left["B"] = 0
		c.boots()
		c.box.Rauc = fake
		c.expect("prove", "")
		c.expect("status", `reason: "1.1 in slot B was given up: rauc: no bus; 1.0 in slot A runs"`)
		if c.box.has(unproved) {
			t.Error("the note stays, for the next update")
		}
		c.do("install " + c.bundle("1.2"))
		note()
		c.tries()
		c.box.Rauc = func(context.Context, io.Writer, ...string) ([]byte, error) { return nil, fmt.Errorf("rauc: no bus") }
		c.do("prove")
		c.box.Rauc = fake
		well := mixes()
		c.daemon = func() (control.Reply, error) {
			if c.box.has(ailing) {
				t.Error("what ailed it is still there for the deadline, when that is over")
			}
			return well()
		}
		c.expect("prove", "1.2 in slot B has proved itself and is kept")
		c.do("prove")
		if c.box.has(unproved) {
			t.Error("the note stays when the slot has proved itself")
		}
	})
}

// A new system that finds no data partition is not kept, nor is one that lost what was on it kept without a proof.
func TestDataLost(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCard(t)
		c.do("install " + c.bundle("1.1"))
		c.tries()
		c.count, c.status = map[string]int{}, map[string]string{} // rauc keeps them there
		if err := os.RemoveAll(c.box.path(folder)); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(c.box.path(noData), nil, 0o644); err != nil {
			t.Fatal(err)
		}
		c.expect("prove", "ERR update: 1.1 in slot B finds no data partition")
		if c.box.has(verdict) {
			t.Error("it is kept")
		}
		os.Remove(c.box.path(noData))
		if err := os.MkdirAll(c.box.path(folder), 0o755); err != nil {
			t.Fatal(err)
		}
		c.expect("status", "slot B state=trial")
		begin := time.Now()
		c.expect("prove", "1.1 in slot B has proved itself and is kept")
		if took := time.Since(begin); took != time.Minute {
			t.Errorf("it took %v", took)
		}
		c.expect("status", "slot B state=good")
	})
}

// The deadline has said that a system runs on that prove has not given up yet: it is not, as an update may be under way.
func TestDeadlineKeeps(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCard(t)
		c.do("install " + c.bundle("1.1"))
		c.tries()
		c.left["A"] = 0
		c.daemon = answers("state: running", "uptime: 5", "blocks: 100")
		go func() {
			time.Sleep(2 * time.Minute)
			if err := os.WriteFile(c.box.path(verdict), nil, 0o644); err != nil {
				t.Error(err)
			}
		}()
		c.expect("prove", "1.1 in slot B runs on, as was said, but: it was not well")
		if c.restarts() || c.left["B"] == 0 {
			t.Errorf("restart: %v, %d tries are left", c.restarts(), c.left["B"])
		}
	})
}
