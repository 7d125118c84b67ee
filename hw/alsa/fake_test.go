package alsa

import (
	"sync"
	"time"
	"unsafe"

	"github.com/yobert/alsa/alsatype"
	status "github.com/yobert/alsa/pcm"
	"github.com/yobert/alsa/pcm/state"
	"golang.org/x/sys/unix"
)

// fakePCM is a PCM device as sound/core/pcm_native.c and pcm_lib.c behave, without a clock of its own: poll moves it on
// to the point it is asked to wait for.
type fakePCM struct {
	capture bool
	formats []int         // what it can do ...
	values  map[int][]int // ... by parameter
	fit     func(format, channels int) bool

	mu      sync.Mutex // for what another goroutine than the user's touches: woken, closed
	woken   chan struct{}
	closed  bool
	late    map[uintptr]int          // frames that pass once before that call; 0 is poll
	stuck   bool                     // its clock stands still
	stops   bool                     // it stops when it is polled
	sick    bool                     // poll reports an error that STATUS does not know of
	errnos  map[uintptr][]unix.Errno // what the next calls answer, 0 for the truth
	asleep  bool                     // state is Suspended, and RESUME works
	calls   []uintptr                // all but the transfers and queries
	refused int                      // calls after close
	info    uint32                   // what its driver says of itself
	forward bool                     // nothing can be taken back, whatever that is

	state        state.State
	period, size int
	frame        int // bytes
	sw           alsatype.SwParams
	hw, appl     int // frames moved by the hardware and by the program since PREPARE
	beyond       int // frames that the hardware holds beyond the buffer ...
	takes        int // ... and that it takes before it plays the first one
	told         int // hw, as the kernel knows it ...
	toldAt       time.Duration
	clock        epoch         // ... since then; that of the stream
	lag          time.Duration // how long STATUS takes
	sound        []byte        // playback: all that was written; capture: what is yet to be recorded
}

func newFakePCM(capture bool) *fakePCM {
	return &fakePCM{
		capture: capture,
		formats: []int{2, 6, 10, 14, 32},
		values: map[int][]int{
			paramChannels: {1, 2, 4, 8}, paramRate: {44100, 48000},
			paramPeriodSize: span(32, 2048), paramBufferSize: span(64, 8192),
		},
		fit:    func(int, int) bool { return true },
		woken:  make(chan struct{}),
		errnos: map[uintptr][]unix.Errno{},
	}
}

func (f *fakePCM) ioctl(req uintptr, arg unsafe.Pointer) unix.Errno {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.closed {
		f.refused++
		return unix.EBADF
	}
	if f.state == state.Disconnected {
		return unix.ENODEV
	}
	was := f.state
	f.pass(f.late[req])
	delete(f.late, req)
	if next := f.errnos[req]; len(next) > 0 {
		f.errnos[req] = next[1:]
		if next[0] != 0 {
			return next[0]
		}
	}
	switch req {
	case reqReadI, reqWriteI, reqRewind, reqSyncPtr, reqStatus, reqHwRefine:
	default:
		f.calls = append(f.calls, req)
	}
	switch req {
	case reqHwRefine:
		return f.refine((*hwParams)(arg))
	case reqHwParams:
		p := (*hwParams)(arg)
		if e := f.refine(p); e != 0 {
			return e
		}
		f.period, f.size = p.limits(paramPeriodSize).Min, p.limits(paramBufferSize).Min
		bytes := map[int]int{2: 2, 32: 3}
		for _, n := range f.formats {
			if p.masks[paramFormat].has(n) {
				f.frame = max(bytes[n], 4-4*min(bytes[n], 1)) * p.limits(paramChannels).Min
			}
		}
		f.state = state.Setup
	case reqSwParams:
		f.sw = *(*alsatype.SwParams)(arg)
	case reqPrepare:
		if f.state == state.Running {
			return unix.EBUSY
		}
		f.state, f.hw, f.appl, f.told = state.Prepared, 0, 0, 0
	case reqStart:
		if f.state != state.Prepared {
			return unix.EBADFD
		}
		f.state = state.Running
		if !f.capture && f.appl == 0 {
			return unix.EPIPE
		}
	case reqDrop:
		f.state = state.Setup
	case reqDrain:
		f.state = state.Draining
		return unix.EAGAIN
	case reqResume:
		if !f.asleep {
			return unix.ENOSYS
		}
		f.state = state.Running
	case reqStatus:
		time.Sleep(f.lag)
		if f.state == state.Running {
			f.tell()
		}
		s := (*status.Status)(arg)
		*s = status.Status{State: was, Tstamp: f.stamp(), ApplPtr: alsatype.Uframes(f.appl), HwPtr: alsatype.Uframes(f.told), Avail: alsatype.Uframes(f.avail())}
		if f.state == state.Running {
			s.Delay = alsatype.Sframes(f.appl - f.told + f.beyond + min(f.told, f.takes))
		}
	case reqSyncPtr:
		s := (*syncPtr)(arg)
		if s.flags != 6 { // with others it would move the card's or the program's position
			return unix.EINVAL
		}
		s.state, s.hw, s.appl, s.tstamp = f.state, alsatype.Uframes(f.told), alsatype.Uframes(f.appl), f.stamp()
	case reqRewind:
		return f.rewind((*alsatype.Uframes)(arg))
	case reqReadI, reqWriteI:
		return f.transfer((*xferI)(arg))
	}
	return 0
}

