package alsa

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"unsafe"

	yobert "github.com/yobert/alsa"
	"github.com/yobert/alsa/alsatype"
	"golang.org/x/sys/unix"

	"submix/hw/pcm"
)

// setup is what was agreed with a device.
type setup struct {
	format         pcm.Format
	rate, channels int
	period, buffer int  // frames
	tail           int  // frames of a playback that may follow those of buffer: a period at most
	ring           int  // frames of the kernel's buffer, which has room for both
	batches        bool // see inBatches
}

func (s setup) String() string {
	return fmt.Sprintf("%v, %d Hz, %d channels, period %d, buffer %d frames", s.format, s.rate, s.channels, s.period, s.buffer)
}

func refine(n node, p *hwParams) unix.Errno { return n.ioctl(reqHwRefine, unsafe.Pointer(p)) }

// everything returns all configurations of the device that have interleaved channels.
func everything(n node) (hwParams, unix.Errno) {
	p := allParams()
	p.masks[paramAccess].only(int(yobert.RWInterleaved))
	e := refine(n, &p)
	return p, e
}

// offer returns what is in a set of configurations.
func (p *hwParams) offer() Offer {
	o := Offer{Rate: p.limits(paramRate), Channels: p.limits(paramChannels),
		PeriodFrames: p.limits(paramPeriodSize), BufferFrames: p.limits(paramBufferSize)}
	ours := map[int]pcm.Format{}
	for _, f := range DefaultFormats() {
		ours[formatNumber(f)] = f
	}
	for i := range 64 { // the kernel leaves the bits of a mask beyond these as they were
		if !p.masks[paramFormat].has(i) {
			continue
		}
		if f, ok := ours[i]; ok {
			o.Formats = append(o.Formats, f)
		} else if i <= int(yobert.FormatTypeLast) {
			o.OtherFormats = append(o.OtherFormats, yobert.FormatType(i).String())
		} else {
			o.OtherFormats = append(o.OtherFormats, fmt.Sprintf("format %d", i))
		}
	}
	return o
}

// negotiate finds the configuration nearest to the one asked for and gives it to the device.
func negotiate(n node, c Config, capture bool) (setup, error) {
	all, e := everything(n)
	if e == unix.EINVAL {
		return setup{}, fmt.Errorf("%w: it has no interleaved access: %w", ErrUnsuitable, e)
	}
	if e != 0 {
		return setup{}, failure(e)
	}
	p, s, e := choose(n, all, c, capture)
	if e == unix.EINVAL {
		return setup{}, unsuitable(c, all.offer(), capture)
	}
	if e == 0 {
		s.period, e = near(n, &p, paramPeriodSize, max(1, (2*c.PeriodFrames*s.rate+c.Rate)/(2*c.Rate)))
	}
	if e == 0 {
		want := c.Periods * s.period
		if least := s.rate / 10; capture && want < least {
			want = (least + s.period - 1) / s.period * s.period
		}
		e = s.size(n, &p, want, c.Follow != nil && !capture)
	}
	if e == 0 && s.buffer < 2*s.period {
		return setup{}, fmt.Errorf("%w: its buffer of %d frames has no room for two periods of %d", ErrUnsuitable, s.buffer, s.period)
	}
	if e == 0 {
		e = n.configure(s, &p)
	}
	if e == 0 {
		e = setSoftware(n, s)
	}
	// Once now, so that what the bus refuses is told by Open: a USB card claims its bandwidth here.
	if e == 0 {
		e = n.ioctl(reqPrepare, nil)
	}
	if e == 0 && s.tail > 0 {
		e = s.tryRewind(n)
	}
	if e != 0 {
		return setup{}, failure(e)
	}
	return s, nil
}

// choose narrows the configurations to one rate, one count of channels and one format: the first that goes, rates and
// counts in the order Config promises, and formats in the order of preference. EINVAL if none does.
func choose(n node, all hwParams, c Config, capture bool) (hwParams, setup, unix.Errno) {
	for _, rate := range rates(all.limits(paramRate), c.Rate, c.AnyRate && capture) {
		for _, channels := range counts(all.limits(paramChannels), c.Channels, capture) {
			for _, f := range c.Formats {
				number := formatNumber(f)
				if number < 0 || !all.masks[paramFormat].has(number) {
					continue
				}
				p := all
				p.masks[paramFormat].only(number)
				p.within(paramChannels, Range{channels, channels})
				p.within(paramRate, Range{rate, rate})
				if e := refine(n, &p); e != unix.EINVAL {
					return p, setup{format: f, rate: rate, channels: channels}, e
				}
			}
		}
	}
	return all, setup{}, unix.EINVAL
}

