//go:build vm

package guest

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"sync/atomic"
	"testing"
	"time"

	"submix/hw/alsa"
	"submix/hw/pcm"
	"submix/mixer/analyse"
)

// shorter is how long a test lasts: with -long, all of d.
func shorter(d, without time.Duration) time.Duration {
	if *long {
		return d
	}
	return without
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
	latency map[string][2]float64 // ms, least and most
	xruns   string                // of the output, when the recording began
}

const drifterLevel = 0.3

// settle is how long after lock the tones are listened to. Until then the latency is chosen and gone to, and a clock that
// has just been found is found better and better: both bend them.
const settle = 25 * time.Second

// startDrift has the three cards play, ppm fast, and mixes them, with clocks that are followed. What is listened to may be
// length long.
func startDrift(t *testing.T, length time.Duration, ppm [3]float64) *driftTest {
	d := &driftTest{t: t, sources: slices.Clone(drifters), latency: map[string][2]float64{}}
	d.plan = analyse.Plan{Rate: 48000, WindowFrames: 4800, Hz: make([][]float64, 2), GlitchLimit: 2e-3, GapFrames: 20}
	// What is heard is analysed in the end, so that nothing keeps the players waiting meanwhile.
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
		d.players = append(d.players, startSignal(t, c, tones[i]))
	}
	d.out = listen(t, alsa.Config{Device: "hw:Out,1", Channels: 2, Formats: []pcm.Format{pcm.S32LE}}, func(samples []float32) {
		if d.keep.Load() {
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
	for _, s := range d.sources {
		ppm := d.number(s.name, "drift")
		d.t.Logf("%s: drift %+.1f ppm, truly %+.1f; latency %.2f to %.2f ms", s.name, ppm, s.ppm, d.latency[s.name][0], d.latency[s.name][1])
		if math.Abs(ppm-s.ppm) > 5 {
			d.t.Errorf("%s: that drift is not found", s.name)
		}
		d.box.unharmed(s.name)
	}
	if n := d.box.status()["xruns"]; n != d.xruns {
		d.t.Errorf("%s xruns of the output, after %s before", n, d.xruns)
	}
	d.out.end()
	for _, p := range d.players {
		p.end()
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

// clean checks that every window of both channels reaches snr, in dB.
func (d *driftTest) clean(records [2]*analyse.Record, snr float64) {
	d.t.Helper()
	for i, s := range d.sources {
		for c, r := range records {
			ppm, wobble := analyse.Wobble(analyse.PPM(r.Hz(i), float64(s.hz[c])))
			low, high := r.Levels(i)
			d.t.Logf("%s at %d Hz: %.1f dB at worst in %d windows; %+.3f ppm from its pitch on its own clock, wobble %.4f ppm rms, level %.5f to %.5f",
				s.name, s.hz[c], r.WorstSNR(i), len(r.Fits), ppm-s.ppm, wobble, low/drifterLevel, high/drifterLevel)
			if r.WorstSNR(i) < snr {
				clean := 0
				for _, fit := range r.Fits {
					if fit.SNR(i) >= snr {
						clean++
					}
				}
				d.t.Errorf("%s at %d Hz: only %d of %d windows have %g dB", s.name, s.hz[c], clean, len(r.Fits), snr)
			}
		}
	}
}

// steady checks that the latency kept still, to 0.2 ms.
func (d *driftTest) steady() {
	d.t.Helper()
	for _, s := range d.sources {
		if l := d.latency[s.name]; l[1]-l[0] > 0.2 {
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
	testDrift(t, shorter(300*time.Second, 30*time.Second), [3]float64{200, -200, 0})
}

// The same with clocks so far off as hardly any card's.
func TestDriftFar(t *testing.T) {
	testDrift(t, shorter(60*time.Second, 12*time.Second), [3]float64{2000, -2000, 0})
}

func testDrift(t *testing.T, length time.Duration, ppm [3]float64) {
	d := startDrift(t, length, ppm)
	d.lock(settle)
	d.listen(length)
	d.steady()
	d.clean(d.unbroken(), 110)
}

// Clocks that change are followed without a gap or a click, and are as clean as others 15 s later.
func TestDriftChanges(t *testing.T) {
	d := startDrift(t, 80*time.Second, [3]float64{0, 100, -2000})
	d.plan.GlitchLimit = 5e-3 // the steps of pitch are there; a frame lost is a hundred times as much
	d.lock(0)
	for i := range shorter(60*time.Second, 40*time.Second) / (10 * time.Second) {
		step := float64(200 * (1 - 2*(i%2)))
		d.listen(10 * time.Second)
		for k := range d.sources {
			s := &d.sources[k]
			s.ppm = setDrift(t, s.card, s.ppm+step*float64(k+1))
		}
	}
	d.listen(20 * time.Second)
	records := d.unbroken()
	for _, r := range records {
		r.Fits = r.Fits[len(r.Fits)-50:] // the last of 5 s, from 15 s after the last change on
	}
	d.clean(records, 110)
}
