package main

import (
	"context"
	"errors"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"submix/cmd/submixd/config"
	"submix/mixer"
)

// What a stream is made of: the configuration, what the command says otherwise,
// and what is known of its device.
func TestStreamConfig(t *testing.T) {
	toml := strings.Replace(simulated3, "gain = -6.0", "gain = -6.0\nlatency = \"30ms\"\npriority = 7", 1)
	inBubble(t, toml, func(r *rig) {
		noise := config.Device{Kind: config.Sim, Name: "noise"}
		r.b.drifts.learn(noise, 80)
		r.says("add spare sync=locked latency=20ms")
		r.says("add again sim:noise latency=auto priority=2")
		for name, want := range map[string]mixer.StreamConfig{
			"mic":   {GainDB: -6, Latency: 30 * time.Millisecond, Priority: 7},
			"line":  {Mute: true},
			"spare": {Locked: true, Latency: 20 * time.Millisecond, DriftPPM: 80},
			"again": {DriftPPM: 80, Priority: 2},
		} {
			got := r.b.streamConfig(r.b.inputs[name])
			if got.GainDB != want.GainDB || got.Mute != want.Mute || !got.Live || got.Locked != want.Locked ||
				got.Latency != want.Latency || got.Priority != want.Priority || got.DriftPPM != want.DriftPPM {
				t.Errorf("%s is made of %+v, want %+v", name, got, want)
			}
		}
		r.says("remove mic")
		r.says("add mic latency=auto priority=0")
		if got := r.b.streamConfig(r.b.inputs["mic"]); got.Latency != 0 || got.Priority != 0 {
			t.Errorf("latency=auto priority=0 over what is configured gives %v, %d", got.Latency, got.Priority)
		}
	})
}

// Nothing is learned while the mix runs at a pace of its own.
func TestHeard(t *testing.T) {
	inBubble(t, simulated3, func(r *rig) {
		all := r.b.heard()
		if len(all) != 2 || all[0].in.Name != "line" || all[1].stream.Name != "mic" {
			t.Errorf("heard is %+v", all)
		}
		r.b.noOutput(os.ErrNotExist)
		if all := r.b.heard(); all != nil {
			t.Errorf("without an output, heard is %+v", all)
		}
		r.b.noOutput(nil)
	})
}

// What is learned within a second of the end is in the file after it.
func TestKeptAtTheEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		dir, log := t.TempDir(), slog.New(slog.DiscardHandler)
		learn := func(ppm float64) {
			r := newRig(t, simulated3)
			r.b.drifts = newDrifts(openState(dir, t.TempDir(), log), log)
			stop := background(func(ctx context.Context) { saving(ctx, r.b.drifts.file, log) })
			ctx, cancel := context.WithCancel(t.Context())
			go monitor(ctx, r.b, log)
			r.b.drifts.learn(mic.Device, ppm)
			cancel()
			synctest.Wait()
			stop()
		}
		for _, ppm := range []float64{80, 80.02} {
			learn(ppm)
			if got := newDrifts(openState(dir, t.TempDir(), log), log).of(mic.Device); got != ppm {
				t.Errorf("kept are %g ppm, want %g", got, ppm)
			}
		}
	})
}

// A box that plays on as it is set writes nothing, also if it is told what it is already, and to save.
func TestNothingChangedIsNoWrite(t *testing.T) {
	t.Parallel()
	l := &lives{T: t, dir: t.TempDir(), toml: simulated3}
	l.live(false, func(r *rig) {
		r.b.drifts = newDrifts(r.b.kept, slog.New(r.log))
		stop := background(func(ctx context.Context) { monitor(ctx, r.b, slog.New(r.log)) })
		defer stop()
		r.says("unmute line")
		time.Sleep(2 * time.Minute) // until the clocks are known
		saved := filepath.Join(l.dir, "disk", "state.json")
		if err := os.Remove(saved); err != nil {
			t.Fatal(err)
		}
		for range 3 {
			for _, line := range []string{"gain mic =-6", "unmute all", "streams", "reload", "save"} {
				r.says(line)
			}
			time.Sleep(time.Minute)
		}
		if _, err := os.Stat(saved); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("written although nothing has changed: %v", err)
		}
		r.says("gain mic =-7")
		time.Sleep(2 * time.Second)
		if _, err := os.Stat(saved); err != nil {
			t.Errorf("not written although a gain has changed: %v", err)
		}
	})
}

// A torn file costs a warning, and is put aside.
func TestBadState(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	path := filepath.Join(dir, "state.json")
	const torn = `{"version":1,"drift":{"hw:M`
	if err := os.WriteFile(path, []byte(torn), 0o600); err != nil {
		t.Fatal(err)
	}
	p := startProcess(t, dir, simulated3)
	p.await("what was saved or learned is lost")
	p.await("submixd runs")
	p.stop(syscall.SIGTERM, 0)
	if got, err := os.ReadFile(path + ".bad"); err != nil || string(got) != torn {
		t.Errorf("put aside is %q, %v", got, err)
	}
}
