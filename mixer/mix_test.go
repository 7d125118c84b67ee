package mixer

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"
)

// endless is a source that always has frames: a constant.
type endless float32

func (e endless) Read(dst []float32) (int, error) {
	for i := range dst {
		dst[i] = float32(e)
	}
	return len(dst), nil // mono
}

// stereoNoise is an endless stereo source that repeats what it has.
type stereoNoise []float32

func (n stereoNoise) Read(dst []float32) (int, error) { return copy(dst, n) / 2, nil }

func pull(t testing.TB, m *Mixer, dst []float32, times int) {
	for range times {
		if err := m.Pull(dst, 0, time.Time{}); err != nil {
			t.Fatal(err)
		}
	}
}

func TestFullScaleStreamsSumExactly(t *testing.T) {
	m, _ := New(Config{Rate: 48000, Channels: 1, Block: 48})
	for i := range 512 { // 256 at each rail, less two LSB
		v := float32(1)
		if i >= 256 {
			v = -1
		}
		if i%256 == 0 {
			v += 1.0 / 32768
		}
		m.Add(StreamConfig{Name: fmt.Sprint(i), Source: endless(v), Format: Format{48000, 1}})
	}
	dst := make([]float32, 48)
	pull(t, m, dst, 20)
	if dst[0] != 2.0/32768 {
		t.Errorf("512 streams at full scale sum to %v LSB, want 2", dst[0]*32768)
	}
}

func TestBlockAllocatesNothing(t *testing.T) {
	for _, limiter := range []bool{false, true} {
		m, _ := New(Config{Rate: 48000, Channels: 2, Block: 240, Limiter: limiter})
		for i := range 8 {
			m.Add(StreamConfig{Name: fmt.Sprint(i), Source: endless(0.2), Format: Format{48000, 1}, Live: i%2 == 0})
		}
		f := NewFeed(2, 4800)
		m.Add(StreamConfig{Name: "feed", Source: f, Format: Format{48000, 2}})
		s, _ := m.Stream("3")
		dst, frames := make([]float32, 480), make([]float32, 480)
		f.Write(t.Context(), make([]float32, 2*480))
		pull(t, m, dst, 10)
		gain, n := 0.0, 0
		allocations := func() float64 {
			return testing.AllocsPerRun(200, func() {
				gain = 12 - gain // now and then the sum is above full scale
				s.SetGain(gain)
				if n++; n%2 == 0 {
					f.Write(t.Context(), frames)
				}
				m.Pull(dst, 480, time.Now().Add(time.Microsecond)) // waits for the feed when it is live
			})
		}
		allocations() // warm-up
		n = 0
		got := allocations()
		if m.Output().Info().Clips == 0 || n == 0 {
			t.Error("the limiter had nothing to do")
		}
		t.Logf("limiter %v: %v allocations a block", limiter, got)
		if got != 0 {
			t.Errorf("limiter %v: %v allocations a block, want 0", limiter, got)
		}
	}
}

func TestLimiterHoldsTheCeiling(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var l limiter
		l.init(5 * time.Millisecond)
		quiet := rapid.Float32Range(0, 0.9).Draw(t, "quiet")
		for range 20 {
			x := rapid.SliceOfN(rapid.Float32Range(-8, 8), 64, 64).Draw(t, "block")
			if rapid.Bool().Draw(t, "is quiet") {
				for i := range x {
					x[i] = quiet
				}
			}
			peak, _ := measure(x)
			l.process(x, peak, 2)
			if peak, _ := measure(x); peak > ceiling*1.000001 {
				t.Fatalf("peak %v", peak)
			}
		}
		x := make([]float32, 64)
		for range 2000 { // it lets go
			for i := range x {
				x[i] = quiet
			}
			l.process(x, quiet, 2)
		}
		if l.gain != 1 || x[0] != quiet {
			t.Fatalf("gain %v after 10 s of quiet", l.gain)
		}
	})
}

func TestClipsAreCountedAndHeldAtFullScale(t *testing.T) {
	m, _ := New(Config{Rate: 48000, Channels: 1, Block: 48})
	for i := range 3 {
		m.Add(StreamConfig{Name: fmt.Sprint(i), Source: endless(-0.5), Format: Format{48000, 1}})
	}
	dst := make([]float32, 48)
	pull(t, m, dst, 20)
	o := m.Output().Info()
	if dst[0] != -1 || o.Clips == 0 || o.PeakDB != 0 {
		t.Errorf("%v, %+v", dst[0], o)
	}
}

