// Package alsa reads and plays sound through the kernel's ALSA PCM devices.
//
// It is made for one real-time thread that is paced by a playback device and polls any number of captures: a read never
// waits, a write waits for nothing if Wait said there is room, and neither allocates. Xruns are mended where they are
// found, counted, and told once.
//
// It is a layer over github.com/yobert/alsa, which opens the devices, negotiates formats, channels, rates, periods and
// buffers with them, and names cards and devices. Its layouts, numbers and names of the kernel's interface are used all
// over. What it does not do is done here:
//   - Device.Open blocks for ever on a busy device: an own, non-blocking open comes before it, and it has a limit.
//   - Negotiate* spoils the device at the first refusal, and cannot say what a device offers: it is asked for what an own
//     HW_REFINE has found, and what it refuses all the same is asked for once more without it, for the errno, which it
//     turns into text. It cannot ask for S24_3LE, which is opened without it.
//   - The software parameters of Prepare are for large buffers only, and its descriptor is watched by the Go poller: a
//     duplicate is taken, with own parameters, and the library's is closed.
//   - Read and Write give the kernel memory that the garbage collector may take back during the call, and say neither
//     how much was moved nor the errno: transfer, state and recovery are own ioctls.
//   - OpenCards fails when one card is being unplugged, and knows neither ids nor USB ports: what cards there are is
//     asked of sysfs.
package alsa

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"submix/hw/pcm"
)

// What can be wrong with a device. The errors returned wrap one of these, and the errno where there is one.
var (
	ErrNotFound   = errors.New("no such sound device")        // not plugged in, or the name is wrong
	ErrBusy       = errors.New("sound device is in use")      // another program holds it
	ErrUnsuitable = errors.New("sound device does not suit")  // it cannot do what was asked
	ErrGone       = errors.New("sound device is gone")        // unplugged or dead: Close at once, then open it again when it is back
	ErrStands     = errors.New("sound device stands still")   // of an ErrGone: a capture that ran, but delivered nothing
	ErrXrun       = errors.New("xrun")                        // sound was lost; the stream runs again, go on
	ErrClosed     = errors.New("sound device is closed here") // Close was called
)

// Config says which device to open and how.
type Config struct {
	// Device is "hw:CARD,DEV", CARD being a card's id or number, or "usb:PORTPATH,DEV", the card in that USB socket,
	// such as "usb:1-1.2". Without DEV it is the card's first device of the direction.
	Device string
	Rate   int // frames a second; 0 is 48000
	// AnyRate is for a capture: if the device cannot do Rate, the nearest standard rate above that it can is taken, or
	// else the nearest below, from an eighth to eight times of Rate. The stream's Rate tells which.
	AnyRate bool
	// Channels is the number wanted; 0 is 2. A device that has not that number is opened with the next greater one it
	// has. A capture from a mono device has 1.
	Channels int
	// PeriodFrames is the device's period: a playback's block, and how often either wakes; 0 is 5 ms. If the device
	// cannot do it, the nearest one it can is taken. With another rate than Rate it is as many frames as take the same
	// time.
	PeriodFrames int
	// Periods is the length of the buffer. For playback it is the latency; 0 is 3, and 2 is the least. For capture it
	// adds no latency as the buffer is kept empty; 0 is 8, and less than 100 ms is raised to that.
	Periods int
	// Patience is how long a capture may deliver nothing at first before it counts as gone, for one that is known to do so
	// often; at least 10 s, and 10 s is what it gets later.
	Patience time.Duration
	// Formats are the sample formats wanted, best first. Nil is DefaultFormats.
	Formats []pcm.Format
	// HoldProcessor has a playback's Wait keep its Go processor (one of GOMAXPROCS) while it sleeps, for 20 ms at most.
	// The thread then need not queue for one when the card wakes it, behind whatever else the program does, and the
	// runtime's own threads need not wake at each block, which is half the cost of one. It is for the single real-time
	// thread of a program that has set GOMAXPROCS to one more than it had, or else others may find no processor; and
	// garbage collection waits for as long.
	HoldProcessor bool
	// Follow has a playback ring out, over 2 ms, when its program is late: it writes what would follow past into next,
	// both interleaved. Not every card can: see tail.go. Nil: its sound is cut off then.
	Follow func(next, past []float32, channels int)
}

// DefaultFormats returns the order in which formats are tried: those with most bits first. Among equals, S32 is what
// sound hardware moves natively; float comes behind the integers as few drivers do it and full scale is not clipped in
// the same way by all.
func DefaultFormats() []pcm.Format {
	return []pcm.Format{pcm.S32LE, pcm.S24LE, pcm.S24_3LE, pcm.FloatLE, pcm.S16LE}
}

func (c Config) withDefaults(capture bool) (Config, error) {
	if c.Rate < 0 || c.Channels < 0 || c.PeriodFrames < 0 || c.Periods < 0 {
		return c, fmt.Errorf("%s: %w: rate, channels, period and periods must not be negative", c.Device, ErrUnsuitable)
	}
	set := func(v *int, to int) {
		if *v == 0 {
			*v = to
		}
	}
	set(&c.Rate, 48000)
	set(&c.Channels, 2)
	set(&c.PeriodFrames, max(1, c.Rate/200))
	if capture {
		set(&c.Periods, 8)
	} else {
		set(&c.Periods, 3)
	}
	if c.Periods < 2 {
		return c, fmt.Errorf("%s: %w: a buffer has at least 2 periods, not %d", c.Device, ErrUnsuitable, c.Periods)
	}
	if c.Formats == nil {
		c.Formats = DefaultFormats()
	}
	return c, nil
}

// Offer is what a device can do; each figure by itself, not every combination.
type Offer struct {
	Formats      []pcm.Format
	OtherFormats []string // formats not used here, by their ALSA name or number
	Rate         Range    // frames a second
	Channels     Range
	PeriodFrames Range
	BufferFrames Range
}

// String returns the offer as a phrase for a message.
func (o Offer) String() string {
	names := o.OtherFormats // of interest only if there is no other
	if len(o.Formats) > 0 {
		names = names[:0:0]
	}
	for _, f := range o.Formats {
		names = append(names, f.String())
	}
	return fmt.Sprintf("%s, %v Hz, %v channels, periods of %v and buffers of %v frames",
		strings.Join(names, " "), o.Rate, o.Channels, o.PeriodFrames, o.BufferFrames)
}

// Range is from Min to Max, both within.
type Range struct{ Min, Max int }

// String returns "8000-48000", or "48000" if there is no choice.
func (r Range) String() string {
	if r.Min == r.Max {
		return fmt.Sprint(r.Min)
	}
	return fmt.Sprintf("%d-%d", r.Min, r.Max)
}
