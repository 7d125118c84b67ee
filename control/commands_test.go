package control_test

import (
	"context"
	"errors"
	"fmt"
	"math"
	"reflect"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"submix/control"
	"submix/control/controltest"
	"submix/mixer"
)

func do(box *controltest.Box, line string) control.Reply {
	return box.Dispatcher.Do(context.Background(), "test", line)
}

// Every code that a line alone can bring about.
func TestRefusals(t *testing.T) {
	long := strings.Repeat("x", 33)
	for line, code := range map[string]control.Code{
		"":                                      control.CodeUnknown,
		"mute mic\x00":                          control.CodeNotText,
		"mute m\xc3\xb8":                        control.CodeNotText,
		strings.Repeat("a ", 129):               control.CodeTooLong,
		"MUTE mic":                              control.CodeUnknown,
		"mut mic":                               control.CodeUnknown,
		"mute":                                  control.CodeUsage,
		"mute mic tape":                         control.CodeUsage,
		"gain mic":                              control.CodeUsage,
		"status now":                            control.CodeUsage,
		"add":                                   control.CodeUsage,
		"mute Mic":                              control.CodeName,
		"mute " + long:                          control.CodeName,
		"add all hw:A,0":                        control.CodeName,
		"add out hw:A,0":                        control.CodeName,
		"remove all":                            control.CodeName,
		"gain all 0":                            control.CodeName,
		"gain mic loud":                         control.CodeNumber,
		"gain mic NaN":                          control.CodeNumber,
		"gain mic -inf":                         control.CodeNumber,
		"gain mic +Inf":                         control.CodeNumber,
		"gain mic 1e1":                          control.CodeNumber,
		"gain mic 0x1":                          control.CodeNumber,
		"gain mic 1_0":                          control.CodeNumber,
		"gain mic --3":                          control.CodeNumber,
		"gain mic =":                            control.CodeNumber,
		"gain mic .":                            control.CodeNumber,
		"gain mic no":                           control.CodeNumber,
		"gain mic \"3\"":                        control.CodeNumber,
		"gain mic 24.01":                        control.CodeRange,
		"gain mic =-121":                        control.CodeRange,
		"gain mic +1000":                        control.CodeRange,
		"gain mic +1 max":                       control.CodeNumber,
		"gain mic +1 max=25":                    control.CodeRange,
		"gain mic +1 most=3":                    control.CodeOption,
		"gain mic +1 max=3 max=3":               control.CodeOption,
		"gain mic +1 min=3 max=2":               control.CodeOption,
		"gain mic =1 max=3":                     control.CodeOption,
		"gain mic 1 max=3":                      control.CodeOption,
		"gain mic 9" + strings.Repeat("9", 200): control.CodeRange,
		"log 0":                                 control.CodeRange,
		"log 257":                               control.CodeRange,
		"log 99999999999999999999":              control.CodeRange,
		"log -1":                                control.CodeNumber,
		"log all":                               control.CodeNumber,
		"end soon":                              control.CodeOption,
		"add x hw:A,0 hw:B,0":                   control.CodeOption,
		"add x hw:A,0 size=1":                   control.CodeOption,
		"add x hw:A,0 sync=no":                  control.CodeOption,
		"add x hw:A,0 latency=":                 control.CodeOption,
		"add x hw:A,0 latency=12":               control.CodeOption,
		"add x hw:A,0 latency=soon":             control.CodeOption,
		"add x hw:A,0 latency=999us":            control.CodeRange,
		"add x hw:A,0 latency=1.1s":             control.CodeRange,
		"add x hw:A,0 latency=-5ms":             control.CodeRange,
		"add x hw:A,0 priority=":                control.CodeNumber,
		"add x hw:A,0 priority=high":            control.CodeNumber,
		"add x hw:A,0 priority=-1":              control.CodeNumber,
		"add x hw:A,0 priority=10":              control.CodeRange,
		"add x gain=1 gain=1":                   control.CodeOption,
		"add x hw:A,0 gain=":                    control.CodeNumber,
		"add x hw:A,0 gain=25":                  control.CodeRange,
		"add x hw:A,0 channels=":                control.CodeNumber,
		"add x hw:A,0 channels=1,":              control.CodeNumber,
		"add x hw:A,0 channels=0":               control.CodeRange,
		"add x hw:A,0 channels=65":              control.CodeRange,
		"add x mic":                             control.CodeDeviceName,
		"add x":                                 control.CodeNoStream,
		"gain nobody 0":                         control.CodeNoStream,
		"toggle nobody":                         control.CodeNoStream,
		"help nothing":                          control.CodeNoCommand,
		"add mic hw:A,0":                        control.CodeExists,
		"start":                                 control.CodeRunning,
		"add x hw:Busy,0":                       control.CodeBusy,
		"add x hw:None,0":                       control.CodeMissing,
	} {
		box := controltest.New()
		before := fmt.Sprint(do(box, "streams"), do(box, "status"))
		if r := do(box, line); r.Err == nil || r.Err.Code != code || r.Data != nil || r.Err.Text == "" {
			t.Errorf("%q: got %v, want code %d", line, r, code)
		}
		if after := fmt.Sprint(do(box, "streams"), do(box, "status")); after != before {
			t.Errorf("%q changed something:\n%s\n%s", line, before, after)
		}
	}
}

