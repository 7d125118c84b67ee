//go:build vm

package guest

import (
	"flag"
	"fmt"
	"slices"
	"strconv"
	"sync/atomic"
	"testing"
	"time"

	"submix/hw/alsa"
	"submix/hw/pcm"
	"submix/mixer/analyse"
)

var long = flag.Bool("long", false, "have tests run for as long as they are meant to")

// shorter is d, or, without -long, at most a fifth of it.
func shorter(d time.Duration) time.Duration {
	if *long {
		return d
	}
	return d / 5
}

// A drifter is a source with a clock of its own and two tones, one for each channel.
type drifter struct {
	name, card string
	ppm        float64
	hz         [2]int
}

var drifters = []drifter{
	{"a", "SrcA", 0, [2]int{997, 10000}},
	{"b", "SrcB", 0, [2]int{1511, 10600}},
	{"c", "SrcC", 0, [2]int{2003, 11200}},
}

// driftTest has three drifters mixed, and the mix analysed.
type driftTest struct {
	t       *testing.T
	sources []drifter
	box     *box
	players []*player
	plan    analyse.Plan
	out     *listener
	keep    atomic.Bool // what is heard from now on, in
	heard   []float32
	began   time.Time             // when the first of that was heard
	latency map[string][2]float64 // ms, least and most
	found   [3]float64            // ppm
	xruns   string                // of the output, when the recording began
}

const drifterLevel = 0.3

// settle is how long after lock the tones are listened to: a clock that has just been found is found better and better,
// which bends them.
const settle = 40 * time.Second

// startDrift has the three cards play, ppm fast, and mixes them, with clocks that are followed. What is listened to may be
// length long.
func startDrift(t *testing.T, length time.Duration, ppm [3]float64) *driftTest {
	d := &driftTest{t: t, sources: slices.Clone(drifters), latency: map[string][2]float64{}}
	d.plan = analyse.Plan{Rate: 48000, WindowFrames: 4800, Hz: make([][]float64, 2), GlitchLimit: 2e-3, GapFrames: 20}
	// What is heard is analysed in the end: both ends of a cable whose rate is shifted make up for their rounding by how
	// many ticks they are moved at once (last_drift in sound/drivers/aloop.c of the kernel). Where that changes with
	// when programs come to look, because others keep them waiting, the rate wanders by up to hundreds of ppm.
	d.heard = make([]float32, 0, 2*48000*int(length/time.Second+20))
	clear(d.heard[:cap(d.heard)])           // its memory is there now, and not when it is needed
	tones := make([]signal, len(d.sources)) // all are made before the first plays: that takes the processor
	for i := range d.sources {
		s := &d.sources[i]
		s.ppm = setDrift(t, s.card, ppm[i])
		left, right := sine(s.hz[0], 48000, drifterLevel), sine(s.hz[1], 48000, drifterLevel)
		for c, hz := range s.hz {
			d.plan.Hz[c] = append(d.plan.Hz[c], float64(hz)*(1+s.ppm*1e-6))
		}
		tones[i] = func(frame int64, channel int) float32 {
			if channel == 0 {
				return left(frame, 0)
			}
			return right(frame, 0)
		}
	}
	for i, s := range d.sources {
		c := alsa.Config{Device: "hw:" + s.card + ",0", Channels: 2, PeriodFrames: 240, Periods: 10, Formats: []pcm.Format{pcm.S32LE}}
		p := startSignal(t, c, tones[i])
		p.watch(length + 2*settle)
		d.players = append(d.players, p)
	}
	d.out = listen(t, alsa.Config{Device: "hw:Out,1", Channels: 2, Formats: []pcm.Format{pcm.S32LE}}, func(samples []float32) {
		if d.keep.Load() {
			if len(d.heard) == 0 {
				d.began = time.Now()
			}
			d.heard = append(d.heard, samples...)
		}
	})
	d.box = startBox(t, adaptive(240, 3))
	return d
}

// lock waits until all clocks are locked, tells when they were, and lets them settle.
func (d *driftTest) lock(settle time.Duration) {
	d.t.Helper()
	start := time.Now()
	for _, s := range d.sources {
		within(d.t, 15*time.Second, "the clock of "+s.name+" is locked", func() bool {
			time.Sleep(500 * time.Millisecond)
			return d.box.stream(s.name)["lock"] == "locked"
		})
	}
	d.t.Logf("all clocks are locked after %.1f s", time.Since(start).Seconds())
	time.Sleep(settle)
	d.xruns = d.box.status()["xruns"]
	d.keep.Store(true)
}

// listen waits, and notes the latencies meanwhile. It asks rarely: to ask keeps the players waiting.
func (d *driftTest) listen(length time.Duration) {
	d.t.Helper()
	const pause = 10 * time.Second
	for end := time.Now().Add(length); time.Now().Before(end); time.Sleep(pause) {
		streams := d.box.do("streams")
		for i, s := range d.sources {
			ms, err := strconv.ParseFloat(fields(streams[i])["latency"], 64)
			if err != nil {
				d.t.Fatal(err)
			}
			l, ok := d.latency[s.name]
			if !ok {
				l = [2]float64{ms, ms}
			}
			d.latency[s.name] = [2]float64{min(l[0], ms), max(l[1], ms)}
		}
	}
}

func (d *driftTest) number(stream, key string) float64 {
	d.t.Helper()
	v, err := strconv.ParseFloat(d.box.stream(stream)[key], 64)
	if err != nil {
		d.t.Fatal(err)
	}
	return v
}

