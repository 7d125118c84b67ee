package main

import (
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"submix/cmd/submixd/config"
	"submix/control"
	"submix/hw/file"
	"submix/hw/pcm"
)

const (
	wavBlock  = 240
	wavBlocks = 100 // of a test file; its last one is half a block
)

// noise returns samples that 16 bits hold exactly, none of them 0.
func noise(n int) []float32 {
	s := make([]float32, n)
	for i := range s {
		s[i] = float32(int16(i*7919)|1) / 32768
	}
	return s
}

func writeWAV(t *testing.T, path string, rate, channels int, samples []float32) {
	t.Helper()
	w, err := file.Create(path, rate, channels, pcm.S16LE)
	if err != nil {
		t.Fatal(err)
	}
	if err := w.WriteFrames(samples); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
}

// readWAV returns the samples of a stereo file.
func readWAV(t *testing.T, path string) []float32 {
	t.Helper()
	r, err := file.OpenReader(path)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	if r.Rate() != 48000 || r.Channels() != 2 {
		t.Fatalf("%v, want 48000 Hz, 2 channels", r)
	}
	samples := make([]float32, 2*r.Frames())
	for at := 0; at < len(samples); {
		n, err := r.Read(samples[at:])
		if err == io.EOF || n == 0 {
			t.Fatalf("%s ends after %d of %d samples", path, at, len(samples))
		}
		at += 2 * n
	}
	return samples
}

// fromFile is a box that plays in.wav to out.wav, both in dir.
func fromFile(dir string) string {
	return fmt.Sprintf(`
mixer.limiter = false
playback.device = "file:%[1]s/out.wav"
[[capture]]
name = "tape"
device = "file:%[1]s/in.wav"
`, dir)
}

// wantPlayed checks that played, stereo, is silence, want, and silence, but for the fades
// of the first and the last block of want, of which the last rings out to a whole block.
func wantPlayed(t *testing.T, played, want []float32) {
	t.Helper()
	if len(want)%(2*wavBlock) == 0 {
		t.Fatal("the last block has to be a short one")
	}
	full := want[2*wavBlock : len(want)-2*wavBlock/2]
	start := slices.Index(played, full[0])
	for ; start >= 0 && start+len(full) <= len(played); start++ {
		if slices.Equal(played[start:start+len(full)], full) {
			break
		}
	}
	if start < 2*wavBlock || start+len(full) > len(played) {
		t.Fatalf("the samples of the file are not in what was played, of %d samples", len(played))
	}
	fadeIn, fadeOut := played[start-2*wavBlock:start], played[start+len(full):]
	for i, v := range played[:start-2*wavBlock] {
		if v != 0 {
			t.Fatalf("sample %d, before the file, is %g", i, v)
		}
	}
	for i, v := range fadeOut[min(len(fadeOut), 2*wavBlock):] {
		if v != 0 {
			t.Fatalf("sample %d after the file is %g", i, v)
		}
	}
	for name, fade := range map[string][2][]float32{
		"first": {fadeIn, want}, "last": {fadeOut, want[len(want)-wavBlock:]},
	} {
		if slices.Equal(fade[0], make([]float32, len(fade[0]))) {
			t.Errorf("the %s block is silence", name)
		}
		for i, v := range fade[0][:wavBlock] {
			if w := fade[1][i]; v*w < 0 || v*v > w*w {
				t.Fatalf("sample %d of the %s block is %g, want a fade of %g", i, name, v, w)
			}
		}
	}
}

func TestFileIsPlayed(t *testing.T) {
	dir := t.TempDir()
	samples := noise(2*wavBlock*wavBlocks - wavBlock)
	writeWAV(t, filepath.Join(dir, "in.wav"), 48000, 2, samples)
	inBubble(t, fromFile(dir), func(r *rig) {
		time.Sleep(250 * time.Millisecond)
		r.streams("tape live")
		r.says("end") // files play to their end
		time.Sleep(100 * time.Millisecond)
		r.says("status", "state: ending")
		r.streams("tape live")
		time.Sleep(time.Second)
		r.says("status", "state: ended")
		r.streams("tape ended")
		if n := r.open.Load(); n != 0 {
			t.Error("the file is still open")
		}
		wantPlayed(t, readWAV(t, filepath.Join(dir, "out.wav")), samples)
	})
}