func TestGainRule(t *testing.T) {
	box := controltest.New()
	mic, _ := box.Mixer().Stream("mic")
	mic.SetGain(-6)
	for _, c := range []struct {
		line string
		want float64
	}{
		{"gain mic -3", -9}, {"gain mic +1.5", -7.5}, {"gain mic 6", 6}, {"gain mic =-6", -6}, {"gain mic =+3", 3},
		{"gain mic 1.234", 1.23}, {"gain mic +24", 24}, {"gain mic -120", -96}, {"gain mic -120", -120},
		{"gain mic =-0", 0}, {"gain mic +0.1", 0.1}, {"gain mic +0.1", 0.2}, {"gain mic +0.1", 0.3},
		{"gain mic +9 max=6", 6}, {"gain mic +1 max=3", 6}, {"gain mic -1 max=3", 5}, {"gain mic -9 min=-2 max=3", -2},
		{"gain mic -1 min=0", -2}, {"gain mic +1 min=0", -1}, {"gain mic =0.3", 0.3},
	} {
		if r := do(box, c.line); r.Err != nil || mic.GainDB() != c.want || math.Signbit(mic.GainDB()) != (c.want < 0) {
			t.Errorf("%s: %v, gain is %v, want %v", c.line, r, mic.GainDB(), c.want)
		}
	}
	if r := do(box, "gain out =-12.5"); r.Err != nil || box.Mixer().Output().GainDB() != -12.5 {
		t.Errorf("output: %v, gain is %v", r, box.Mixer().Output().GainDB())
	}
}

// mutes is which of mic, tape and the output are muted.
func mutes(box *controltest.Box) string {
	mic, _ := box.Mixer().Stream("mic")
	tape, _ := box.Mixer().Stream("tape")
	return fmt.Sprint(mic.Muted(), tape.Muted(), box.Mixer().Output().Muted())
}

func TestMutes(t *testing.T) {
	box := controltest.New() // mic heard, tape muted
	for _, c := range []struct{ line, want string }{
		{"toggle all", "true true false"},
		{"toggle all", "false false false"},
		{"mute mic", "true false false"},
		{"mute tape", "true true false"},
		{"unmute\t  tape ", "true false false"},
		{"mute out", "true false true"},
		{"toggle out", "true false false"},
		{"toggle all", "true true false"},
		{"toggle all", "false false false"},
		{"mute all", "true true false"},
		{"unmute all", "false false false"},
		{"mute usb1", "false false false"},
		{"toggle all", "true true false"},
	} {
		if r := do(box, c.line); r.Err != nil || mutes(box) != c.want {
			t.Errorf("%s: %v, mic, tape, out muted: %s, want %s", c.line, r, mutes(box), c.want)
		}
	}
}

func TestAddRequest(t *testing.T) {
	gain, auto, latency, priority, none := -6.5, time.Duration(0), 12500*time.Microsecond, 9, 0
	for line, want := range map[string]control.AddRequest{
		"add radio":           {Name: "radio"},
		"add radio gain=-6.5": {Name: "radio", GainDB: &gain},
		"add a sim:tone?hz=440&ppm=80 channels=2,1,2 sync=adaptive": {
			Name: "a", Device: "sim:tone?hz=440&ppm=80", Channels: []int{2, 1, 2}, Sync: "adaptive"},
		"add a-_1 usb:1-1.2,0 gain=-6.5 sync=locked": {Name: "a-_1", Device: "usb:1-1.2,0", GainDB: &gain, Sync: "locked"},
		"add a hw:A,0 latency=auto":                  {Name: "a", Device: "hw:A,0", Latency: &auto},
		"add a hw:A,0 priority=0":                    {Name: "a", Device: "hw:A,0", Priority: &none},
		"add a hw:A,0 gain=-6.5 channels=1 sync=adaptive latency=12.5ms priority=9": {
			Name: "a", Device: "hw:A,0", GainDB: &gain, Channels: []int{1}, Sync: "adaptive", Latency: &latency, Priority: &priority},
	} {
		box := controltest.New()
		if r := do(box, line); r.Err != nil || len(box.Requests) != 1 || !reflect.DeepEqual(box.Requests[0], want) {
			t.Errorf("%s: %v, asked for %+v, want %+v", line, r, box.Requests, want)
		}
	}
}

