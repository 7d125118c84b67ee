//go:build vm

package guest

import (
	"cmp"
	"errors"
	"runtime"
	"slices"
	"sync"
	"testing"
	"time"

	"submix/hw/alsa"
	"submix/hw/pcm"
)

// signal is what a player plays, full scale 1.0, by the number of the frame since it began.
type signal func(frame int64, channel int) float32

// tune is a signal of 16 bits.
type tune func(frame int64, channel int) int16

func (s tune) signal() signal {
	return func(frame int64, channel int) float32 { return float32(s(frame, channel)) / 32768 }
}

// player plays a signal into a cable until the test ends. It plays by the cable's clock: setDrift changes the signal's
// frequencies too.
type player struct {
	t      *testing.T
	rate   int
	stop   chan struct{}
	ended  sync.WaitGroup
	mu     sync.Mutex
	now    time.Time // when
	played int64     // so many frames had left the card
}

// startPlayer plays s to a device, in 16 bits. A card that does not move is waited for: its player goes on with the next
// frame.
func startPlayer(t *testing.T, device string, channels, period int, s tune) *player {
	t.Helper()
	return startPlayerIn(t, device, channels, period, s, []pcm.Format{pcm.S16LE})
}

// startPlayerIn plays in one of the formats given, or, with nil, in whatever the other end of the cable may have chosen.
func startPlayerIn(t *testing.T, device string, channels, period int, s tune, formats []pcm.Format) *player {
	t.Helper()
	return startSignal(t, alsa.Config{Device: device, Channels: channels, PeriodFrames: period, Formats: formats}, s.signal())
}

// startSignal plays s as c says, which must give channels and period, in four periods if it gives none.
func startSignal(t *testing.T, c alsa.Config, s signal) *player {
	t.Helper()
	c.Periods = cmp.Or(c.Periods, 4)
	card, err := alsa.OpenPlayback(c)
	if err != nil {
		t.Fatal(err)
	}
	p := &player{t: t, rate: card.Rate(), stop: make(chan struct{})}
	p.ended.Go(func() { p.run(c, card, s) })
	t.Cleanup(p.end)
	return p
}

// end stops the player.
func (p *player) end() {
	select {
	case <-p.stop:
	default:
		close(p.stop)
	}
	p.ended.Wait()
}

func (p *player) run(c alsa.Config, card *alsa.Playback, s signal) {
	runtime.LockOSThread()
	block := make([]float32, c.PeriodFrames*c.Channels)
	for frame := int64(0); ; {
		select {
		case <-p.stop:
			card.Close()
			return
		default:
		}
		waiting := time.Now()
		queued, at, err := card.Wait()
		if err == nil {
			p.mu.Lock()
			p.now, p.played = at, frame-int64(queued)
			p.mu.Unlock()
			for i := range block {
				block[i] = s(frame+int64(i/c.Channels), i%c.Channels)
			}
			frame += int64(c.PeriodFrames)
			err = card.Write(block)
		}
		if errors.Is(err, alsa.ErrGone) {
			card.Close()
			if time.Since(waiting) < time.Second {
				return // unplugged, not only stopped
			}
			if card, err = alsa.OpenPlayback(c); err != nil {
				p.t.Errorf("player of %s: %v", c.Device, err)
				return
			}
		} else if err != nil {
			p.t.Errorf("player of %s: %v", c.Device, err)
			card.Close()
			return
		}
	}
}

// when returns the time at which a frame left the card, or will.
func (p *player) when(frame int64) time.Time {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.now.Add(time.Duration(frame-p.played) * time.Second / time.Duration(p.rate))
}

// listener reads an end of a cable until the test ends.
type listener struct {
	t     *testing.T
	card  *alsa.Capture
	ended sync.WaitGroup
}

// listen opens a capture as c says, but for periods of 2 ms in a long buffer, and gives take all that is read, in a
// goroutine of its own. Take holds up the players: it must be done sooner than their buffers are, and keep no samples.
func listen(t *testing.T, c alsa.Config, take func(samples []float32)) *listener {
	t.Helper()
	c.PeriodFrames, c.Periods = 96, 100
	card, err := alsa.OpenCapture(c)
	if err != nil {
		t.Fatal(err)
	}
	l := &listener{t: t, card: card}
	l.ended.Go(func() { l.run(take) })
	t.Cleanup(l.end)
	return l
}

