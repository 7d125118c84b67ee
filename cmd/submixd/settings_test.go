package main

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"submix/cmd/submixd/config"
	"submix/control"
	"submix/control/state"
)

// lives is a box that is killed and started again, on the files of one directory.
type lives struct {
	*testing.T
	dir  string
	toml string
}

// live runs test on a box that is then killed: nothing is saved at its end. With
// power, what is in memory is lost, too.
func (l *lives) live(power bool, test func(r *rig)) {
	l.Helper()
	disk, memory := filepath.Join(l.dir, "disk"), filepath.Join(l.dir, "memory")
	for _, dir := range []string{disk, memory} {
		if err := os.MkdirAll(dir, 0o755); err != nil {
			l.Fatal(err)
		}
	}
	synctest.Test(l.T, func(t *testing.T) {
		r := newRig(t, l.toml)
		r.b.kept = openState(disk, memory, slog.New(r.log))
		ctx, kill := context.WithCancel(t.Context())
		go r.b.kept.Run(ctx, func(err error) { t.Errorf("told %v", err) })
		r.run()
		time.Sleep(100 * time.Millisecond)
		test(r)
		saved := files(t, disk)
		copied := files(t, memory)
		kill()
		r.shutdown()
		synctest.Wait()
		restore(t, disk, saved)
		restore(t, memory, copied)
	})
	if power {
		os.RemoveAll(memory)
	}
}

func files(t *testing.T, dir string) map[string][]byte {
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	all := map[string][]byte{}
	for _, e := range entries {
		if all[e.Name()], err = os.ReadFile(filepath.Join(dir, e.Name())); err != nil {
			t.Fatal(err)
		}
	}
	return all
}