func TestErrorsOfTheBox(t *testing.T) {
	for _, c := range []struct {
		err  error
		code control.Code
	}{
		{fmt.Errorf("line 3: %w", control.ErrConfig), control.CodeConfig},
		{fmt.Errorf("reload: %w", &control.Error{Code: 39, Text: "not now"}), control.CodeNotNow},
		{fmt.Errorf("reload: %w", mixer.ErrEnded), control.CodeEnded},
		{fmt.Errorf("reload: %w", mixer.ErrClosed), control.CodeEnded},
		{fmt.Errorf("reload: %w", mixer.ErrShape), control.CodeUnsuitable},
		{errors.New("tumbled"), control.CodeInternal},
	} {
		box := controltest.New()
		box.Err = c.err
		r := do(box, "reload")
		if r.Err == nil || r.Err.Code != c.code || r.Err.Text != c.err.Error() {
			t.Errorf("%v: got %v, want code %d", c.err, r, c.code)
		}
		if log := fmt.Sprint(box.Log.Tail(1)); !strings.Contains(log, fmt.Sprint("code=", int(c.code))) {
			t.Errorf("%v: log says %s", c.err, log)
		}
		if r := do(box, "devices"); r.Err == nil || r.Data != nil {
			t.Errorf("devices: %v: got %v", c.err, r)
		}
	}
}

func TestStatusSaysWhy(t *testing.T) {
	box := controltest.New()
	box.LosePlayback("hw:Out,0 is unplugged")
	if got := do(box, "status").String(); !strings.HasPrefix(got, "state: no-output\nreason: \"hw:Out,0 is unplugged\"\n") {
		t.Error(got)
	}
}

func TestWhatIsLogged(t *testing.T) {
	box := controltest.New()
	for _, line := range []string{"status", "mute mic", "mute", "mute x y", "gain mic x", "streams", "help", "end"} {
		box.Dispatcher.Do(context.Background(), "button red", line)
	}
	var lines []string
	objects, err := control.ParseData(box.Log.Tail(10))
	for _, o := range objects {
		lines = append(lines, fmt.Sprint(o["origin"], ": ", o["line"]))
	}
	if want := []string{"button red: mute mic", "button red: end"}; err != nil || !reflect.DeepEqual(lines, want) {
		t.Errorf("got %q, %v, want %q", lines, err, want)
	}
}

func TestCheck(t *testing.T) {
	for line, ok := range map[string]bool{"toggle mic": true, "end now": true, "gain out -3": true,
		"mute mic;unmute line ; gain out -3": true, "mute mic;": false, ";": false, "mute mic; sing; end": false,
		"toggle": false, "gain mic loud": false, "sing": false, "mute m\n": false} {
		if err := control.Check(line); (err == nil) != ok {
			t.Errorf("%q: %v", line, err)
		}
	}
}

// What has changed something is told before the reply; what has not, is not.
func TestChangedIsTold(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		box := controltest.New()
		for _, c := range []struct {
			line    string
			changes int
		}{
			{"mute mic", 1}, {"gain out -3", 1}, {"toggle all", 1}, {"add radio", 1}, {"remove radio", 1}, {"reload", 1}, {"end now", 1}, {"start", 1},
			{"mute nobody", 0}, {"gain mic 30", 0}, {"start", 0}, {"status", 0}, {"streams", 0}, {"save", 0}, {"log", 0},
		} {
			before := box.Changes
			if do(box, c.line); box.Changes-before != c.changes {
				t.Errorf("%s: told %d times, want %d", c.line, box.Changes-before, c.changes)
			}
		}
		box.SaveErr = fmt.Errorf("%w: no space", control.ErrStorage)
		if r := do(box, "save"); r.Err == nil || r.Err.Code != control.CodeStorage || r.Err.Text != "not saved: no space" {
			t.Errorf("save says %v", r)
		}
	})
}