// What is shown is what is played.
func TestOutputMeters(t *testing.T) {
	for _, limiter := range []bool{false, true} {
		m, _ := New(Config{Rate: 48000, Channels: 1, Block: 480, Limiter: limiter})
		for i := range 3 {
			m.Add(StreamConfig{Name: fmt.Sprint(i), Source: endless(0.9), Format: Format{48000, 1}})
		}
		m.Add(StreamConfig{Name: "absurd", Source: endless(1e18), Format: Format{48000, 1}})
		dst := make([]float32, 480)
		pull(t, m, dst, 100)
		m.Remove("absurd")
		pull(t, m, dst, 400)
		o := m.Output().Info()
		want := decibel(float64(dst[0]))
		if math.Abs(o.PeakDB-want) > 0.01 || math.Abs(o.RMSDB-want) > 0.01 {
			t.Errorf("limiter %v: peak %.2f, RMS %.2f dBFS of a constant of %.2f", limiter, o.PeakDB, o.RMSDB, want)
		}
		for i := range 3 {
			m.Remove(fmt.Sprint(i))
		}
		pull(t, m, dst, 300) // 3 s: the peak falls 20 dB in 1.7
		if o = m.Output().Info(); o.PeakDB > -30 || o.PeakDB < -40 {
			t.Errorf("limiter %v: peak %.2f dBFS after 3 s of silence", limiter, o.PeakDB)
		}
	}
}

func TestLimiterLetsGoAtEveryBlockSize(t *testing.T) {
	for _, block := range []time.Duration{5 * time.Microsecond, time.Millisecond, 100 * time.Millisecond} {
		var l limiter
		l.init(block)
		x := []float32{4}
		l.process(x, 4, 1)
		for range int(20 * time.Second / block) {
			x[0] = 0.1
			l.process(x, 0.1, 1)
		}
		if l.gain != 1 {
			t.Errorf("blocks of %v: gain %v after 20 s of quiet", block, l.gain)
		}
	}
}

func TestCapacityBoundsTheQueue(t *testing.T) {
	for _, capacity := range []int{1, 7, 0} {
		synctest.Test(t, func(t *testing.T) {
			m, _ := New(Config{Rate: 48000, Channels: 1, Block: 48, Capacity: capacity})
			m.Add(StreamConfig{Name: "a", Source: endless(0), Format: Format{48000, 1}})
			go m.Run(t.Context())
			synctest.Wait() // nobody reads
			want := uint64(cmp.Or(capacity, 100) + 1)
			if n := m.Output().Info().Blocks; n != want { // one waits for room
				t.Errorf("capacity %d: %d blocks were mixed, want %d", capacity, n, want)
			}
		})
	}
}

func TestMeters(t *testing.T) {
	m, _ := New(Config{Rate: 48000, Channels: 2, Block: 480})
	sine := make(stereoNoise, 960) // 1 kHz, -6 dBFS, the right channel silent
	for i := range 480 {
		sine[2*i] = float32(0.5 * math.Sin(2*math.Pi*1000*float64(i)/48000))
	}
	s, _ := m.Add(StreamConfig{Name: "a", Source: sine, Format: Format{48000, 2}, GainDB: -6, Mute: true})
	pull(t, m, make([]float32, 960), 300)
	i := s.Info()
	if math.Abs(i.PeakDB+6.02) > 0.01 || math.Abs(i.RMSDB+6.02+3.01+3.01) > 0.02 {
		t.Errorf("peak %.2f dBFS, RMS %.2f; want -6.02, -12.04", i.PeakDB, i.RMSDB)
	}
	if o := m.Output().Info(); !math.IsInf(o.PeakDB, -1) {
		t.Errorf("a muted mix has %v dBFS", o.PeakDB)
	}
}

