package control_test

import (
	"context"
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"net"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"submix/control"
	"submix/control/controltest"
	"submix/control/controltest/vt"
	"submix/control/screen"
)

// meters come at once and HZ times a second, until the next line.
func TestMeters(t *testing.T) {
	for _, c := range []struct {
		line, next, end string
		sets            int // in 10 s
	}{
		{"meters\n", "version\n", "OK\nversion: 0.1.0\nprotocol: 1\nOK\n", 51},
		{"meters 20\r\n", "\n", "OK\r\n", 201},
		{"meters 1\r", "meters 21\n", "OK\r\nERR 12 meters 21: from 1 to 20\n", 11},
		{"meters 1\n", "meters x\n", "OK\nERR 11 meters \"x\": not a whole number\n", 11},
		{"meters 1\n", "\x00\n", "OK\nERR 1 line holds bytes that are not printable ASCII\n", 11},
	} {
		got := exchange(t, 10*time.Second+time.Millisecond, c.line, c.next)
		if n := strings.Count(got, "meter out state=running gain=0.0 mute=no peak=-12.0 rms=-18.2 clips=0"); n != c.sets {
			t.Errorf("%q: %d sets in 10 s, want %d", c.line, n, c.sets)
		}
		if !strings.HasSuffix(got, "clips=0"+strings.Repeat("\r", strings.Count(c.end[:3], "\r"))+"\n"+c.end) {
			t.Errorf("%q, %q ends with %q, want %q", c.line, c.next, got[max(0, len(got)-100):], c.end)
		}
		completions(t, got)
	}
}

// A client that does not take its meters ends the session, not the box.
func TestMetersNobodyTakes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		near, far := net.Pipe()
		served := make(chan error, 1)
		go func() {
			served <- controltest.New().Dispatcher.Serve(context.Background(), timedOut{near}, "socket")
		}()
		io.WriteString(far, "meters\n")
		if err := <-served; err == nil {
			t.Error("no error")
		}
	})
}

type timedOut struct{ net.Conn }

func (c timedOut) Write(p []byte) (int, error) {
	c.SetWriteDeadline(time.Now().Add(time.Second))
	return c.Conn.Write(p)
}

// lively is a box of n streams whose levels move as speech and music do: each
// has a tune of its own, beats, and the meter's fall of 20 dB in 1.7 s.
func lively(n int) func(line string) (control.Reply, error) {
	r := rand.New(rand.NewPCG(5, 6))
	levels := make([]float64, n+1)
	last, start := time.Now(), time.Now()
	return func(line string) (control.Reply, error) {
		now := time.Now()
		fall := 20 / 1.7 * now.Sub(last).Seconds()
		if line == "status" {
			last = now
			for i := range levels {
				beat := -30 + 12*math.Sin(now.Sub(start).Seconds()*(0.3+float64(i)/10)) + 18*r.Float64()
				levels[i] = max(levels[i]-fall, beat)
			}
			return control.Reply{Data: []string{"state: running", fmt.Sprintf("uptime: %d", int(now.Sub(start).Seconds())),
				"gain: 0.0", "mute: no", fmt.Sprintf("peak: %.1f", levels[n]), "clips: 0", "xruns: 0"}}, nil
		}
		var reply control.Reply
		for i := range n {
			reply.Data = append(reply.Data, fmt.Sprintf("stream input-%d state=live gain=-6.0 mute=no peak=%.1f latency=%.2f drift=%+.1f xruns=0 clips=0",
				i, levels[i], 12+0.1*r.Float64(), 80+0.2*r.Float64()))
		}
		return reply, nil
	}
}

// The live screen takes a tenth of a line of 115200 baud at most.
func TestBytesOfLiveScreen(t *testing.T) {
	for _, c := range []struct {
		streams, width, height, hz, speed int
		limit                             float64 // bytes a second
		least                             float64 // pictures a second
	}{
		{8, 80, 24, 5, 0, 1152, 4.5},
		{8, 80, 24, 5, 960, 960, 4.5},
		{30, 200, 60, 5, 11520, 1152, 0.5},
		{8, 80, 24, 20, 960, 960, 8},
		{8, 80, 24, 20, 0, 4608, 18},
	} {
		synctest.Test(t, func(t *testing.T) {
			term := vt.New(c.width, c.height)
			pictures := 0
			do := lively(c.streams)
			live := control.Live{Rate: c.hz, BytesPerSecond: c.speed, Painter: screen.Painter{W: term},
				Size: func() (int, int) { return c.width, c.height },
				Do: func(line string) (control.Reply, error) {
					if line == "status" {
						pictures++
					}
					return do(line)
				}}
			start := time.Now()
			if err := live.Run(func(d time.Duration) (bool, error) {
				time.Sleep(d)
				return time.Since(start) >= time.Minute, nil
			}); err != nil {
				t.Fatal(err)
			}
			rate := float64(term.Bytes()) / time.Since(start).Seconds()
			t.Logf("%d moving streams on %d x %d at %d Hz: %.0f bytes/s in a minute, %.1f pictures/s; a tenth of 115200 baud is 1152 bytes/s",
				c.streams, c.width, c.height, c.hz, rate, float64(pictures)/time.Since(start).Seconds())
			if rate > c.limit {
				t.Errorf("%.0f bytes/s, want at most %.0f", rate, c.limit)
			}
			if n := float64(pictures) / time.Since(start).Seconds(); n < c.least {
				t.Errorf("only %.1f pictures/s, want %.1f", n, c.least)
			}
			if u := term.Unknown(); len(u) > 0 {
				t.Errorf("unknown sequences %q", u)
			}
		})
	}
}

// What a run that has crashed has left in status is not taken for the state of this one.
func TestPictureAfterACrash(t *testing.T) {
	m, err := control.ReadMix(func(line string) (control.Reply, error) {
		if line == "streams" {
			return control.Reply{Data: []string{"stream mic state=live peak=-6.0"}}, nil
		}
		return control.Reply{Data: []string{"state: running", "uptime: 7", "peak: -3.0", "crash: \"a driver\"",
			`log 41 boot=864.210 event=mix level=warn text="no output" state=no-output`}}, nil
	})
	if err != nil || m.State != "running" || m.Uptime != 7*time.Second || m.Out.PeakDB != -3 || len(m.Streams) != 1 {
		t.Errorf("got %+v, %v", m, err)
	}
}

// On a terminal of any size nothing is cut off by the terminal itself, which would scroll.
func TestLiveScreenOfAnySize(t *testing.T) {
	for width := 1; width <= 30; width++ {
		for height := 1; height <= 6; height++ {
			synctest.Test(t, func(t *testing.T) {
				term := vt.New(width, height)
				live := control.Live{Do: lively(8), Rate: 5, Hint: "any key ends", Painter: screen.Painter{W: term},
					Size: func() (int, int) { return width, height }}
				if err := live.Run(func(time.Duration) (bool, error) {
					lines := strings.Split(term.Text(), "\n")
					if hint := strings.TrimSpace("any key ends"[:min(width-1, 12)]); !strings.HasPrefix(lines[min(len(lines), height)-1], hint) {
						t.Errorf("%d x %d: the screen is\n%s", width, height, term.Text())
					}
					return true, nil
				}); err != nil {
					t.Fatal(err)
				}
			})
		}
	}
}
