package update

import (
	"context"
	"fmt"
	"io"
	"os"
	"testing"
	"testing/synctest"

	"submix/control"
)

// Back by hand, and not forward again by a stick that was forgotten.
func TestRollbackAndStick(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCard(t)
		c.expect("stick "+c.box.Root, "no bundle on the stick")
		for _, v := range []string{"0.9", "1.9", "1.10"} {
			c.bundle(v)
		}
		c.expect("stick "+c.box.Root, "slot B state=untried version=\"1.10\"")
		if !c.restarts() || c.boots() != "B" {
			t.Fatal("no restart into B")
		}
		c.expect("prove", "kept")
		c.expect("stick "+c.box.Root, "1.10 on the stick is not newer than 1.10, which runs")
		c.expect("rollback now", "next: A")
		if !c.restarts() || c.boots() != "A" {
			t.Fatal("no restart into A")
		}
		if err := os.WriteFile(c.box.path(marker), nil, 0o644); err != nil { // as a rollback is a try for tryboot
			t.Fatal(err)
		}
		c.expect("status", "slot A state=good version=\"1.0\" runs=yes")
		c.expect("prove", "")
		c.expect("stick "+c.box.Root, "1.10 on the stick was tried before")
		c.box.Rauc = func(context.Context, io.Writer, ...string) ([]byte, error) { return nil, fmt.Errorf("rauc: no bus") }
		c.expect("status", "ERR update: rauc: no bus")
	})
}

// Of two sticks the second is taken after the restart into the system of the first, when that has proved itself.
func TestTwoSticks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCard(t)
		c.bundle("1.1")
		c.do("stick " + c.box.Root)
		c.bundle("1.2")
		c.expect("stick "+c.box.Root, "the box is about to restart, and takes 1.2 on the stick after that")
		if c.count["B"] != 1 || !c.restarts() || c.boots() != "B" {
			t.Fatalf("%d updates are in B, restart: %v", c.count["B"], c.restarts())
		}
		done := make(chan bool)
		go func() {
			c.expect("stick "+c.box.Root, "slot A state=untried version=\"1.2\"")
			close(done)
		}()
		c.expect("prove", "1.1 in slot B has proved itself and is kept")
		<-done
		if !c.restarts() || c.boots() != "A" {
			t.Error("no restart into A")
		}
	})
	synctest.Test(t, func(t *testing.T) {
		c := newCard(t)
		c.do("install " + c.bundle("1.1"))
		c.boots()
		c.bundle("1.2")
		c.daemon = answers("state: running", "uptime: 5", "blocks: 100")
		done := make(chan bool)
		go func() {
			c.expect("stick "+c.box.Root, "the box is about to restart, and takes 1.2 on the stick after that")
			close(done)
		}()
		c.expect("prove", "ERR update: 1.1 in slot B has not proved itself")
		<-done
		if c.count["A"] != 0 || c.boots() != "A" {
			t.Error("no restart into A as it was")
		}
	})
}

// A system that has not proved itself, and is kept because there is nothing to go back to, is replaced by a stick.
func TestStickForKept(t *testing.T) {
	for want, lose := range map[string]func(c *card){
		"slot A is broken, so it runs on": func(c *card) { c.status["A"], c.count["A"] = "failed", 1 },
		"slot A is spent, so it runs on": func(c *card) { // it was gone back to, and did not come up
			c.do("prove")
			c.left = map[string]int{"A": 0, "B": 3}
			c.boots()
		},
	} {
		synctest.Test(t, func(t *testing.T) {
			c := newCard(t)
			c.do("install " + c.bundle("1.1"))
			c.boots()
			c.bundle("1.2")
			c.daemon = answers("state: running", "uptime: 5", "blocks: 100")
			lose(c)
			c.expect("install "+c.bundle("1.2"), "ERR update: 1.1 in slot B is still to prove itself")
			done := make(chan bool)
			go func() {
				c.expect("stick "+c.box.Root, "slot A state=untried version=\"1.2\"")
				close(done)
			}()
			c.expect("prove", want)
			<-done
			if !c.restarts() || c.boots() != "A" {
				t.Error("no restart into A")
			}
		})
	}
}

// A stick that is forgotten in a box without a data partition, where nothing says that its system was tried, does not have it
// tried at every start.
func TestStickWithoutData(t *testing.T) {
	c := newCard(t)
	c.bundle("1.1")
	if err := os.WriteFile(c.box.path(noData), nil, 0o644); err != nil {
		t.Fatal(err)
	}
	c.expect("stick "+c.box.Root, "1.1 on the stick is left: there is no data partition")
	if c.count["B"] != 0 || c.restarts() {
		t.Errorf("%d updates are in B, restart: %v", c.count["B"], c.restarts())
	}
	c.expect("install "+c.bundle("1.1"), "slot B state=untried")
}

