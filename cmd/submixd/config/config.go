// Package config reads submix.toml: everything the owner of a box can choose, checked as a whole,
// so that every mistake in the file is reported at once and with its line.
package config

import (
	"fmt"
	"os"
	"time"
)

// Config is a checked configuration with every default filled in. It is never changed after Parse
// returned it, so any goroutine may read it.
type Config struct {
	Mixer    Mixer
	Playback Playback
	Captures []Capture // in the order of the file; names are unique
	Buttons  []Button  // in the order of the file; names are unique
	Encoders []Encoder // in the order of the file; names are unique
	LEDs     []LED     // in the order of the file
	Serial   Serial
	Control  Control
}

// Mixer is [mixer]. Its fields are those of mixer.Config, in the same order.
type Mixer struct {
	Rate          int           // frames per second, 8000 to 192000; default 48000
	Channels      int           // of the mix, 1 to 64; default 2
	Block         int           // frames, 16 to Rate; default 240; a 0 in the file becomes Rate/10
	StreamTimeout time.Duration // 1 ms to 60 s; default 100 ms
	Capacity      int           // mixed blocks, 1 to 1000; default 2
	Limiter       bool          // default true
}

// Playback is [playback], which every configuration needs.
type Playback struct {
	Device  Device
	Periods int // of the card's buffer, 2 to 32, and 2 s at most; default 3
}

// Capture is one [[capture]]. Its JSON is in the state file.
type Capture struct {
	Name   string  `json:"name"`
	Device Device  `json:"device"`
	GainDB float64 `json:"gain"` // -120 to +24; default 0
	Mute   bool    `json:"mute"`
	// Channels has for each channel of the mix the device's channel, from 1; one entry feeds all; nil takes them as they come.
	Channels []int `json:"channels,omitempty"`
	Locked   bool  `json:"locked"` // sync = "locked": the card shares the playback card's clock, no drift correction
	// Latency is that from the card to the playback card, 1 ms to 1 s; 0, for "auto", the default, is the smallest that
	// runs without shortage.
	Latency time.Duration `json:"latency"`
	// Priority is 0, the default, to 9: when the processor is too slow for all, streams of higher priority stay longer.
	Priority int  `json:"priority,omitempty"`
	Add      bool `json:"add"` // is in the mix from the start; default true
}

// Button is one [[button]]; at least one of its commands is not empty. Release excludes Hold and Double, Hold excludes
// Repeat.
type Button struct {
	Name                                 string
	Chip                                 string        // label of the gpio chip, as pinctrl-bcm2711
	Line                                 string        // its name, as GPIO17, or its offset on the chip in decimal
	ActiveLow                            bool          // pressed is the low level; default true
	Pull                                 string        // up, down or none; default up for active = "low", down for "high"
	Press, Release, Hold, Double, Repeat string        // command lines, of commands with ; between them
	HoldTime                             time.Duration // until Hold, or the first Repeat, 0.1 to 10 s; default 800 ms
	DoubleTime                           time.Duration // in which the second press comes, 50 ms to 2 s; default 300 ms
	RepeatRate                           float64       // of Repeat per second, 0.5 to 20; default 5
}

// Encoder is one [[encoder]], a knob that turns a gain.
type Encoder struct {
	Name         string
	Chip         string
	LineA, LineB string  // as for Button; A is the first to be active when it is turned up
	ActiveLow    bool    // a closed contact is the low level; default true
	Pull         string  // up, down or none; default as for Button
	Turns        string  // a capture's name or out, whose gain it is
	StepDB       float64 // of a detent, 0.1 to 12; default 1
	Accelerate   bool    // default true
	MinDB, MaxDB float64 // where it stops; default -120 and 24
	Steps        int     // states of the two lines from detent to detent: 4 (default), 2 or 1
	Reverse      bool    // B is the first
}

// LED is one [[led]].
type LED struct {
	Chip      string
	Line      string // as for Button
	ActiveLow bool   // lit is the low level; default false
	Shows     Shows
	As        string // on (default), blink or fast; heartbeat has its own
}

// Shows is what lights a LED: "running", "heartbeat", or one of the others of Name.
type Shows struct {
	What string // running, heartbeat, muted, live, heard, stalled, clip, fault
	Name string // a capture's name, any or out; empty for running and heartbeat
}

// Serial is [serial]. An empty Port means that the file has no such table: no serial line is used.
type Serial struct {
	Port string
	Baud int // bits per second; default 115200
}

// Control is [control].
type Control struct {
	Socket string // default /run/submix/control.sock
	OnEnd  string // wait (default: the box stays up for start) or exit
}

// Duration is how long so many frames last.
func (m Mixer) Duration(frames int) time.Duration {
	return time.Duration(frames) * time.Second / time.Duration(m.Rate)
}

// Queue is how much sound waits in the playback card, at most; 0 if there is no card.
func (c *Config) Queue() time.Duration {
	if k := c.Playback.Device.Kind; k != HW && k != USB {
		return 0
	}
	return c.Mixer.Duration(c.Playback.Periods * c.Mixer.Block)
}

// Load reads and checks the file at path. A file that cannot be read is an error of package os;
// mistakes in it are an error of type Problems, whose lines name the path. See Parse.
func Load(path string, checkCommand func(line string) error) (*Config, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("configuration: %w", err)
	}
	return Parse(path, data, checkCommand)
}

// Parse checks data; name stands for the file in messages. checkCommand says why the command line
// of a button is not one, and is not called when nil. Any error is of type Problems and holds every
// mistake of the file, in order of lines; a Config is returned only without one.
func Parse(name string, data []byte, checkCommand func(line string) error) (*Config, error) {
	if checkCommand == nil {
		checkCommand = func(string) error { return nil }
	}
	c := checker{file: name, checkCommand: checkCommand, config: defaults()}
	c.check(string(data))
	if len(c.problems) > 0 {
		c.problems.sort()
		return nil, c.problems
	}
	return &c.config, nil
}

func defaults() Config {
	return Config{
		Mixer: Mixer{Rate: 48000, Channels: 2, Block: 240, StreamTimeout: 100 * time.Millisecond,
			Capacity: 2, Limiter: true},
		Playback: Playback{Periods: 3},
		Serial:   Serial{Baud: 115200},
		Control:  Control{Socket: "/run/submix/control.sock", OnEnd: "wait"},
	}
}
