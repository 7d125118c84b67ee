package mixer

import (
	"errors"
	"flag"
	"fmt"
	"math"
	"math/rand/v2"
	"testing"
	"testing/synctest"
	"time"

	"submix/mixer/mixtest"
)

var seed = flag.Uint64("seed", 0, "run only this fault script, and say what it does")

// The mix of the fault scripts has stream A, adaptive, and C, locked, each in a
// channel of its own, B, to which everything happens, in one, and B with each of the
// others in one more.
const (
	onlyA = iota
	onlyC
	onlyB
	bothBC
	bothBA
	_ // an even number, of which the resampler makes each with the same kernel
	scriptChannels

	scriptRate = 8000
	scriptTime = 1200 * time.Millisecond
)

// whole16 is a signal of 16 bits: noise, by frame.
func whole16(salt uint64) func(int64, int) float32 {
	return func(frame int64, _ int) float32 {
		x := (uint64(frame) + salt) * 0x9e3779b97f4a7c15
		x ^= x >> 29
		return float32(int16(x*0xbf58476d1ce4e5b9>>48)/8) / 32768
	}
}

// A script is a run of the mix, with the faults of a seed.
type script struct {
	*box
	random *rand.Rand
	log    func(string, ...any)
	done   map[string]int // faults, by name
	card   *mixtest.Card
	liar   *liar
	stream *Stream
	begun  time.Time
}

// A liar is a card that errs in how many frames it has given.
type liar struct {
	*mixtest.Card
	lies chan int // cap 1: to be added to the number
}

func (l *liar) Read(dst []float32) (int, error) {
	n, err := l.Card.Read(dst)
	select {
	case lie := <-l.lies:
		return n + lie, err
	default:
		return n, err
	}
}

// A scriptShape is what the mix of a script is made of.
type scriptShape struct {
	block, periods int  // of the sink
	first          bool // B is looked at before the others
}

func shapeOf(seed uint64) scriptShape {
	return scriptShape{[]int{40, 16, 64}[seed%3], []int{3, 8, 20}[seed/3%3], seed/9%2 == 1}
}

// runScript plays a mix; seed 0 is the one without a fault.
func runScript(t *testing.T, seed uint64, shape scriptShape, done map[string]int, log func(string, ...any)) (x []float32) {
	synctest.Test(t, func(t *testing.T) {
		m, err := New(Config{Rate: scriptRate, Channels: scriptChannels, Block: shape.block, Limiter: true})
		if err != nil {
			t.Fatal(err)
		}
		sink := &mixtest.Sink{Rate: scriptRate, Channels: scriptChannels, Block: shape.block, Periods: shape.periods, Stop: scriptTime}
		r := &script{box: &box{m, t, sink}, random: rand.New(rand.NewPCG(seed, 1)), log: log, done: done, begun: time.Now()}
		if shape.first {
			r.addB()
		}
		a := mixtest.NewCard(scriptRate, 1, whole16(1))
		a.SetPPM(150)
		r.add(StreamConfig{Name: "a", Source: a, Format: Format{scriptRate, 1}, Live: true,
			Channels: mapTo(onlyA, bothBA)})
		r.add(StreamConfig{Name: "c", Source: mixtest.NewCard(scriptRate, 1, whole16(2)), Format: Format{scriptRate, 1}, Live: true,
			Channels: mapTo(onlyC, bothBC), Locked: true})
		if !shape.first {
			r.addB()
		}
		if seed != 0 {
			go r.faults()
		}
		x = r.play()
		for _, s := range r.Streams() {
			if s.Name != "b" && (s.State != Live || s.Short+s.Stalls+s.Xruns+s.Unplugs+s.Clips > 0) {
				t.Errorf("%+v", s)
			}
		}
		m.Close()
		time.Sleep(time.Second) // what is under way comes to its end
	})
	return x
}

// mapTo maps the first channel of a source to channels of the mix.
func mapTo(channels ...int) []int {
	m := make([]int, scriptChannels)
	for c := range m {
		m[c] = ChannelNone
	}
	for _, c := range channels {
		m[c] = 0
	}
	return m
}

func (r *script) add(c StreamConfig) *Stream {
	s, err := r.Add(c)
	if err != nil && time.Since(r.begun) < scriptTime {
		r.t.Error(err)
	}
	return s
}

func (r *script) addB() {
	f := r.newCard()
	r.stream = r.add(StreamConfig{Name: "b", Source: r.liar, Format: f, Live: true, Locked: r.random.IntN(2) == 0,
		Channels: mapTo(onlyB, bothBC, bothBA)})
}

// newCard makes B another card, now and then of another shape, in steps, or with
// samples that are no sound, of which the limiter may not know.
func (r *script) newCard() Format {
	f := Format{Rate: scriptRate, Channels: 1 + r.random.IntN(3)}
	if r.random.IntN(3) == 0 {
		f.Rate = []int{6000, 7350, 11025, 16000}[r.random.IntN(4)]
	}
	sample, bad := whole16(r.random.Uint64()>>1), int64(math.MaxInt64)
	if r.random.IntN(3) == 0 {
		bad = int64(r.random.IntN(scriptRate))
	}
	odd := []float32{float32(math.NaN()), float32(math.Inf(1)), math.MaxFloat32, -1e5, 17, 1e-40}[r.random.IntN(6)]
	r.card = mixtest.NewCard(f.Rate, f.Channels, func(frame int64, channel int) float32 {
		if frame >= bad && frame < bad+100 && frame%7 == 0 {
			return odd
		}
		return sample(frame, channel)
	})
	if r.random.IntN(3) == 0 {
		r.card.Burst = 1 << r.random.IntN(9)
	}
	r.liar = &liar{r.card, make(chan int, 1)}
	r.log("a card: %+v, steps of %d, from frame %d on with %v", f, r.card.Burst, bad, odd)
	return f
}

