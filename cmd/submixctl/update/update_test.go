package update

import (
	"fmt"
	"os"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"submix/control"
)

// An update is installed, tried, proves itself and is kept.
func TestKept(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCard(t)
		c.expect("status", "slot: A\nversion: \"1.0\"\nboard: submix-test\nnext: A\nslot A state=good version=\"1.0\" runs=yes next=yes\nslot B state=good version=factory")
		c.expect("prove", "")
		c.expect("install "+c.bundle("1.1"), "next: B\nslot A state=good version=\"1.0\" runs=yes next=no\nslot B state=untried version=\"1.1\" runs=no next=yes")
		if c.restarts() {
			t.Error("it restarts without now")
		}
		if slot := c.boots(); slot != "B" {
			t.Fatal(slot)
		}
		c.expect("status", "slot B state=trial")
		c.expect("install "+c.bundle("1.2"), "1.1 in slot B is still to prove itself")
		begin := time.Now()
		c.expect("prove", "1.1 in slot B has proved itself and is kept")
		if took := time.Since(begin); took != time.Minute {
			t.Errorf("it took %v", took)
		}
		c.expect("status", "slot B state=good")
		if c.left["B"] != 3 {
			t.Errorf("%d tries are left", c.left["B"])
		}
		c.boots()
		begin = time.Now()
		c.expect("prove", "") // it is known
		if took := time.Since(begin); took != 0 || c.left["B"] != 3 {
			t.Errorf("it took %v, %d tries are left", took, c.left["B"])
		}
	})
}

// An update that is not well is given up, and the old system says why.
func TestGivenUp(t *testing.T) {
	silent := func() (control.Reply, error) { return control.Reply{}, fmt.Errorf("the daemon cannot be reached") }
	n := 0
	for _, test := range []struct {
		name, why string
		daemon    func() (control.Reply, error)
	}{
		{"dead", "last: the daemon cannot be reached", silent},
		{"stands still", "last: no sound: no block was mixed in 1s", answers("state: running", "uptime: 5", "blocks: 100")},
		{"stands still without a card", "last: no sound: no block was mixed in 1s", answers("state: no-output", "uptime: 5", "blocks: 0")},
		{"is in a state that nobody knows", "last: no sound: the mix is error", says("error")},
		{"was ended before it had sounded", "last: no sound: the mix is ended", answers("state: ended", "uptime: 5", "blocks: 100")},
		{"has no state", "last: no sound: the mix is in no state", answers("uptime: 5", "blocks: 100")},
		{"begins again and again", "last: the daemon has begun anew", func() (control.Reply, error) {
			n++
			return answers("state: running", fmt.Sprint("uptime: ", n%30), fmt.Sprint("blocks: ", n%30*100+1))()
		}},
	} {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c := newCard(t)
				c.do("install " + c.bundle("1.1"))
				c.boots()
				c.daemon = test.daemon
				begin := time.Now()
				c.expect("prove", "ERR update: 1.1 in slot B has not proved itself: it was not well for 1m0s within 3m0s, "+test.why+"; the box goes back to slot A")
				if took := time.Since(begin); took != 3*time.Minute || !c.restarts() {
					t.Errorf("it took %v, restart: %v", took, c.restarts())
				}
				if c.order[0] != "A" || c.left["A"] != 3 {
					t.Errorf("the boot loader is to begin %v, tries left: %v", c.order, c.left)
				}
				if slot := c.boots(); slot != "A" {
					t.Fatal(slot)
				}
				c.daemon = mixes()
				c.expect("prove", "")
				c.expect("status", "reason: \"1.1 in slot B was given up: it was not well for 1m0s within 3m0s, "+test.why+"; 1.0 in slot A runs")
				c.expect("status", "slot B state=failed")
				c.expect("rollback", "slot B is failed; there is nothing to go back to")
				notice, _ := os.ReadFile(c.box.path(notices, "update"))
				if !strings.Contains(string(notice), test.why) {
					t.Errorf("the notice is %q", notice)
				}
				c.do("install " + c.bundle("1.2")) // the next one is judged anew
				c.expect("status", "slot B state=untried version=\"1.2\"")
			})
		})
	}
}

// Whoever says that a system is good is believed, also while it is still to prove itself.
func TestKeptByHand(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCard(t)
		c.do("install " + c.bundle("1.1"))
		c.boots()
		asked := 0
		c.daemon = func() (control.Reply, error) {
			if asked++; asked == 20 {
				c.expect("mark-good", "")
			}
			return control.Reply{}, fmt.Errorf("the daemon cannot be reached")
		}
		c.expect("prove", "1.1 in slot B runs on, as was said, but: it was not well for 1m0s within 3m0s")
		if c.restarts() || c.left["B"] != 3 {
			t.Errorf("restart: %v, %d tries are left", c.restarts(), c.left["B"])
		}
		c.expect("status", "slot B state=good")
	})
}

