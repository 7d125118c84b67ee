package mixer

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"submix/mixer/mixtest"
)

// What clicks are looked for in: a tone of 997 Hz at -6 dBFS, in every channel at
// another phase.
const clickHz, clickLevel = 997, 0.5

// An edgeBox is a mix that plays the tone of one card, and what is done to it.
type edgeBox struct {
	*box
	edgeShape
	card   *mixtest.Card
	stream *Stream
	offset int // frames, by which the edge is later; less than a block

	latency time.Duration // asked for
}

// An edgeShape is one of the ways in which a tone can reach the mix.
type edgeShape struct {
	block, rate, channels int
	locked                bool
	moments               int // at which the edge is tried, over the length of a block
}

func (e *edgeShape) String() string {
	return fmt.Sprintf("block %d, %d Hz, %d channels, locked %v", e.block, e.rate, e.channels, e.locked)
}

func (e *edgeShape) tone(frame int64, channel int) float32 {
	cycles := clickHz*float64(frame)/float64(e.rate) + float64(channel)/8
	return float32(clickLevel * math.Sin(2*math.Pi*cycles))
}

func (e *edgeBox) newCard() *mixtest.Card { return mixtest.NewCard(e.rate, e.channels, e.tone) }

func (e *edgeBox) format() Format { return Format{e.rate, e.channels} }

func (e *edgeBox) add(name string, c *mixtest.Card) *Stream {
	s, err := e.Add(StreamConfig{Name: name, Source: c, Format: e.format(), Live: true, Locked: e.locked, Latency: e.latency})
	if err != nil {
		e.t.Fatal(err)
	}
	return s
}

// addFile adds a file of which so many are late; 0: none.
func (e *edgeBox) addFile(frames, late int) {
	f := NewFeed(e.channels, 2*frames)
	if _, err := e.Add(StreamConfig{Name: "file", Source: f, Format: e.format()}); err != nil {
		e.t.Fatal(err)
	}
	x := make([]float32, frames*e.channels)
	for i := range x {
		x[i] = e.tone(int64(i/e.channels), i%e.channels)
	}
	n := (frames - late) * e.channels
	go func() {
		_ = f.Write(e.t.Context(), x[:n])
		if late > 0 {
			time.Sleep(ms(250))
			_ = f.Write(e.t.Context(), x[n:])
		}
		f.CloseWrite(nil)
	}()
}

// An edge is what is done 100 ms after the start, give or take.
type edge struct {
	name string
	kind int
	do   func(*edgeBox)
}

// Kinds of edges, to be or-ed.
const (
	twice = 1 << iota // two fades may be heard at once
	back              // the stream is live in the end, at the latency that it had
	file              // there is no card; done at the start
	gap               // frames are lost: the fades are shorter
	slow              // the latency is back after half a second
	long              // it is 80 ms, and back after two
)