// soon waits for up to most.
func (r *script) soon(most time.Duration) { time.Sleep(time.Duration(r.random.Int64N(int64(most)))) }

var errUnplugged = errors.New("unplugged")

// faults does one thing after the other to B.
func (r *script) faults() {
	type fault struct {
		name string
		do   func()
	}
	all := []fault{
		{"stall", func() { c := r.card; c.Stall(); r.soon(ms(300)); c.Resume() }},
		{"short stall", func() { c := r.card; c.Stall(); r.soon(ms(10)); c.Resume() }},
		{"burst", func() { c := r.card; c.Hold(true); r.soon(ms(100)); c.Hold(false) }},
		{"unplug and plug", func() { r.card.Fail(errUnplugged); r.soon(ms(200)); r.attach() }},
		{"replace", r.attach},
		{"overflow", func() { r.card.Lose(0, ErrGap) }},
		{"rate step", func() { r.card.SetPPM(r.random.NormFloat64() * 3000) }},
		{"wrong number of frames", func() { r.liar.lies <- []int{-1e6, 1e6, -1, 1}[r.random.IntN(4)]; r.soon(ms(50)); r.attach() }},
		{"wrong shape", func() {
			for _, f := range []Format{{0, 1}, {scriptRate, 0}, {1e6, 1}, {scriptRate, -1}} {
				if err := r.stream.Attach(r.card, f); !errors.Is(err, ErrShape) {
					r.t.Errorf("%+v: %v", f, err)
				}
			}
		}},
		{"remove and add", func() { r.Remove("b"); r.soon(ms(20)); r.addB() }},
		{"end and add", func() { r.stream.Finish(); r.addWhenOver() }},
		{"file", r.file},
		{"gains", func() {
			for range r.random.IntN(50) {
				r.stream.SetGain(r.random.Float64()*66 - 60)
				r.stream.SetMute(r.random.IntN(2) == 0)
				r.soon(ms(2))
			}
			r.stream.SetGain(0)
			r.stream.SetMute(false)
		}},
	}
	for {
		r.soon(ms(150))
		f := all[r.random.IntN(len(all))]
		r.log("%v: %s", time.Since(r.begun), f.name)
		if time.Since(r.begun) > scriptTime-ms(400) {
			return
		}
		r.done[f.name]++
		f.do()
	}
}

func (r *script) attach() {
	f := r.newCard()
	if err := r.stream.Attach(r.liar, f); err != nil && time.Since(r.begun) < scriptTime {
		r.t.Error(err)
	}
}

// file adds a file in place of the card, which is not read in time.
func (r *script) file() {
	r.Remove("b")
	r.soon(ms(20))
	f := NewFeed(1, 50+r.random.IntN(500))
	r.stream = r.add(StreamConfig{Name: "b", Source: f, Format: Format{scriptRate, 1}, Channels: mapTo(onlyB, bothBC, bothBA)})
	sample := whole16(r.random.Uint64() >> 1)
	x := make([]float32, 60)
	for n := range r.random.IntN(30) {
		for i := range x {
			x[i] = sample(int64(n*len(x)+i), 0)
		}
		if f.Write(r.t.Context(), x) != nil {
			return
		}
		r.soon(ms(15))
	}
	f.CloseWrite([]error{nil, errUnplugged}[r.random.IntN(2)])
	r.addWhenOver()
}

func (r *script) addWhenOver() {
	select {
	case <-r.stream.Done():
		r.addB()
	case <-time.After(time.Second): // the sink has stopped
	}
}

// Whatever happens to B, what else is in the mix does not differ by a bit from that of
// a run in which nothing did.
func TestIsolation(t *testing.T) {
	bases := map[scriptShape][]float32{}
	first, last, log := uint64(1), uint64(1000), func(string, ...any) {}
	if *seed != 0 {
		first, last, log = *seed, *seed, t.Logf
	}
	frames, done := 0, map[string]int{}
	scripts := 0
	for n := first; n <= last; n += share {
		scripts++
		shape := shapeOf(n)
		ok := t.Run(fmt.Sprint(n), func(t *testing.T) {
			if bases[shape] == nil {
				bases[shape] = runScript(t, 0, shape, nil, func(string, ...any) {})
			}
			x := runScript(t, n, shape, done, log)
			compare(t, bases[shape], x)
			frames += len(x) / scriptChannels
		})
		if !ok {
			t.Fatalf("repeat it: go test ./mixer -run TestIsolation -v -seed %d", n)
		}
	}
	t.Logf("%d fault scripts on one stream, %d frames: the others identical in each, of %d shapes of the mix: %v", scripts, frames, len(bases), done)
}
