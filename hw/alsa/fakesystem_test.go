package alsa

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"golang.org/x/sys/unix"
)

// fakeSystem is a tree with two cards: SrcA, a cable (playback and capture), and a USB microphone.
type fakeSystem struct {
	system
	nodes map[string]*fakePCM // by file name
	errs  map[string]error
	names map[string]string // what the library says
}

func newFakeSystem(t *testing.T) *fakeSystem {
	t.Helper()
	dir := t.TempDir()
	f := &fakeSystem{nodes: map[string]*fakePCM{}, errs: map[string]error{}}
	f.system = system{dev: "/dev/snd", proc: filepath.Join(dir, "proc"), sys: filepath.Join(dir, "sys"), openNode: f.openNode,
		titles: func() map[string]string { return f.names }}
	write := func(path, text string) {
		path = filepath.Join(dir, path)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	write("proc/asound/cards", " 0 [SrcA           ]: Loopback - Loopback\n                      Loopback 1\n"+
		"10 [Mic            ]: USB-Audio - Blue Mic\n                      Blue Mic at usb-0000:01:00.0-1.2, full speed\n")
	f.addCard(t, 0, "SrcA", "devices/platform/snd_aloop.0/sound/card0")
	f.addCard(t, 10, "Mic", "devices/pci0000:00/usb1/1-1/1-1.2/1-1.2:1.0/sound/card10")
	for _, name := range []string{"pcmC0D0p", "pcmC0D0c", "pcmC0D1p", "pcmC0D1c", "pcmC10D10c", "pcmC10D2c"} {
		write("sys/class/sound/"+name+"/dev", "116:1\n")
		f.nodes[name] = newFakePCM(name[len(name)-1] == 'c')
	}
	write("proc/asound/card0/pcm0p/info", "card: 0\ndevice: 0\nname: Loopback PCM\n")
	write("proc/asound/card0/pcm0p/sub0/status", "closed\n")
	write("proc/asound/card0/pcm0p/sub1/status", "state: RUNNING\nowner_pid   : 4711\n")
	write("proc/4711/status", "Name:\taplay\nTgid:\t4710\nPid:\t4711\n")
	write("proc/4710/comm", "aplay\n")
	write("proc/asound/card0/pcm0p/sub0/hw_params", "closed\n")
	write("proc/asound/card0/pcm0p/sub1/hw_params", "access: RW_INTERLEAVED\nformat: S16_LE\nsubformat: STD\nchannels: 2\n"+
		"rate: 44100 (44100/1)\nperiod_size: 441\nbuffer_size: 1764\n")
	return f
}

func (f *fakeSystem) addCard(t *testing.T, number int, id, at string) {
	t.Helper()
	real, link := filepath.Join(f.sys, at), filepath.Join(f.sys, "class/sound", fmt.Sprintf("card%d", number))
	for _, dir := range []string{real, filepath.Dir(link)} {
		if err := os.MkdirAll(dir, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(filepath.Join(real, "id"), []byte(id+"\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(filepath.Join("../..", at), link); err != nil {
		t.Fatal(err)
	}
}

func (f *fakeSystem) openNode(path string, _ bool) (node, error) {
	name := filepath.Base(path)
	if err := f.errs[name]; err != nil {
		return nil, err
	}
	if n := f.nodes[name]; n != nil {
		return n, nil
	}
	return nil, unix.ENOENT
}