func TestNotANumberIsLeftOut(t *testing.T) {
	m, _ := New(Config{Rate: 48000, Channels: 1, Block: 48, Limiter: true})
	m.Add(StreamConfig{Name: "nan", Source: endless(math.NaN()), Format: Format{48000, 1}})
	m.Add(StreamConfig{Name: "inf", Source: endless(math.Inf(1)), Format: Format{48000, 1}})
	m.Add(StreamConfig{Name: "good", Source: endless(0.5), Format: Format{48000, 1}})
	dst := make([]float32, 48)
	pull(t, m, dst, 20)
	if dst[0] != 0.5 {
		t.Errorf("the good stream comes out as %v", dst[0])
	}
}

func TestChannelMaps(t *testing.T) {
	for _, c := range []struct {
		name      string
		mix       int
		asked     []int
		src, want []float32
	}{
		{"same", 2, nil, []float32{1, 2}, []float32{1, 2}},
		{"mono to both", 2, nil, []float32{3}, []float32{3, 3}},
		{"first of more", 2, nil, []float32{1, 2, 3}, []float32{1, 2}},
		{"silence beyond", 3, nil, []float32{1, 2}, []float32{1, 2, 0}},
		{"mean to mono", 1, nil, []float32{1, 2}, []float32{1.5}},
		{"swapped", 2, []int{1, 0}, []float32{1, 2}, []float32{2, 1}},
		{"chosen", 2, []int{3, ChannelNone}, []float32{1, 2, 3, 4}, []float32{4, 0}},
	} {
		m := c.asked
		if m == nil {
			m = defaultMap(c.mix, len(c.src))
		}
		got := make([]float32, c.mix)
		mapChannels(got, c.src, m, len(c.src))
		if !slices.Equal(got, c.want) {
			t.Errorf("%s: %v, want %v", c.name, got, c.want)
		}
	}
}

func TestRing(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		q := newRing(rapid.IntRange(1, 20).Draw(t, "size"), 2)
		var model []float32
		next := float32(0)
		for range 50 {
			if rapid.Bool().Draw(t, "write") {
				x := make([]float32, 2*rapid.IntRange(0, 30).Draw(t, "n"))
				for i := range x {
					next++
					x[i] = next
				}
				n := q.write(x)
				model = append(model, x[:2*n]...)
			} else {
				skip := rapid.IntRange(0, 5).Draw(t, "skip")
				x := make([]float32, 2*rapid.IntRange(0, 30).Draw(t, "n"))
				n := q.peek(x, skip)
				if want := model[min(2*skip, len(model)):]; !slices.Equal(x[:2*n], want[:2*n]) {
					t.Fatalf("peek %v of %v", x[:2*n], model)
				}
				n = q.read(x)
				if !slices.Equal(x[:2*n], model[:2*n]) {
					t.Fatalf("read %v of %v", x[:2*n], model)
				}
				model = model[2*n:]
			}
			if q.len()*2 != len(model) || q.len()+q.free() != q.size {
				t.Fatalf("len %d, free %d of %d, %d in the model", q.len(), q.free(), q.size, len(model)/2)
			}
		}
	})
}

// BenchmarkBlock mixes stereo streams of 480 frames; plain is a loop over the
// same memory that only adds.
func BenchmarkBlock(b *testing.B) {
	const frames = 480
	for _, n := range []int{2, 8, 32} {
		noise := make(stereoNoise, 2*frames)
		for i := range noise {
			noise[i] = float32(i%7)/100 - 0.03
		}
		b.Run(fmt.Sprintf("streams=%d/mixer", n), func(b *testing.B) {
			m, _ := New(Config{Rate: 48000, Channels: 2, Block: frames})
			for i := range n {
				m.Add(StreamConfig{Name: fmt.Sprint(i), Source: noise, Format: Format{48000, 2}, GainDB: -3})
			}
			dst := make([]float32, 2*frames)
			pull(b, m, dst, 10)
			b.ReportAllocs()
			for b.Loop() {
				m.Pull(dst, 0, time.Time{})
			}
		})
		b.Run(fmt.Sprintf("streams=%d/plain", n), func(b *testing.B) {
			streams := make([][]float32, n)
			for i := range streams {
				streams[i] = slices.Clone(noise)
			}
			sum := make([]float32, 2*frames)
			for b.Loop() {
				clear(sum)
				for _, s := range streams {
					for i, v := range s {
						sum[i] += v
					}
				}
			}
		})
	}
}
