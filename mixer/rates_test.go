package mixer

import (
	"io"
	"math"
	"testing"
	"testing/synctest"
	"time"

	"submix/mixer/analyse"
	"submix/mixer/mixtest"
)

// sine is a tone at -20 dBFS.
func sine(hz float64, rate int) func(int64, int) float32 {
	return func(frame int64, _ int) float32 {
		cycles := hz * float64(frame%int64(rate)) / float64(rate)
		return float32(0.1 * math.Sin(2*math.Pi*cycles))
	}
}

// A card of another rate is heard at its pitch, clean, whether its clock is
// followed or it is the sink's.
func TestCardsOfOtherRates(t *testing.T) {
	for _, rate := range few([]int{44100, 16000, 32000, 88200, 96000, 192000}) {
		for _, locked := range []bool{false, true} {
			synctest.Test(t, func(t *testing.T) {
				b := newBox(t, 30*time.Second)
				c := mixtest.NewCard(rate, 1, sine(5000, rate))
				s, err := b.Add(StreamConfig{Name: "a", Source: c, Format: Format{rate, 1}, Live: true, Locked: locked})
				if err != nil {
					t.Fatal(err)
				}
				x := analyse.Channel(b.play()[20*boxRate:], 1, 0)
				r := analyse.Windows(x, analyse.Plan{Rate: boxRate, WindowFrames: boxRate / 10, Hz: [][]float64{{5000}}, GlitchLimit: 1e-4})
				i := s.Info()
				t.Logf("%d Hz, locked %v: SNR %.1f dB, %.3f Hz, latency %v", rate, locked, r.WorstSNR(0), r.Hz(0)[0], i.Latency)
				if r.WorstSNR(0) < 110 || len(r.Glitches) > 0 || math.Abs(r.Hz(0)[0]-5000) > 0.01 || i.Short > 0 {
					t.Errorf("%+v, glitches %v", i, r.Glitches)
				}
			})
		}
	}
}

// A file of another rate is played from its first frame to its last, each in its
// place.
func TestFilesOfOtherRates(t *testing.T) {
	for _, rate := range []int{44100, 48000, 96000, 6000} {
		synctest.Test(t, func(t *testing.T) {
			m, err := New(Config{Rate: boxRate, Channels: 1, Block: boxBlock})
			if err != nil {
				t.Fatal(err)
			}
			f := NewFeed(1, rate)
			if _, err := m.Add(StreamConfig{Name: "a", Source: f, Format: Format{rate, 1}}); err != nil {
				t.Fatal(err)
			}
			tone := sine(1000, rate)
			go func() {
				for n := range int64(3 * rate) {
					f.Write(t.Context(), []float32{tone(n, 0)})
				}
				f.CloseWrite(nil)
			}()
			m.EndInput()
			go m.Run(t.Context())
			var mixed []float32
			block := make([]float32, boxBlock)
			for {
				if err := m.Read(t.Context(), block); err == io.EOF {
					break
				} else if err != nil {
					t.Fatal(err)
				}
				mixed = append(mixed, block...)
			}
			fit := analyse.FitSines(analyse.Channel(mixed[boxRate:2*boxRate], 1, 0), boxRate, 1000)
			phase := fit.Tones[0].Phase + math.Pi/2 // a sine is a cosine a quarter cycle later
			t.Logf("%d Hz: %d frames for 3 s, SNR %.1f dB, %.1e cycles from its place", rate, len(mixed), fit.SNR(0), phase/2/math.Pi)
			if fit.SNR(0) < 120 || math.Abs(phase) > 1e-5 || len(mixed) != 3*boxRate {
				t.Errorf("%+v", fit)
			}
		})
	}
}

// What shares the sink's clock goes through untouched.
func TestLockedIsExact(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBox(t, 2*time.Second)
		_, s := b.card("a", counting)
		unbroken(t, b.play())
		if i := s.Info(); i.Adaptive || i.DriftPPM != 0 || i.Lock != Seeking {
			t.Errorf("%+v", i)
		}
	})
}