// unbroken ends the mix and checks that the drifts were found to 5 ppm, and that there was no gap, click, xrun or block too few. It returns what was
// found in each channel.
func (d *driftTest) unbroken() [2]*analyse.Record {
	d.t.Helper()
	for i, s := range d.sources {
		ppm := d.number(s.name, "drift")
		d.t.Logf("%s: drift %+.1f ppm, truly %+.1f; latency %.2f to %.2f ms", s.name, ppm, s.ppm, d.latency[s.name][0], d.latency[s.name][1])
		d.found[i] = ppm
		d.box.unharmed(s.name)
	}
	if n := d.box.status()["xruns"]; n != d.xruns {
		d.t.Errorf("%s xruns of the output, after %s before", n, d.xruns)
	}
	d.out.end()
	for i, p := range d.players {
		p.end()
		d.truly(i)
	}
	track := analyse.NewTrack(d.plan)
	track.Feed(d.heard)
	var records [2]*analyse.Record
	for c := range records {
		r := track.Record(c)
		records[c] = r
		d.t.Logf("channel %d: %d windows, %d glitches, %d gaps, roughest %.1e", c+1, len(r.Fits), len(r.Glitches), len(r.Gaps), r.Roughest)
		if len(r.Fits) == 0 || len(r.Glitches)+len(r.Gaps) > 0 {
			d.t.Errorf("glitches %v, gaps %v", r.Glitches[:min(5, len(r.Glitches))], r.Gaps[:min(5, len(r.Gaps))])
		}
	}
	return records
}

// clean checks that nine of ten windows are clean before which all cables were still, as their other ends show: to snr in
// the first channel, and to 20 dB less in the second, whose tones are ten times as high, and bent as much more by the same
// movement of a clock. Where a cable wanders, that is followed, and heard as the pitch of its tone; all tones of a channel
// share what is left over. How many windows reach snr is printed.
func (d *driftTest) clean(records [2]*analyse.Record, snr float64) {
	d.t.Helper()
	still := d.still(len(records[0].Fits))
	for i, s := range d.sources {
		for c, r := range records {
			ppm, wobble := analyse.Wobble(analyse.PPM(r.Hz(i), float64(s.hz[c])))
			low, high := r.Levels(i)
			quiet, clean, enough, all := 0, 0, 0, 0
			for k, fit := range r.Fits {
				is := fit.SNR(i) >= snr
				if is {
					all++
				}
				if !still[k] {
					continue
				}
				quiet++
				if is {
					clean++
				}
				if fit.SNR(i) >= snr-float64(20*c) {
					enough++
				}
			}
			d.t.Logf("%s at %d Hz: %g dB and more in %d of %d windows, in %d of the %d with all cables still; %.1f dB at worst; %+.3f ppm from its pitch on its own clock, wobble %.4f ppm rms, level %.5f to %.5f",
				s.name, s.hz[c], snr, all, len(r.Fits), clean, quiet, r.WorstSNR(i), ppm-s.ppm, wobble, low/drifterLevel, high/drifterLevel)
			if 10*enough < 9*quiet {
				d.t.Error("not clean")
			}
		}
	}
}

// steady checks that the latency kept still, to 0.2 ms and by how much a cable may wander in the time in which that is
// followed.
func (d *driftTest) steady() {
	d.t.Helper()
	for _, s := range d.sources {
		if l := d.latency[s.name]; l[1]-l[0] > 0.6 {
			d.t.Errorf("%s: latency from %.2f to %.2f ms", s.name, l[0], l[1])
		}
	}
}

// adaptive is the configuration cables in stereo, but with clocks that are followed.
func adaptive(block, periods int) string {
	toml := fmt.Sprintf(`
[mixer]
block = %d
limiter = false
[playback]
device = "hw:Out,0"
periods = %d
`, block, periods)
	for _, s := range drifters {
		toml += fmt.Sprintf(`
[[capture]]
name = %q
device = "hw:%s,1"
`, s.name, s.card)
	}
	return toml
}

// Cards 200 ppm fast, 200 ppm slow and in step are heard clean, at a latency that keeps still.
func TestDrift(t *testing.T) {
	length := shorter(300 * time.Second)
	d := startDrift(t, length, [3]float64{200, -200, 0})
	d.lock(settle)
	d.listen(length)
	d.steady()
	d.clean(d.unbroken(), 110)
}

// The same with clocks so far off as hardly any card's.
func TestDriftFar(t *testing.T) {
	length := shorter(60 * time.Second)
	d := startDrift(t, length, [3]float64{2000, -2000, 0})
	d.lock(settle)
	d.listen(length)
	d.steady()
	d.clean(d.unbroken(), 110)
}

// Clocks that change are followed without a gap or a click.
func TestDriftChanges(t *testing.T) {
	d := startDrift(t, 80*time.Second, [3]float64{0, 100, -2000})
	d.plan.GlitchLimit = 5e-3 // the steps of pitch are there; a frame lost is a hundred times as much
	d.lock(0)
	for i := range 6 {
		step := float64(200 * (1 - 2*(i%2)))
		d.listen(10 * time.Second)
		for k := range d.sources {
			s := &d.sources[k]
			s.ppm = setDrift(t, s.card, s.ppm+step*float64(k+1))
		}
	}
	d.listen(20 * time.Second)
	d.unbroken()
}