var edges = []edge{
	{"start", back, func(*edgeBox) {}},
	{"mute", back, func(e *edgeBox) { e.stream.SetMute(true) }},
	{"mute and unmute at once", back, func(e *edgeBox) { e.stream.SetMute(true); at(ms(2), func() { e.stream.SetMute(false) }) }},
	{"gain", back, func(e *edgeBox) { e.stream.SetGain(-20) }},
	{"out", back, func(e *edgeBox) { e.Output().SetMute(true) }},
	{"remove", 0, func(e *edgeBox) { e.Remove("a") }},
	{"remove while it stalls", 0, func(e *edgeBox) { e.card.Stall(); e.Remove("a") }},
	{"remove and add", twice, func(e *edgeBox) { e.Remove("a"); e.add("a", e.newCard()) }},
	{"stall", 0, func(e *edgeBox) { e.card.Stall() }},
	{"stall of 40 ms", twice | back, func(e *edgeBox) { e.card.Stall(); at(ms(40), e.card.Resume) }},
	{"stall of 150 ms", twice | back, func(e *edgeBox) { e.card.Stall(); at(ms(150), e.card.Resume) }},
	{"stall of 30 ms, of 80", twice | back | long, func(e *edgeBox) { e.card.Stall(); at(ms(30), e.card.Resume) }},
	{"stall while it is muted", back, func(e *edgeBox) { e.stream.SetMute(true); at(ms(2), e.card.Stall); at(ms(22), e.card.Resume) }},
	{"held back", twice | back, func(e *edgeBox) { e.card.Hold(true); at(ms(12), func() { e.card.Hold(false) }) }},
	{"held back for long", twice | back, func(e *edgeBox) { e.card.Hold(true); at(ms(60), func() { e.card.Hold(false) }) }},
	{"overflow", twice | back | gap | slow, func(e *edgeBox) { e.card.Lose(0, ErrGap) }},
	{"overflow after overflow", twice | back | gap | slow, func(e *edgeBox) {
		e.card.Lose(0, ErrGap)
		at(ms(4), func() { e.card.Lose(0, ErrGap) })
	}},
	{"overflow in each read for a while", twice | back | gap | slow, func(e *edgeBox) {
		e.card.Fail(ErrGap)
		at(e.duration(e.block)*9/2, func() { e.card.Fail(nil) })
	}},
	{"overflow in every other read", twice | back | gap | slow, func(e *edgeBox) {
		for n := range 3 {
			at(e.duration(2*n*e.block), func() { e.card.Lose(0, ErrGap) })
		}
	}},
	{"unplug", 0, func(e *edgeBox) { e.card.Fail(errors.New("unplugged")) }},
	{"unplug and plug", twice | back, func(e *edgeBox) {
		e.card.Fail(errors.New("unplugged"))
		at(ms(30), func() { e.replace() })
	}},
	{"replace", twice | back, func(e *edgeBox) { e.replace() }},
	{"replace twice", twice | back, func(e *edgeBox) { e.replace(); at(ms(7), e.replace) }},
	{"end", 0, func(e *edgeBox) { e.EndInput(); e.stream.Finish() }},
	{"end of a file", file, func(e *edgeBox) { e.addFile(4800+e.offset, 0) }},
	{"late file", file | twice, func(e *edgeBox) { e.addFile(9600+e.offset, 4800) }},
	{"sink stops", twice | back | slow, func(e *edgeBox) { e.sink.Jump(ms(30), ErrGap) }},
	{"sink stops for less", twice | back | slow, func(e *edgeBox) { e.sink.Jump(ms(4), ErrGap) }},
	{"sink loses its queue", twice | back | slow, func(e *edgeBox) { e.sink.Jump(-e.duration(e.block), ErrGap) }},
	{"shed", 0, func(e *edgeBox) { e.costly("b", 1, 0.95) }},
	{"shed as it stalls", 0, func(e *edgeBox) {
		e.costly("b", 1, 0.95)
		at(ms(25)+ms(30)*time.Duration(e.offset)/time.Duration(e.block), e.card.Stall)
	}},
	{"not a number", twice | back, func(e *edgeBox) { e.attach(e.oddCard(math.NaN())) }},
	{"too loud for sound", twice | back, func(e *edgeBox) { e.attach(e.oddCard(-1e5)) }},
}

func (e *edgeBox) replace() { e.attach(e.newCard()) }

func (e *edgeBox) attach(c *mixtest.Card) {
	if err := e.stream.Attach(c, e.format()); err != nil {
		e.t.Error(err)
	}
}

// latencyTolerance is three frames: the latencies before and after are known to one
// each, and so is the moment at which a block of no whole number of microseconds
// begins.
const latencyTolerance = 3 * time.Second / boxRate

// play plays the edge at one of its moments and returns what was heard.
func (e edge) play(t *testing.T, shape edgeShape, moment int) (x []float32) {
	synctest.Test(t, func(t *testing.T) {
		m, err := New(Config{Rate: boxRate, Channels: shape.channels, Block: shape.block})
		if err != nil {
			t.Fatal(err)
		}
		sink := &mixtest.Sink{Rate: boxRate, Channels: shape.channels, Block: shape.block, Periods: 3, Stop: ms(400)}
		if e.kind&slow != 0 {
			sink.Stop = time.Second
		}
		b := &edgeBox{box: &box{m, t, sink}, edgeShape: shape, offset: moment * shape.block / shape.moments}
		if e.kind&long != 0 {
			sink.Stop, b.latency = 2600*time.Millisecond, ms(80)
		}
		if e.kind&file != 0 {
			e.do(b)
			x = b.play()
			return
		}
		b.card = b.newCard()
		b.stream = b.add("a", b.card)
		var before, after StreamInfo
		at(ms(100)+m.duration(b.offset)+time.Microsecond, func() {
			before = b.stream.Info()
			e.do(b)
		})
		at(sink.Stop-ms(10), func() { after = b.stream.Info() })
		x = b.play()
		time.Sleep(sink.Stop) // of one that ended early
		synctest.Wait()
		if e.kind&back != 0 && (after.State != Live || (after.Latency-before.Latency).Abs() > latencyTolerance) {
			t.Errorf("at moment %d: %v %v %v before, %v %v %v after", moment, before.State, before.Latency, before.Target, after.State, after.Latency, after.Target)
		}
	})
	return x
}

