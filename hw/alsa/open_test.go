package alsa

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"unsafe"

	"github.com/yobert/alsa/alsatype"
	status "github.com/yobert/alsa/pcm"
	"golang.org/x/sys/unix"

	"submix/hw/pcm"
)

// The sizes are those of a 64-bit kernel, the numbers those of strace.
func TestLayouts(t *testing.T) {
	for _, c := range []struct{ got, want uintptr }{
		{unsafe.Sizeof(hwParams{}), 608}, {unsafe.Sizeof(alsatype.SwParams{}), 136},
		{unsafe.Sizeof(xferI{}), 24}, {unsafe.Sizeof(status.Status{}), 152},
		{unsafe.Sizeof(syncPtr{}), 136}, {unsafe.Offsetof(syncPtr{}.hw), 16}, {unsafe.Offsetof(syncPtr{}.tstamp), 24}, {unsafe.Offsetof(syncPtr{}.appl), 72},
		{reqHwRefine, 0xc2604110}, {reqHwParams, 0xc2604111}, {reqSwParams, 0xc0884113}, {reqStatus, 0x80984120},
		{reqSyncPtr, 0xc0884123}, {reqPrepare, 0x4140}, {reqWriteI, 0x40184150}, {reqReadI, 0x80184151},
	} {
		if c.got != c.want {
			t.Errorf("%#x, want %#x", c.got, c.want)
		}
	}
}

func TestFind(t *testing.T) {
	f := newFakeSystem(t)
	for _, c := range []struct {
		name    string
		capture bool
		want    string // the node; or a part of the error
	}{
		{"hw:SrcA,0", false, "/dev/snd/pcmC0D0p"},
		{"hw:SrcA,1", true, "/dev/snd/pcmC0D1c"},
		{"hw:0,01", true, "/dev/snd/pcmC0D1c"},
		{"hw:SrcA", false, "/dev/snd/pcmC0D0p"},
		{"hw:Mic", true, "/dev/snd/pcmC10D2c"},
		{"hw:10,10", true, "/dev/snd/pcmC10D10c"},
		{"usb:1-1.2", true, "/dev/snd/pcmC10D2c"},
		{"usb:1-1.2,10", true, "/dev/snd/pcmC10D10c"},
		{"usb:1-1", true, "the cards here are hw:SrcA (card 0), hw:Mic (card 10, usb:1-1.2)"},
		{"usb:1-1.2", false, "card Mic has no such device for playback; it has 2 for capture, 10 for capture"},
		{"hw:SrcA,7", true, "card SrcA has no such device for capture"},
		{"hw:Out,0", true, "the cards here are hw:SrcA"},
		{"usb:hub,0", true, "write hw:CARD"},
		{"default", true, "write hw:CARD"},
		{"", true, "write hw:CARD"},
	} {
		a, err := f.find(c.name, c.capture)
		if err != nil {
			if !errors.Is(err, ErrNotFound) || !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), c.name) {
				t.Errorf("%s: error %q, want %q", c.name, err, c.want)
			}
		} else if got := f.path(a); got != c.want {
			t.Errorf("%s capture=%v is %s, want %s", c.name, c.capture, got, c.want)
		}
	}
	if _, err := (system{sys: t.TempDir()}).find("hw:0,0", true); !errors.Is(err, ErrNotFound) || !strings.Contains(err.Error(), "no sound card at all") {
		t.Errorf("without cards: %v", err)
	}
}

func TestOpenErrors(t *testing.T) {
	f := newFakeSystem(t)
	for _, c := range []struct {
		errno unix.Errno
		is    error
		says  string
	}{
		{unix.EBUSY, ErrBusy, "held by aplay (pid 4710)"},
		{unix.ENODEV, ErrNotFound, "the cards here are"},
		{unix.EACCES, unix.EACCES, "group audio"},
		{unix.EMFILE, unix.EMFILE, "pcmC0D0p"},
	} {
		f.errs["pcmC0D0p"] = c.errno
		_, err := f.openPlayback(Config{Device: "hw:SrcA,0"})
		if !errors.Is(err, c.is) || !errors.Is(err, c.errno) || !strings.Contains(err.Error(), c.says) || !strings.HasPrefix(err.Error(), "hw:SrcA,0: ") {
			t.Errorf("%v: got %v, want %v saying %q", c.errno, err, c.is, c.says)
		}
	}
	f.errs["pcmC0D1p"] = unix.EBUSY
	if _, err := f.openPlayback(Config{Device: "hw:SrcA,1"}); !errors.Is(err, ErrBusy) || !strings.Contains(err.Error(), "another program") {
		t.Errorf("busy without a known owner: %v", err)
	}
}