// A stick that was pulled too early is welcome again, wherever the writing ended, and whether or not the bundle was tried
// before. Once an update was activated its slot is not broken, even if that was not noted.
func TestBrokenOff(t *testing.T) {
	for name, pulled := range map[string]func(c *card){
		"root": func(c *card) { c.status["B"], c.count["B"], c.active["B"] = "pending", 1, true },
		// It is noted that the root is whole, and of the kernel what was before it, or that it is not, or that it is, too.
		"kernel": func(c *card) { c.active["B"] = false },
		"failed": func(c *card) { c.status["B"], c.active["B"] = "failed", false },
	} {
		for _, version := range []string{"1.1", "1.2"} {
			t.Run(name+" of "+version, func(t *testing.T) {
				c := newCard(t)
				c.do("install " + c.bundle("1.1"))
				c.boots()
				c.do("mark-good")
				c.do("rollback")
				c.boots()
				c.do("mark-good")
				c.expect("stick "+c.box.Root, "1.1 on the stick was tried before")
				c.do("install " + c.bundle(version))
				pulled(c)
				c.order, c.left["B"] = []string{"A", "B"}, 0
				c.boots()
				c.expect("status", "the update in slot B was broken off; 1.0 in slot A runs")
				c.expect("status", "slot B state=broken")
				c.expect("rollback", "slot B is broken; there is nothing to go back to")
				c.expect("stick "+c.box.Root, fmt.Sprintf("slot B state=untried version=%q", version))
				c.active["B"] = false
				c.boots()
				c.expect("status", "slot B state=trial")
				c.do("mark-good")
				c.do("rollback")
				c.boots()
				c.expect("status", "slot B state=good")
			})
		}
	}
}

// A system on trial is taken back at once or not at all, and prove keeps it no more.
func TestTakenBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCard(t)
		c.do("install " + c.bundle("1.1"))
		c.boots()
		asked, well := 0, mixes()
		c.daemon = func() (control.Reply, error) {
			if asked++; asked == 20 {
				c.expect("rollback", "ERR update: 1.1 in slot B is still to prove itself, and would be kept when it has; update rollback now")
				if c.restarts() || c.left["B"] == 0 {
					t.Errorf("restart: %v, %d tries are left", c.restarts(), c.left["B"])
				}
				c.expect("rollback now", "next: A")
				c.expect("install "+c.bundle("1.2"), "ERR update: the box is about to restart")
			}
			return well()
		}
		c.expect("prove", "1.1 in slot B was given up meanwhile: it was taken back by hand")
		if !c.restarts() || c.boots() != "A" {
			t.Fatal("no restart into A")
		}
		c.expect("status", "reason: \"1.1 in slot B was given up: it was taken back by hand; 1.0 in slot A runs\"")
		c.left["B"] = 3 // as firmware has it that begins one slot always, once it is that of A
		c.expect("status", "slot B state=failed")
		c.expect("stick "+c.box.Root, "slot B state=untried version=\"1.2\"")
	})
}

// A system on trial that was taken back is left although that cannot be noted, and is not kept while the box goes down. A
// record that is damaged meanwhile takes nothing back.
func TestTakenBackUnnoted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCard(t)
		c.do("install " + c.bundle("1.1"))
		c.boots()
		damage := func() error { return os.MkdirAll(c.box.path(folder, "record.json", "lost+found"), 0o755) }
		asked, well := 0, mixes()
		c.daemon = func() (control.Reply, error) {
			if asked++; asked == 20 {
				if err := damage(); err != nil {
					t.Error(err)
				}
				c.expect("rollback now", "ERR update: what was found of the update cannot be kept")
			}
			return well()
		}
		c.expect("prove", "1.1 in slot B was given up meanwhile: the box restarts")
		if !c.restarts() || c.left["B"] != 0 || c.boots() != "A" {
			t.Errorf("restart: %v, %d tries are left in B, slot %s runs", c.restarts(), c.left["B"], c.booted)
		}

		c = newCard(t)
		c.do("install " + c.bundle("1.1"))
		c.boots()
		c.do("rollback now")
		c.boots() // into A, where it is the failure of B that is noted
		asked = 0
		c.daemon = func() (control.Reply, error) {
			if asked++; asked == 1 {
				if err := os.WriteFile(c.box.recordPath(), []byte("?"), 0o644); err != nil {
					t.Error(err)
				}
			}
			return well()
		}
		c.expect("prove", "")
		if c.left["A"] != 3 {
			t.Errorf("it is not kept: %d tries are left", c.left["A"])
		}
	})
}
