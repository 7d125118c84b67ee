package alsa

import (
	"testing"
	"testing/synctest"
)

func TestGate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := newGate()
		if !g.enter() {
			t.Fatal("an open gate is shut")
		}
		shut, woken := false, false
		go func() {
			g.shut(func() { woken = true })
			shut = true
		}()
		synctest.Wait()
		if !woken || shut {
			t.Errorf("with one inside: woken %v, shut %v", woken, shut)
		}
		if g.enter() {
			t.Error("a shut gate lets in")
		}
		synctest.Wait()
		if shut {
			t.Error("one that is turned away is taken for the one inside")
		}
		g.leave()
		synctest.Wait()
		if !shut {
			t.Error("nobody is inside, and shut still waits")
		}
	})
	g := newGate()
	g.shut(func() { t.Error("nobody is inside, and one is woken") })
}