func TestNegotiate(t *testing.T) {
	rate := func(rates ...int) func(*fakePCM) { return func(f *fakePCM) { f.values[paramRate] = rates } }
	odd := func(f *fakePCM) { f.values[paramPeriodSize] = []int{64, 128, 256, 512} }
	for _, c := range []struct {
		about   string
		capture bool
		device  func(*fakePCM)
		config  Config
		want    string // the setup, or a part of the error
	}{
		{"all defaults: most bits", false, nil, Config{}, "S32_LE, 48000 Hz, 2 channels, period 240, buffer 720 frames"},
		{"the format asked for", false, nil, Config{Formats: []pcm.Format{pcm.S16LE}}, "S16_LE, 48000 Hz, 2 channels"},
		{"in the order asked for", false, nil, Config{Formats: []pcm.Format{pcm.S24_3LE, pcm.S16LE}}, "S24_3LE, "},
		{"what there is of them", false, func(f *fakePCM) { f.formats = []int{0, 2} }, Config{}, "S16_LE, "},
		{"S16 and S24_3LE, as USB cards have", true, func(f *fakePCM) { f.formats = []int{2, 32} }, Config{}, "S24_3LE, "},
		{"many bits only with few channels", true, func(f *fakePCM) { f.fit = func(n, c int) bool { return n == 2 || c < 8 } }, Config{Channels: 8}, "S16_LE, 48000 Hz, 8 channels"},
		{"a mono microphone", true, func(f *fakePCM) { f.values[paramChannels] = []int{1} }, Config{}, "1 channels"},
		{"no mono playback for stereo", false, func(f *fakePCM) { f.values[paramChannels] = []int{1} }, Config{}, "asked for S32_LE or S24_LE or S24_3LE or FLOAT_LE or S16_LE, 48000 Hz, 2 channels; it offers S16_LE S24_LE"},
		{"an interface with many inputs", true, func(f *fakePCM) { f.values[paramChannels] = []int{10} }, Config{}, "10 channels"},
		{"the next count", true, nil, Config{Channels: 3}, "4 channels"},
		{"a rate it has not", true, nil, Config{Rate: 96000}, "96000 Hz, 2 channels; it offers S16_LE S24_LE S32_LE FLOAT_LE S24_3LE, 44100-48000 Hz, 1-8 channels"},
		{"a rate it has not, any allowed", true, rate(44100), Config{AnyRate: true}, "S32_LE, 44100 Hz, 2 channels, period 221, buffer 4420 frames"},
		{"the wanted rate first", true, rate(44100, 48000, 96000), Config{AnyRate: true}, "48000 Hz, 2 channels, period 240, buffer 4800"},
		{"even for fewer bits", true, func(f *fakePCM) { f.formats = []int{2} }, Config{AnyRate: true}, "S16_LE, 48000 Hz"},
		{"the nearest above before those below", true, rate(32000, 44100, 96000, 192000), Config{AnyRate: true}, "96000 Hz, 2 channels, period 480, buffer 8192"},
		{"the nearest below", true, rate(8000, 16000), Config{AnyRate: true, PeriodFrames: 96}, "16000 Hz, 2 channels, period 32, buffer 1600"},
		{"above an odd rate", true, rate(44100, 48000), Config{AnyRate: true, Rate: 47000}, "48000 Hz"},
		{"a rate too far below", true, rate(8000), Config{AnyRate: true, Rate: 96000}, "96000 Hz or a standard rate from 12000 to 768000 Hz, 2 channels; it offers S16_LE S24_LE S32_LE FLOAT_LE S24_3LE, 8000 Hz"},
		{"a rate too far above", true, rate(192000), Config{AnyRate: true, Rate: 22050}, "22050 Hz or a standard rate"},
		{"playback keeps to the rate", false, rate(44100), Config{AnyRate: true}, "48000 Hz, 2 channels; it offers"},
		{"a rate between", true, nil, Config{Rate: 47000}, "44100-48000 Hz"},
		{"no format of ours", false, func(f *fakePCM) { f.formats = []int{0, 18} }, Config{}, "it offers S8 format 18, "},
		{"period and buffer as asked", false, nil, Config{PeriodFrames: 96, Periods: 2}, "period 96, buffer 192"},
		{"the nearest period above", false, odd, Config{PeriodFrames: 480, Periods: 3}, "period 512, buffer 1536"},
		{"the nearest period below", false, odd, Config{PeriodFrames: 150, Periods: 3}, "period 128, buffer 384"},
		{"a period below all", false, odd, Config{PeriodFrames: 10, Periods: 4}, "period 64, buffer 256"},
		{"a period beyond all", false, odd, Config{PeriodFrames: 5000, Periods: 4}, "period 512, buffer 2048"},
		{"a buffer of 100 ms for capture", true, nil, Config{PeriodFrames: 96}, "period 96, buffer 4800"},
		{"in whole periods", true, nil, Config{PeriodFrames: 1000}, "period 1000, buffer 8000"},
		{"as far as the device has it", true, func(f *fakePCM) { f.values[paramBufferSize] = []int{512, 1024} }, Config{}, "period 240, buffer 1024"},
		{"a buffer too small", false, func(f *fakePCM) { f.values[paramBufferSize] = []int{300} }, Config{}, "no room for two periods"},
		{"one period", false, nil, Config{Periods: 1}, "at least 2 periods"},
		{"nonsense", false, nil, Config{Rate: -1}, "must not be negative"},
		{"no USB bandwidth", true, func(f *fakePCM) { f.errnos[reqPrepare] = []unix.Errno{unix.ENOSPC} }, Config{}, "USB bus has no bandwidth"},
	} {
		n := newFakePCM(c.capture)
		if c.device != nil {
			c.device(n)
		}
		c.config.Device = "hw:0,0"
		config, err := c.config.withDefaults(c.capture)
		var s *stream
		if err == nil {
			s, err = setUp(n, config, c.capture)
		}
		switch {
		case err != nil && (!errors.Is(err, ErrUnsuitable) || !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), "hw:0,0")):
			t.Errorf("%s: error %q, want %q", c.about, err, c.want)
		case err != nil && s == nil && n.calls != nil && !n.closed:
			t.Errorf("%s: the device is left open", c.about)
		case err == nil && !strings.Contains(s.String(), c.want):
			t.Errorf("%s: %v, want %s", c.about, s, c.want)
		case err == nil && (int(n.sw.AvailMin) != s.period || int(n.sw.StopThreshold) != s.buffer || int(n.sw.StartThreshold) <= s.buffer || n.sw.TstampMode != 1 || n.sw.TstampType != 1):
			t.Errorf("%s: software parameters %+v", c.about, n.sw)
		}
	}
}