func (f *fakePCM) configure(_ setup, p *hwParams) unix.Errno {
	return f.ioctl(reqHwParams, unsafe.Pointer(p))
}

func (f *fakePCM) accessible() unix.Errno {
	switch f.state {
	case state.Prepared, state.Running:
		return 0
	case state.Xrun:
		return unix.EPIPE
	case state.Suspended:
		return unix.ESTRPIPE
	}
	return unix.EBADFD
}

func (f *fakePCM) transfer(x *xferI) unix.Errno {
	if e := f.accessible(); e != 0 {
		return e
	}
	if int(x.frames) > f.size {
		return unix.EFAULT // the program's buffer is as large as the device's
	}
	f.tell()
	n := min(int(x.frames), f.avail())
	if n == 0 {
		return unix.EAGAIN
	}
	buf := unsafe.Slice((*byte)(x.buf), n*f.frame)
	if f.capture {
		copy(buf, f.sound)
		f.sound = f.sound[min(len(buf), len(f.sound)):]
	} else {
		f.sound = append(f.sound, buf...)
	}
	f.appl += n
	x.result = alsatype.Sframes(n)
	return 0
}

func (f *fakePCM) avail() int {
	if f.capture {
		return f.hw - f.appl
	}
	return f.size - (f.appl - f.hw)
}

// pass lets the hardware move n frames.
func (f *fakePCM) pass(n int) {
	if f.state != state.Running {
		return
	}
	f.hw += n
	if f.avail() >= int(f.sw.StopThreshold) {
		f.state, f.told, f.toldAt = state.Xrun, f.hw, f.clock.now() // found by a look at the card
	}
}

func (f *fakePCM) poll(events int16, timeout time.Duration) (int16, bool) {
	f.mu.Lock()
	if events == 0 { // nothing but time
		time.Sleep(timeout)
	}
	if events == 0 && !f.stuck {
		f.pass(int(timeout * 48000 / time.Second))
	}
	if f.stops {
		f.state = xrun
	}
	if !f.stuck {
		f.pass(f.late[0])
		delete(f.late, 0)
		if n := int(f.sw.AvailMin) - f.avail(); n > 0 && f.state == running {
			f.pass(n)
			f.tell()
		}
		if f.state == state.Draining {
			f.state = state.Setup
		}
	}
	ready, state := f.avail() >= int(f.sw.AvailMin), f.state
	f.mu.Unlock()
	select {
	case <-f.woken:
		return 0, true
	default:
	}
	switch {
	case f.sick:
		return events | unix.POLLNVAL, false
	case state == disconnected:
		return unix.POLLERR | unix.POLLNVAL, false
	case f.stuck && (state == draining || !ready):
		var end <-chan time.Time
		if timeout >= 0 {
			end = time.After(timeout)
		}
		select {
		case <-f.woken:
			return 0, true
		case <-end:
			return 0, false
		}
	case state != running:
		return events | unix.POLLERR, false
	}
	return events, false
}

const (
	running, draining, disconnected, xrun = state.Running, state.Draining, state.Disconnected, state.Xrun
)

func (f *fakePCM) wake() { close(f.woken) }

func (f *fakePCM) close() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.closed = true
}