func restore(t *testing.T, dir string, all map[string][]byte) {
	for name := range files(t, dir) {
		os.Remove(filepath.Join(dir, name))
	}
	for name, data := range all {
		if err := os.WriteFile(filepath.Join(dir, name), data, 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

// shown is what streams says of each, without levels and counters.
func (r *rig) shown() string {
	var all []string
	for _, s := range r.b.mixer().Streams() {
		all = append(all, fmt.Sprintf("%s %g %v", s.Name, s.GainDB, s.Mute))
	}
	out := r.b.mixer().Output()
	return fmt.Sprintf("%s, out %g %v", strings.Join(all, ", "), out.GainDB(), out.Muted())
}

func (r *rig) wantShown(want string) {
	r.Helper()
	if got := r.shown(); got != want {
		r.Errorf("the mix is %q, want %q", got, want)
	}
}

// Killed right after the reply, a box has all that was set; after a power cut, what
// was on the disk a second after it was set.
func TestSettingsSurvive(t *testing.T) {
	t.Parallel()
	for name, power := range map[string]bool{"kill": false, "power": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			l := &lives{t, t.TempDir(), simulated3}
			pause := func() {
				if power {
					time.Sleep(time.Second)
				}
			}
			l.live(power, func(r *rig) {
				r.wantShown("mic -6 false, line 0 true, out 0 false")
				for _, line := range []string{"gain mic =-9", "unmute line", "gain out =-3", "mute out", "add spare gain=-1",
					"add new sim:tone?hz=100 gain=-30 channels=1 sync=locked latency=40ms", "mute new"} {
					r.says(line)
				}
				pause()
			})
			l.live(power, func(r *rig) {
				r.wantShown("mic -9 false, line 0 false, spare -1 false, new -30 true, out -3 true")
				got := r.b.inputs["new"].Capture
				if got.Device.String() != "sim:tone?hz=100" || got.Latency != 40*time.Millisecond || !got.Locked || len(got.Channels) != 1 {
					t.Errorf("new is %+v", got)
				}
				r.streams("mic live", "line live", "spare live", "new live")
				r.says("remove mic")
				r.says("unmute out")
				time.Sleep(10 * time.Second)
				r.says("end") // takes nothing out
				pause()
			})
			l.live(power, func(r *rig) {
				r.wantShown("line 0 false, spare -1 false, new -30 true, out -3 false")
				r.says("gain line =-8")
				r.says("end now")
				time.Sleep(100 * time.Millisecond)
				r.says("gain out =-4")
				time.Sleep(10 * time.Second)
			})
			l.live(power, func(r *rig) {
				r.wantShown("line -8 false, spare -1 false, new -30 true, out -4 false")
				r.says("end now")
				time.Sleep(100 * time.Millisecond)
				r.says("start") // as configured
				r.wantShown("mic -6 false, line 0 true, out -4 false")
				time.Sleep(10 * time.Second)
			})
			l.live(power, func(r *rig) { r.wantShown("mic -6 false, line 0 true, out -4 false") })
		})
	}
}

// Of what the file says, that wins which it did not say before.
func TestFileWinsOverSettings(t *testing.T) {
	t.Parallel()
	l := &lives{T: t, dir: t.TempDir(), toml: simulated3}
	l.live(false, func(r *rig) {
		r.says("gain mic =-9")
		r.says("mute mic")
		r.says("remove line")
		r.says("add new sim:tone")
	})
	l.toml = strings.NewReplacer("-6.0", "-5.0", "add = false", "").Replace(simulated3)
	l.live(false, func(r *rig) { r.wantShown("mic -5 true, spare 0 false, new 0 false, out 0 false") })
	l.toml = simulated3
	l.live(false, func(r *rig) { r.wantShown("mic -6 true, new 0 false, out 0 false") })
	l.toml = strings.Replace(simulated3, "hz=440", "hz=880", 1) // another device: all as configured
	l.live(false, func(r *rig) { r.wantShown("mic -6 false, new 0 false, out 0 false") })
	l.toml = simulated3[:strings.Index(simulated3, "[[capture]]\nname = \"line\"")] + "[[capture]]\nname = \"new\"\ndevice = \"sim:noise\"\n"
	l.live(false, func(r *rig) {
		r.wantShown("mic -6 false, new 0 false, out 0 false")
		if got := r.b.inputs["new"].Device.String(); got != "sim:noise" {
			t.Errorf("new is %s", got)
		}
	})
	l.toml = simulated3
	l.live(false, func(r *rig) { r.wantShown("mic -6 false, line 0 true, out 0 false") })
}

// A stream whose device is missing, or which has failed or ended by itself, is one of the mix still.
func TestSettingsKeepWhatFails(t *testing.T) {
	t.Parallel()
	l := &lives{T: t, dir: t.TempDir()}
	wav := filepath.Join(l.dir, "in.wav")
	l.toml = strings.Replace(simulated3, "sim:tone?hz=440&db=-18", "file:"+wav, 1)
	l.live(false, func(r *rig) {
		r.wantShown("line 0 true, out 0 false")
		r.says("gain out =-1")
	})
	writeWAV(t, wav, 48000, 2, noise(4800))
	l.live(false, func(r *rig) {
		r.wantShown("mic -6 false, line 0 true, out -1 false")
		r.says("gain mic =-2")
		time.Sleep(time.Second)
		r.streams("mic ended", "line live")
		r.says("gain out =-2")
	})
	l.live(false, func(r *rig) { r.wantShown("mic -2 false, line 0 true, out -2 false") })
}

// What cannot have been set is not believed.
func TestBadSettings(t *testing.T) {
	t.Parallel()
	for _, bad := range []string{`7`, `{"output":{"gain":1e300}}`, `{"streams":[{"name":"mic","gain":99,"device":"sim:tone"}]}`,
		`{"streams":[{"name":"../x","device":"sim:tone"}]}`, `{"output":{"gain":-3},"streams":[{"name":"x","device":"disk"}]}`,
		`{"streams":[{"name":"x","device":"sim:tone","latency":3600000000000}]}`, `{"streams":[{"name":"x","device":"sim:tone","latency":-1}]}`,
		`{"streams":[{"name":"x","device":"sim:tone","priority":10}]}`, `{"streams":[{"name":"x","device":"sim:tone","channels":[0]}]}`} {
		l := &lives{T: t, dir: t.TempDir(), toml: simulated3}
		if err := os.MkdirAll(l.dir+"/disk", 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(l.dir+"/disk/state.json", []byte(`{"version":1,"mix":`+bad+`}`), 0o644); err != nil {
			t.Fatal(err)
		}
		l.live(false, func(r *rig) {
			r.wantShown("mic -6 false, line 0 true, out 0 false")
			r.wantLogged(1, "the mix begins as configured")
		})
	}
}

// Ten thousand commands in ten seconds are two writes, and what the last one set is there.
func TestManyGainsAreFewWrites(t *testing.T) {
	t.Parallel()
	l := &lives{T: t, dir: t.TempDir(), toml: simulated3}
	l.live(false, func(r *rig) {
		time.Sleep(time.Minute)
		writes, was := 0, []byte(nil)
		look := func() {
			if now := files(t, l.dir+"/disk")["state.json"]; string(now) != string(was) {
				writes, was = writes+1, now
			}
		}
		look()
		writes = 0
		for i := range 2_000 {
			r.says(fmt.Sprintf("gain mic =-%d.%02d", i/100, i%100))
			time.Sleep(5 * time.Millisecond)
			if i%20 == 0 {
				look()
			}
		}
		time.Sleep(time.Minute)
		look()
		t.Logf("2000 gains in 10 s: %d writes to the disk", writes)
		if writes < 1 || writes > 2 {
			t.Error("want one or two")
		}
	})
	l.live(true, func(r *rig) { r.wantShown("mic -19.99 false, line 0 true, out 0 false") })
}

func TestSaveCommand(t *testing.T) {
	t.Parallel()
	inBubble(t, simulated3, func(r *rig) { r.refuses("save", control.CodeNotNow) })
	l := &lives{T: t, dir: t.TempDir(), toml: simulated3}
	l.live(true, func(r *rig) {
		r.says("gain mic =-9")
		r.says("save")
	})
	l.live(true, func(r *rig) {
		r.wantShown("mic -9 false, line 0 true, out 0 false")
		r.b.kept, _ = state.Open(l.dir+"/nowhere/state.json", "")
		r.says("mute mic")
		r.refuses("save", control.CodeStorage, "nowhere")
	})
}

// A capture that is as it was configured is as it was; see also the tests of reload.
func TestCarryNothing(t *testing.T) {
	c := config.Capture{Name: "mic", GainDB: -3, Channels: []int{1}, Add: true}
	for _, now := range []config.Capture{{}, {Name: "mic", GainDB: -9, Mute: true, Locked: true, Add: true}} {
		want := now
		if !now.Add {
			want = c
			want.Add = false
		}
		if got := carry(c, c, now); got.GainDB != want.GainDB || got.Mute != want.Mute || got.Locked != want.Locked || got.Add != want.Add {
			t.Errorf("%+v becomes %+v", now, got)
		}
	}
}
