package main

import (
	"context"
	"errors"
	"time"

	"submix/control"
	"submix/hw/alsa"
)

// A device is an open one.
type device interface{ Close() error }

// A search looks for a device until it is open: at each ring of the bell, and, as not all that keeps one from being
// opened makes it ring, after pauses. It belongs to one goroutine.
type search[D device] struct {
	open    func() (D, error) // may take for ever
	changed *bell             // something has changed among the devices
	trouble func(error)       // takes why it is not open, again and again
	retry   retry
	opened  time.Time       // when it was last; zero: never yet, and the first attempt is made at once
	ring    <-chan struct{} // closed when the bell has rung since the last attempt, or since close was called
}

// find returns the device when it is open; not ok, if ctx or done, which may be nil, is done before that. An open that is
// under way then is waited for, so that the device is free, but not for longer than slowAfter.
func (s *search[D]) find(ctx context.Context, done <-chan struct{}) (d D, ok bool) {
	s.retry.worked(time.Since(s.opened))
	if s.ring == nil {
		s.ring = s.changed.wait()
	}
	for now := s.opened.IsZero(); ; now = true {
		if now {
			d, err := s.attempt(ctx, done)
			if err == nil {
				s.opened = time.Now()
				return d, true
			}
			if errors.Is(err, context.Canceled) {
				return d, false
			}
			s.trouble(err)
		}
		select {
		case <-ctx.Done():
			return d, false
		case <-done:
			return d, false
		case <-s.ring:
			s.retry.news()
		case <-time.After(s.retry.pause()):
		}
		s.ring = s.changed.wait()
	}
}

// close closes the device, soon, as it is lost or not wanted any more. A ring while that takes its time is heard: the device
// may be back by then.
func (s *search[D]) close(d D) error {
	s.ring = s.changed.wait()
	return closeSoon(d)
}

// attempt opens the device. context.Canceled: it was not waited for.
func (s *search[D]) attempt(ctx context.Context, done <-chan struct{}) (d D, err error) {
	began := time.Now()
	call := begin(s.open)
	slow := time.NewTicker(slowAfter)
	defer slow.Stop()
	for {
		select {
		case o := <-call:
			return o.value, o.err
		case <-slow.C:
			s.trouble(slowFor(time.Since(began)))
			continue
		case <-ctx.Done():
		case <-done:
		}
		if late, err := await(call, func(d D) { d.Close() }); err == nil {
			late.Close()
		}
		return d, context.Canceled
	}
}

// soundAfter is how long a device has to work before its trouble is over: some open, and then refuse.
const soundAfter = time.Second

// A trouble is why a device is not there, which is told once while it stays the same.
type trouble struct{ last error }

// news takes in what is wrong, nil for nothing, and reports whether that is new. A device that is not there is the same
// trouble whatever else is, and one that does not answer however long it has not.
func (t *trouble) news(err error) bool {
	last := t.last
	t.last = err
	if err == nil || last == nil {
		return (err == nil) != (last == nil)
	}
	for _, same := range []error{alsa.ErrNotFound, control.ErrMissing, errSlow} {
		if errors.Is(err, same) && errors.Is(last, same) {
			return false
		}
	}
	return err.Error() != last.Error()
}
