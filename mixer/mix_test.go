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
		if err := m.Pull(dst, 0, time.Now(), time.Time{}); err != nil {
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
				m.Pull(dst, 480, time.Now(), time.Now().Add(time.Microsecond)) // waits for the feed when it is live
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

func TestWhatIsNoSoundIsLeftOut(t *testing.T) {
	m, _ := New(Config{Rate: 48000, Channels: 1, Block: 48, Limiter: true})
	m.Add(StreamConfig{Name: "nan", Source: endless(math.NaN()), Format: Format{48000, 1}})
	m.Add(StreamConfig{Name: "inf", Source: endless(math.Inf(1)), Format: Format{48000, 1}})
	m.Add(StreamConfig{Name: "loud", Source: endless(-1e5), Format: Format{44100, 1}})
	m.Add(StreamConfig{Name: "good", Source: endless(0.5), Format: Format{48000, 1}})
	dst := make([]float32, 48)
	pull(t, m, dst, 20)
	if dst[0] != 0.5 {
		t.Errorf("the good stream comes out as %v", dst[0])
	}
}

// What is no sound does not get into the filter of a stream of another rate, either: nothing of it comes later.
func TestFilterIsKeptFromWhatIsNoSound(t *testing.T) {
	m, _ := New(Config{Rate: 48000, Channels: 1, Block: 48, Limiter: true})
	x := make([]float32, 4410)
	x[441] = -1e5
	odd := NewFeed(1, len(x))
	m.Add(StreamConfig{Name: "odd", Source: odd, Format: Format{44100, 1}})
	m.Add(StreamConfig{Name: "good", Source: endless(0.5), Format: Format{48000, 1}})
	if err := odd.Write(t.Context(), x); err != nil {
		t.Fatal(err)
	}
	odd.CloseWrite(nil)
	go m.Run(t.Context())
	defer m.Close()
	dst := make([]float32, 48)
	for block := range 50 {
		if err := m.Read(t.Context(), dst); err != nil {
			t.Fatal(err)
		}
		if i := slices.IndexFunc(dst, func(v float32) bool { return v != 0.5 }); i >= 0 {
			t.Fatalf("block %d: the good stream comes out as %v", block, dst[i])
		}
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
				m.Pull(dst, 0, time.Now(), time.Time{})
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