func (l *listener) run(take func(samples []float32)) {
	runtime.LockOSThread()
	buf := make([]float32, l.card.BufferFrames()*l.card.Channels())
	for {
		if _, err := l.card.Wait(-1); err != nil {
			return
		}
		n, err := l.card.Read(buf)
		if err != nil {
			if !errors.Is(err, alsa.ErrClosed) {
				l.t.Errorf("recorder: %v", err)
			}
			return
		}
		take(buf[:n*l.card.Channels()])
	}
}

// end ends the listening; take is not called any more.
func (l *listener) end() {
	l.card.Close()
	l.ended.Wait()
}

// recorded is for how many seconds a recorder has memory at hand: to grow it would hold up the players.
const recorded = 90

// recorder records a cable, in 16 bits, until the test ends.
type recorder struct {
	*listener
	channels int

	mu      sync.Mutex
	samples []int16
	marks   []mark
}

// mark says when how many frames had arrived.
type mark struct {
	at     time.Time
	frames int
}

func startRecorder(t *testing.T, device string, channels int) *recorder {
	t.Helper()
	return startRecorderIn(t, device, channels, []pcm.Format{pcm.S16LE})
}

// startRecorderIn records in one of the formats given, or, with nil, in whatever the other end of the cable may have
// chosen.
func startRecorderIn(t *testing.T, device string, channels int, formats []pcm.Format) *recorder {
	t.Helper()
	r := &recorder{channels: channels, samples: make([]int16, 0, 48000*channels*recorded), marks: make([]mark, 0, 500*recorded)}
	r.listener = listen(t, alsa.Config{Device: device, Channels: channels, Formats: formats}, r.keep)
	return r
}

func (r *recorder) keep(samples []float32) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, v := range samples {
		r.samples = append(r.samples, int16(v*32768))
	}
	r.marks = append(r.marks, mark{time.Now(), len(r.samples) / r.channels})
}

// stop ends the recording and returns it.
func (r *recorder) stop() []int16 {
	r.end()
	return r.samples
}

// frames is how many frames have been recorded.
func (r *recorder) frames() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return len(r.samples) / r.channels
}

// part returns a copy of the frames from..to recorded so far.
func (r *recorder) part(from, to int) []int16 {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.samples[from*r.channels : to*r.channels])
}

// sleepUntil waits until so many frames have been recorded.
func (r *recorder) sleepUntil(frames int) {
	r.t.Helper()
	for r.frames() < frames {
		time.Sleep(time.Millisecond)
	}
}

// frameAt is the frame that was recorded at a time.
func (r *recorder) frameAt(at time.Time) int {
	r.mu.Lock()
	defer r.mu.Unlock()
	i, _ := slices.BinarySearchFunc(r.marks, at, func(m mark, at time.Time) int { return m.at.Compare(at) })
	m := r.marks[min(i, len(r.marks)-1)]
	return m.frames - int(m.at.Sub(at)*48000/time.Second)
}

// when is the time at which a frame was recorded.
func (r *recorder) when(frame int) time.Time {
	r.mu.Lock()
	defer r.mu.Unlock()
	i, _ := slices.BinarySearchFunc(r.marks, frame, func(m mark, frame int) int { return m.frames - frame })
	m := r.marks[min(i, len(r.marks)-1)]
	return m.at.Add(-time.Duration(m.frames-frame) * time.Second / 48000)
}

// random is 32 bits that depend on all of its arguments (the finaliser of MurmurHash3).
func random(seed, frame int64, channel int) uint32 {
	h := uint32(seed*0x9e3779b1) ^ uint32(frame*64+int64(channel))
	h ^= h >> 16
	h *= 0x85ebca6b
	h ^= h >> 13
	h *= 0xc2b2ae35
	return h ^ h>>16
}

// noiseOf is loud noise of its own for each seed.
func noiseOf(seed int64) tune {
	return func(frame int64, channel int) int16 { return int16(random(seed, frame, channel)) }
}

// constant is the same sample for ever.
func constant(v int16) tune { return func(int64, int) int16 { return v } }

// find returns the frame of a signal that is heard first in samples, whose sample i is take(i) of the mix; all must fit.
func find(t *testing.T, s tune, channels []int, frames int, take func(frame, channel int) int16) int64 {
	t.Helper()
	const searched = 60 * 48000
	for first := int64(0); first < searched; first++ {
		if matches(s, first, channels, frames, take) == frames {
			return first
		}
	}
	t.Fatal("the signal is not in the mix")
	return 0
}

// matches returns how many frames are those of the signal from first on.
func matches(s tune, first int64, channels []int, frames int, take func(frame, channel int) int16) int {
	for i := range frames {
		for _, c := range channels {
			if take(i, c) != s(first+int64(i), c) {
				return i
			}
		}
	}
	return frames
}
