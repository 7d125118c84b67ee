package alsa

import (
	"fmt"
	"unsafe"

	"github.com/yobert/alsa/pcm/state"
	"golang.org/x/sys/unix"
)

// What can go wrong while a stream runs, wherever it shows (a failed transfer, POLLERR, a state), is brought to an errno
// and mended by this one table (errnos as in sound/core/pcm_native.c and pcm_lib.c):
//
//	EAGAIN, EINTR  nothing there, no room, a signal   no fault: try later
//	EPIPE          xrun                               PREPARE, refill a playback, START; counted, told once
//	ESTRPIPE       the system slept                   RESUME, or as EPIPE; counted, told once
//	EBADFD         not running, or unplugged          ask STATUS: stopped by its driver is as EPIPE, else gone
//	ENODEV, EIO, all others                           gone: every further call returns the same error
//
// If the cure fails, the device is gone too. See refill.go for what a playback is filled with.
func (s *stream) mend(e unix.Errno) error {
	if e == unix.EBADFD {
		if e = s.state(); e == 0 {
			e = unix.ENODEV // a contradiction, which to try again would spin on
		}
	}
	switch e {
	case 0, unix.EAGAIN, unix.EINTR:
		return nil
	case unix.ESTRPIPE:
		if s.command(reqResume) != 0 {
			e = s.restart()
		} else {
			s.clock.restarted()
			e = 0
		}
	case unix.EPIPE:
		e = s.restart()
	}
	if e != 0 {
		return s.gone(e)
	}
	s.xruns.Add(1)
	s.xrun = true
	return nil
}

// state asks the device for its state and returns it as the errno of the table above: 0 if all is well.
func (s *stream) state() unix.Errno {
	if e := s.node.ioctl(reqStatus, unsafe.Pointer(&s.status)); e != 0 {
		if e == unix.EBADFD {
			return unix.ENODEV
		}
		return e
	}
	switch s.status.State {
	case state.Prepared, state.Running, state.Paused:
		return 0
	case state.Suspended:
		return unix.ESTRPIPE
	case state.Disconnected:
		return unix.ENODEV
	}
	return unix.EPIPE // Xrun; or stopped by the driver: Setup, Draining
}

// gone marks the stream as dead.
func (s *stream) gone(e unix.Errno) error {
	s.running = false
	s.lost = loss{name: s.name, errno: e}
	s.dead = &s.lost
	return s.dead
}

// A loss is the error of a device that is gone. Its text is made by who reads it:
// the thread that finds it must not allocate, lest it have to help the collector,
// which may wait for threads that this one, of higher priority, does not let run.
type loss struct {
	name  string
	errno unix.Errno
	stood bool // a capture: it ran, but delivered nothing
}

func (l *loss) Error() string {
	if l.stood {
		return fmt.Sprintf("%s: %v: %v (it runs, but has delivered nothing for %v or longer: look after its cable, its clock and its power)",
			l.name, ErrGone, l.errno, standsAfter)
	}
	return fmt.Sprintf("%s: %v: %v", l.name, ErrGone, explain(l.errno))
}

// Is and Unwrap have it wrap ErrGone, perhaps ErrStands, and the errno.
func (l *loss) Is(target error) bool { return target == ErrGone || target == ErrStands && l.stood }

func (l *loss) Unwrap() error { return l.errno }

// failure returns the error of a refused setting.
func failure(e unix.Errno) error {
	switch e {
	case unix.ENODEV, unix.EBADFD, unix.ENXIO, unix.ENOENT:
		return fmt.Errorf("%w: %w", ErrGone, e)
	case unix.EBUSY:
		return fmt.Errorf("%w: %w", ErrBusy, e)
	}
	return fmt.Errorf("%w: %w", ErrUnsuitable, explain(e))
}

// explain adds what an errno means here, where its own text says nothing of it.
func explain(e unix.Errno) error {
	hint := ""
	switch e {
	case unix.ENOSPC:
		hint = "the USB bus has no bandwidth left for it: plug it into another port, or ask for fewer channels or bits"
	case unix.EPIPE:
		hint = "it stops whenever it is started: try another cable or port"
	case unix.EIO:
		hint = "the card does not move, or, on a cable of snd-aloop, its other end has another format"
	case unix.ETIMEDOUT:
		hint = fmt.Sprintf("the card did not answer, or took no sound for %v", deadAfter)
	default:
		return e
	}
	return fmt.Errorf("%w (%s)", e, hint)
}