func TestMonoFile(t *testing.T) {
	dir := t.TempDir()
	mono := noise(wavBlock*wavBlocks - wavBlock/2)
	writeWAV(t, filepath.Join(dir, "in.wav"), 48000, 1, mono)
	inBubble(t, fromFile(dir), func(r *rig) {
		time.Sleep(time.Second)
		r.streams("tape ended")
		r.says("status", "state: running")
		r.says("add tape") // again: one that has ended is replaced
		r.says("end now")
	})
	both := make([]float32, 0, 2*len(mono))
	for _, v := range mono {
		both = append(both, v, v)
	}
	// The mix was cut off as the file had just begun for the second time.
	played := readWAV(t, filepath.Join(dir, "out.wav"))
	wantPlayed(t, played[:min(len(played), 2*48000)], both)
}

// A file of another rate is as long, and as high, as it was recorded.
func TestFileOfAnotherRate(t *testing.T) {
	const rate, hz, seconds = 44100, 997, 2
	dir := t.TempDir()
	tone := make([]float32, rate*seconds)
	for i := range tone {
		tone[i] = float32(0.5 * math.Sin(2*math.Pi*hz*float64(i)/rate))
	}
	writeWAV(t, filepath.Join(dir, "in.wav"), rate, 1, tone)
	inBubble(t, fromFile(dir), func(r *rig) {
		time.Sleep((seconds + 1) * time.Second)
		r.streams("tape ended")
	})
	played := readWAV(t, filepath.Join(dir, "out.wav"))
	first, last, crossings := -1, 0, 0
	for i := 2; i < len(played); i += 2 {
		if played[i] != 0 {
			last = i / 2
			if first < 0 {
				first = i / 2
			}
		}
		if played[i-2] < 0 && played[i] >= 0 {
			crossings++
		}
	}
	length := float64(last-first+1) / 48000
	t.Logf("%d periods in %.4f s", crossings, length)
	if math.Abs(length-seconds) > 0.005 || math.Abs(float64(crossings)-hz*seconds) > 3 {
		t.Errorf("%d periods in %.4f s, want %d in %d s", crossings, length, hz*seconds, seconds)
	}
}

func TestUnsuitableFiles(t *testing.T) {
	dir := t.TempDir()
	writeWAV(t, filepath.Join(dir, "slow.wav"), 5999, 2, noise(1000))
	if err := os.WriteFile(filepath.Join(dir, "text.wav"), []byte("this is no sound at all"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(filepath.Join(dir, "dir.wav"), 0o700); err != nil {
		t.Fatal(err)
	}
	inBubble(t, simulated3, func(r *rig) {
		r.refuses("add x file:"+dir+"/slow.wav", control.CodeUnsuitable, "5999")
		r.refuses("add x file:"+dir+"/text.wav", control.CodeDevice, "RIFF")
		r.refuses("add x file:"+dir+"/dir.wav", control.CodeUnsuitable, "not a regular file")
		time.Sleep(100 * time.Millisecond)
		r.streams("mic live", "line live")
	})
}

// A file in the configuration that is not there leaves the others alone.
func TestMissingFile(t *testing.T) {
	inBubble(t, fromFile("/nowhere")+"[[capture]]\nname = \"mic\"\ndevice = \"sim:tone\"\n", func(r *rig) {
		time.Sleep(100 * time.Millisecond)
		r.streams("mic live")
		r.wantLogged(1, "stream not added")
		r.says("status", "state: no-output", "/nowhere/out.wav: no such file or directory")
	})
}

// When the disk is full the mix goes on; the file is not begun anew.
func TestRecordingFails(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		dir := t.TempDir()
		r := newRig(t, strings.Replace(simulated3, "sim:null", "file:"+dir+"/out.wav", 1))
		open := r.b.openSink
		opened := 0
		r.b.openSink = func(cfg *config.Config) (sink, error) {
			opened++
			s, err := open(cfg)
			return &card{sink: s, left: 200}, err
		}
		r.run()
		time.Sleep(10 * time.Second)
		r.says("status", "state: no-output", "the card was pulled")
		r.streams("mic live", "line live")
		if opened != 1 {
			t.Errorf("the file was opened %d times", opened)
		}
		if n := len(readWAV(t, dir+"/out.wav")); n != 200*2*wavBlock {
			t.Errorf("%d samples were kept", n)
		}
		r.shutdown()
	})
}