// anyRate is how many times lower or higher than the wanted rate another one may be.
const anyRate = 8

// rates returns the rates to try, in that order.
func rates(offered Range, want int, others bool) []int {
	list := []int{want}
	if others {
		standard := []int{8000, 11025, 16000, 22050, 32000, 44100, 48000, 64000, 88200, 96000, 176400, 192000}
		i, found := slices.BinarySearch(standard, want)
		below := slices.Clone(standard[:i])
		slices.Reverse(below)
		if found {
			i++
		}
		list = append(append(list, standard[i:]...), below...)
	}
	return slices.DeleteFunc(list, func(rate int) bool {
		return rate < offered.Min || rate > offered.Max || rate*anyRate < want || rate > anyRate*want
	})
}

// counts returns the channel counts to try, in that order.
func counts(offered Range, want int, capture bool) []int {
	if capture && offered.Max == 1 {
		return []int{1}
	}
	const sane = 256 // some virtual devices offer 2^32-1
	var list []int
	for i := max(want, offered.Min); i <= min(offered.Max, sane); i++ {
		list = append(list, i)
	}
	return list
}

// near narrows a parameter to want, or else to the nearest number the device can do.
func near(n node, p *hwParams, param, want int) (int, unix.Errno) {
	limits := p.limits(param)
	above, below := *p, *p
	above.within(param, Range{max(want, limits.Min), max(limits.Max, limits.Min)})
	below.within(param, Range{limits.Min, min(want, limits.Max)})
	var found []int
	if want <= limits.Max && refine(n, &above) == 0 {
		found = append(found, above.limits(param).Min)
	}
	if want >= limits.Min && refine(n, &below) == 0 {
		found = append(found, below.limits(param).Max)
	}
	slices.SortFunc(found, func(a, b int) int { return max(a-want, want-a) - max(b-want, want-b) })
	e := unix.EINVAL
	for _, v := range found {
		exact := *p
		exact.within(param, Range{v, v})
		if e = refine(n, &exact); e == 0 {
			*p = exact
			return v, 0
		}
	}
	return 0, e
}

// setSoftware sets when the stream wakes, starts and stops: it wakes with a period to transfer, starts only when told,
// and stops, which is an xrun, as soon as the buffer is empty (playback) or full (capture). A card that plays gets somewhat
// farther than that, before it is seen and stopped: the kernel fills what was played with silence, or it would be heard
// once more.
func setSoftware(n node, s setup) unix.Errno {
	const monotonic = 1 // SNDRV_PCM_TSTAMP_TYPE_MONOTONIC; heeded from protocol 2.0.12 on
	sw := alsatype.SwParams{
		TstampMode:     1,
		PeriodStep:     1,
		AvailMin:       alsatype.Uframes(s.period + s.ring - s.buffer - s.tail),
		XferAlign:      1,
		StartThreshold: 1 << 30, // more than any buffer holds
		StopThreshold:  alsatype.Uframes(s.ring),
		SilenceSize:    math.MaxInt64, // with no threshold: as soon as it was played
		Proto:          2<<16 | 0<<8 | 12,
		TstampType:     monotonic,
	}
	return n.ioctl(reqSwParams, unsafe.Pointer(&sw))
}

func unsuitable(c Config, o Offer, capture bool) error {
	var names []string
	for _, f := range c.Formats {
		names = append(names, f.String())
	}
	rate := fmt.Sprint(c.Rate, " Hz")
	if c.AnyRate && capture {
		rate += fmt.Sprintf(" or a standard rate from %d to %d Hz", c.Rate/anyRate, c.Rate*anyRate)
	}
	return fmt.Errorf("%w: asked for %s, %s, %d channels; it offers %v", ErrUnsuitable, strings.Join(names, " or "), rate, c.Channels, o)
}