// A sink that takes the place of another is played to from silence.
func TestNoClickFromANewSink(t *testing.T) {
	for _, block := range []int{16, 240} {
		synctest.Test(t, func(t *testing.T) {
			shape := edgeShape{block: block, rate: boxRate, channels: 1}
			b := newBoxOf(t, block, ms(101))
			b.card("a", shape.tone)
			b.play()
			b.sink = &mixtest.Sink{Rate: boxRate, Channels: 1, Block: block, Periods: 3, Stop: ms(100)}
			worst, bound := roughest(b.play(), 1), fadeMakes(1, max(block, boxRate/200))
			t.Logf("block %d: second derivative at most %.5f, bound %.5f", block, worst, bound)
			if worst > bound {
				t.Error("it clicks")
			}
		})
	}
}

// roughest returns the largest second derivative of a channel of x.
func roughest(x []float32, channels int) (worst float64) {
	for i := 2 * channels; i < len(x); i++ {
		d := float64(x[i]) - 2*float64(x[i-channels]) + float64(x[i-2*channels])
		worst = max(worst, math.Abs(d))
	}
	return worst
}

// cutHard returns the second derivative that a hard cut of x makes at its best
// moment, of those from frame from to frame to.
func cutHard(x []float32, channels, from, to int) (least float64) {
	least = math.Inf(1)
	for n := from; n < to; n++ {
		cut := slices.Clone(x[:(n+3)*channels])
		clear(cut[n*channels:])
		least = min(least, roughest(cut[(n-3)*channels:], channels))
	}
	return least
}

// fadeMakes is the largest second derivative, in a frame squared, of a tone that is
// faded. That of g(n) x(n) is g x" + 2 g' x' + g" x: the tone's own, at g = 1; the
// slope of the fade, one in its length, with that of the tone, twice; and where the
// fade begins or ends, its slope begins or ends with the tone at its crest. Of two
// fades at once, of which one begins when the other does or later, both gains are 1
// together, and the rest is there twice.
func fadeMakes(fades float64, frames int) float64 {
	w := 2 * math.Sin(math.Pi*clickHz/boxRate)
	slope := 1 / float64(frames)
	return clickLevel * (w*w + fades*(2*slope*w+slope))
}

// What a prediction adds to the tone that it goes on with: the tone's level may be a
// little higher, by 3 %, and its first sample is off by 5e-5.
const predicted = 0.03*0.0085 + 0.00005

// No edge clicks, whatever it is, whenever it comes, and in whatever shape the sound
// is; cut hard at the best of moments, the same sound would.
func TestNoEdgeClicks(t *testing.T) {
	for _, shape := range few([]edgeShape{
		{96, 44100, 2, false, 24},
		{240, 48000, 1, true, 48},
		{240, 48000, 1, false, 24},
		{96, 48000, 2, true, 24},
		{16, 48000, 1, true, 16},
		{16, 48000, 1, false, 16},
		{64, 44100, 6, true, 8},
		{480, 48000, 2, false, 12},
	}) {
		for _, e := range edges {
			t.Run(shape.String()+"/"+e.name, func(t *testing.T) {
				fades := 1.0
				if e.kind&twice != 0 {
					fades = 2
				}
				frames := max(shape.block, boxRate/200)
				if e.kind&gap != 0 {
					frames = boxRate / 500
				}
				bound, heard := fadeMakes(fades, frames)+predicted, boxRate/16
				if e.kind&long != 0 {
					heard = boxRate / 6
				}
				worst, when, hard := 0.0, 0, math.Inf(1)
				for moment := 0; moment < shape.moments; moment += share {
					x := e.play(t, shape, moment)
					if r := roughest(x, shape.channels); r > worst {
						worst, when = r, moment
					}
					hard = min(hard, cutHard(x, shape.channels, heard, heard+48))
				}
				t.Logf("second derivative at most %.5f, bound %.5f, of a hard cut %.5f", worst, bound, hard)
				if worst > bound {
					t.Errorf("it clicks at moment %d", when)
				}
				if hard < bound {
					t.Error("a hard cut is hardly found")
				}
			})
		}
	}
}
