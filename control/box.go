package control

import (
	"context"
	"time"

	"submix/mixer"
)

// Streams puts streams into the mix and takes them out. It opens and closes
// their devices. Both methods may block while a device does.
type Streams interface {
	// Add returns ErrExists, ErrEnded, ErrBadDevice, ErrBadOption or one of the
	// device errors, wrapped, with nothing changed.
	Add(ctx context.Context, r AddRequest) error
	// Remove returns ErrNoSuch, wrapped, if there is no stream of that name.
	Remove(name string) error
}

// AddRequest is what an add command asks for.
type AddRequest struct {
	Name     string
	Device   string         // "": that of the configured capture of this name
	GainDB   *float64       // nil: as configured, else 0
	Channels []int          // of the device, counted from 1, one for each of the mix; nil: as configured
	Sync     string         // "adaptive", "locked"; "": as configured
	Latency  *time.Duration // 1 ms to 1 s, or 0 for auto; nil: as configured
	Priority *int           // 0 to 9; nil: as configured, else 0
}

// State is what the mix is doing.
type State string

// The states of the mix.
const (
	StateRunning  State = "running"
	StateEnding   State = "ending"    // nothing can be added, what was delivered is played
	StateEnded    State = "ended"     // silent; start begins a new mix
	StateNoOutput State = "no-output" // the playback device is gone and looked for
)

// Session is one mix from start to end.
type Session interface {
	// Start begins a new mix with the configured streams; ErrRunning if the last
	// one has not ended.
	Start() error
	// End begins to end the mix and does not wait for it; now drops what is
	// queued. Now while ending hurries it up; ErrEnded if there is nothing to end.
	End(now bool) error
	// State returns the state and the reason for it, which may be empty.
	State() (state State, reason string)
}

// Device is a sound device of the box, as the devices command lists it. Fields
// left empty are not shown.
type Device struct {
	Address   string   // as written in add and in the configuration: hw:Mic,0
	Direction string   // capture or playback
	Card      string   // its name, for people
	USB       string   // its address by USB port: usb:1-1.2
	Formats   []string // that it has; if in use, this, rates and channels are what it is set to
	Rates     string   // frames a second: 48000 or 8000-96000
	Channels  string   // 2 or 1-2
	Busy      bool     // in use, by this box or another program
	User      string   // who uses it: submix stream mic, or a program and its number
	TT        string   // the USB hub or port in which it shares 12 Mbit/s: 1-1
	Note      string   // what is to be known of it, for people
}

// Crash is how a run of submixd ended that did not end in order.
type Crash struct {
	Time   time.Time `json:"time"` // of the start that found it
	Reason string    `json:"reason"`
	Events []string  `json:"events"` // the last entries of its log, as Tail returns them
}

// Capture is a configured capture, as add without a device takes it.
type Capture struct{ Name, Device string }

// System is the image that the box was flashed with; its fields are empty where there is none.
type System struct{ Version, Board, Slot string }

// Notice is something that whoever looks at the box has to know: of what it is, in a word, and a sentence.
type Notice struct{ Topic, Text string }

// Box is what the commands act on. All fields but the last three must be set; all funcs are
// called by one goroutine at a time.
type Box struct {
	Mixer   func() *mixer.Mixer // the current one, which start replaces; never nil
	Streams Streams
	Session Session
	Devices func() ([]Device, error)
	// Captures returns what add can take without a device, in the order of the file.
	Captures func() []Capture
	// Reload returns what of the file waits, and for what; ErrConfig, wrapped, if the file has mistakes.
	Reload  func() (waits []string, err error)
	Changed func()       // called after each command that has changed something, before its reply
	Save    func() error // returns when what is to be kept is on the disk; ErrStorage or ErrNotNow, wrapped
	Version string
	Log     *Log
	Crash   *Crash // the last one; nil: there was none
	System  System
	Notices func() []Notice // nil: there are none
}