// A kernel that panics is counted; a slot that was not written to its end is not begun; without a card that plays
// the mix that nobody hears counts; a system that has nothing to go back to stays.
func TestVerdicts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCard(t)
		c.do("install " + c.bundle("1.1"))
		for range 3 {
			if slot := c.boots(); slot != "B" {
				t.Fatal(slot)
			}
		}
		if slot := c.boots(); slot != "A" {
			t.Fatal(slot)
		}
		c.expect("status", "reason: \"1.1 in slot B was given up: it ended before it had proved itself, or did not come up at all; 1.0 in slot A runs")

		c.status["B"], c.left["B"] = "pending", 0
		c.expect("status", "reason: \"the update in slot B was broken off; 1.0 in slot A runs")
		c.expect("status", "slot B state=broken")

		c.do("install " + c.bundle("1.3"))
		c.boots()
		c.daemon = says("no-output")
		c.left["A"] = 0
		c.expect("prove", "1.3 in slot B has proved itself")
		c.do("mark-good")

		c = newCard(t)
		c.do("install " + c.bundle("1.1"))
		c.boots()
		asked, well := 0, mixes()
		c.daemon = func() (control.Reply, error) {
			if asked++; asked == 2 {
				c.daemon = answers("state: ended", "uptime: 5", "blocks: 100") // by its owner
			}
			return well()
		}
		begin := time.Now()
		c.expect("prove", "1.1 in slot B has proved itself")
		if took := time.Since(begin); took != time.Minute {
			t.Errorf("it took %v", took)
		}
		c.boots()
		begin = time.Now()
		c.expect("prove", "") // it is known, and ended from the beginning
		if took := time.Since(begin); took != 0 || c.left["B"] != 3 {
			t.Errorf("it took %v, %d tries are left", took, c.left["B"])
		}

		c = newCard(t)
		c.do("install " + c.bundle("1.1"))
		c.boots()
		c.left["A"], c.daemon = 0, answers("state: running", "uptime: 5", "blocks: 100")
		c.expect("prove", "the box goes back to slot A") // as the power went three times there, it is still good
		if !c.restarts() || c.left["A"] != 3 {
			t.Errorf("restart: %v, %d tries are left", c.restarts(), c.left["A"])
		}
		c.left = map[string]int{"A": 0, "B": 3} // it did not come up, and the boot loader gave both their tries back
		if slot := c.boots(); slot != "B" {
			t.Fatal(slot)
		}
		c.expect("prove", "slot A is spent, so it runs on")
		if c.restarts() {
			t.Error("it restarts for ever")
		}

		c = newCard(t)
		c.do("install " + c.bundle("1.1"))
		c.boots()
		c.left["A"], c.daemon = 0, answers("state: running", "uptime: 5", "blocks: 100")
		if err := os.MkdirAll(c.box.path(folder, "record.json", "lost+found"), 0o755); err != nil { // nor can it be noted
			t.Fatal(err)
		}
		c.expect("prove", "slot A is spent, so it runs on")
		if c.restarts() {
			t.Error("it restarts for ever, where nothing can be noted")
		}

		c = newCard(t)
		c.do("install " + c.bundle("1.1"))
		c.boots()
		c.status["A"], c.count["A"], c.daemon = "failed", 1, answers("state: running", "uptime: 5", "blocks: 100")
		c.expect("prove", "slot A is broken, so it runs on")
		if c.restarts() {
			t.Error("it restarts into nothing")
		}
	})
}

func TestRefused(t *testing.T) {
	c := newCard(t)
	c.expect("install /nowhere.raucb", "ERR update: stat /nowhere.raucb: no such file or directory")
	c.refuses = "signature verification failed"
	c.expect("install "+c.bundle("1.1"), ".raucb: rauc: signature verification failed; the system that runs is as it was")
	c.expect("status", "next: A")
	for _, line := range []string{"", "sing", "install", "install a later", "status now", "rollback soon"} {
		if _, err := c.box.Do(t.Context(), strings.Fields(line)); err != ErrUsage {
			t.Errorf("%q: %v", line, err)
		}
	}
}

// Somebody else's question is waited for.
func TestBusy(t *testing.T) {
	dir := t.TempDir()
	script := "#!/bin/sh\n[ -e " + dir + "/asked ] && echo answer && exit\n: >" + dir + "/asked\necho 'error calling D-Bus method \"GetSlotStatus\": " + busy + "' >&2\nexit 1\n"
	if err := os.WriteFile(dir+"/rauc", []byte(script), 0o755); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PATH", dir+":"+os.Getenv("PATH"))
	if out, err := rauc(t.Context(), nil, "status"); err != nil || string(out) != "answer\n" {
		t.Errorf("%q, %v", out, err)
	}
	t.Setenv("PATH", t.TempDir())
	if _, err := rauc(t.Context(), nil, "status"); err == nil || !strings.Contains(err.Error(), "there is no rauc") {
		t.Errorf("without rauc: %v", err)
	}
}

func TestCompare(t *testing.T) {
	order := []string{"0.9", "1.2~1", "1.2-alpha", "1.2-beta2", "1.2~rc1", "1.2-rc2", "1.2-rc2-1-gabc", "1.2-rc10", "1.2", "1.2-3-gabc", "1.2-11-gabc", "1.2-dirty", "1.2.1",
		"1.9", "1.10", "1.10-1-g0a", "v1", "v1.1-rc1", "v1.1"}
	for i, a := range order {
		for k, b := range order {
			if got := compare(a, b); (got < 0) != (i < k) || (got > 0) != (i > k) {
				t.Errorf("%s and %s: %d", a, b, got)
			}
		}
	}
}

func TestSteps(t *testing.T) {
	var shown strings.Builder
	s := &steps{w: &shown}
	for _, said := range []string{"installing\n", "  0% Installing\n 40% Copying\n", " 41% Copying\n", " 70% Copying done.\n", "idle\n"} {
		s.Write([]byte(said))
	}
	if got := shown.String(); got != "  0% Installing\n 40% Copying\n 70% Copying done.\n" {
		t.Errorf("%q", got)
	}
}

func TestReason(t *testing.T) {
	for said, want := range map[string]string{
		"installing\n 20% Verifying\nLastError: signature verification failed: Verify error: self-signed\nInstalling `b` failed\n": "signature verification failed: Verify error: self-signed",
		"rauc-Message: 1: Using\nError creating proxy: no bus\n":                                                                   "Error creating proxy: no bus",
		"": "exit status 1",
	} {
		if got := reason(said, fmt.Errorf("exit status 1")); got != want {
			t.Errorf("%q: %q", said, got)
		}
	}
}