func TestOpenOfDying(t *testing.T) {
	for _, e := range []struct{ errno, is error }{{unix.ENODEV, ErrGone}, {unix.EBUSY, ErrBusy}} {
		f := newFakeSystem(t)
		f.nodes["pcmC0D0c"].errnos[reqHwParams] = []unix.Errno{e.errno.(unix.Errno)}
		if _, err := f.openCapture(Config{Device: "hw:0,0"}); !errors.Is(err, e.is) || !errors.Is(err, e.errno) {
			t.Errorf("HW_PARAMS answers %v: %v", e.errno, err)
		}
	}
}

func TestCards(t *testing.T) {
	f := newFakeSystem(t)
	f.errs["pcmC0D0p"] = unix.EBUSY
	f.errs["pcmC0D1p"] = unix.EACCES
	f.names = map[string]string{"controlC10": "Blue Mic 2", "pcmC10D2c": "USB Audio", "controlC12": "Gone"}
	f.addCard(t, 11, "Half", "devices/platform/x/sound/card11") // no devices, no names
	cards, err := f.list()
	if err != nil || len(cards) != 3 {
		t.Fatal(cards, err)
	}
	var got []string
	for _, c := range cards {
		got = append(got, fmt.Sprintf("%d %s %q %q %q", c.Number, c.ID, c.Name, c.LongName, c.USB))
		for _, d := range c.Devices {
			got = append(got, fmt.Sprintf("%d %q %v %v %q %v %v", d.Number, d.Name, d.Capture, d.Busy, d.Owner, d.Offer != nil, d.Err != nil))
		}
	}
	want := []string{
		`0 SrcA "Loopback" "Loopback 1" ""`,
		`0 "" true false "" true false`, `0 "Loopback PCM" false true "aplay (pid 4710)" true false`,
		`1 "" true false "" true false`, `1 "" false false "" false true`,
		`10 Mic "Blue Mic 2" "Blue Mic at usb-0000:01:00.0-1.2, full speed" "1-1.2"`,
		`2 "USB Audio" true false "" true false`, `10 "" true false "" true false`,
		`11 Half "" "" ""`,
	}
	if !slices.Equal(got, want) {
		t.Errorf("got  %q\nwant %q", got, want)
	}
	offer := cards[1].Devices[0].Offer
	if got, want := offer.String(), "S16_LE S24_LE S32_LE FLOAT_LE S24_3LE, 44100-48000 Hz, 1-8 channels, periods of 32-2048 and buffers of 64-8192 frames"; got != want {
		t.Errorf("offer %q, want %q", got, want)
	}
	busy := cards[0].Devices[1]
	if got, want := fmt.Sprint(busy.PID, " ", busy.Offer), "4710 S16_LE, 44100 Hz, 2 channels, periods of 441 and buffers of 1764 frames"; got != want {
		t.Errorf("the busy device is %q, want %q", got, want)
	}
	if !f.nodes["pcmC10D2c"].closed {
		t.Error("a device is left open")
	}
}
