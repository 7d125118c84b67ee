package control

import "time"

// eventsAtOnce is how many events a session is told before it looks whether a line
// has come.
const eventsAtOnce = 16

// A teller tells a session the events, if it is on. Its zero value is off.
type teller struct {
	*follower               // nil: off
	end       string        // line end
	busy      chan struct{} // closed when the line has carried what was told last; nil: it has
}

// turn turns telling on, from now, or off.
func (t *teller) turn(on bool, log *Log, end string) {
	switch {
	case !on:
		*t = teller{}
	case t.follower == nil:
		*t = teller{follower: log.follow(), end: end}
	}
}

// due is ready when the next events are to be told: never more of them than the
// line carries, or replies would wait for long, and what is lost could not be told.
func (t *teller) due() <-chan struct{} {
	switch {
	case t.follower == nil:
		return nil
	case t.busy != nil:
		return t.busy
	}
	return t.news()
}

// tell sends the next events.
func (s *talk) tell() error {
	s.answer = s.answer[:0]
	for _, line := range s.events.take(eventsAtOnce) {
		s.answer = append(append(s.answer, line...), s.events.end...)
	}
	s.events.busy = nil
	if n := s.bytesPerSecond(); n > 0 && len(s.answer) > 0 {
		carried := make(chan struct{})
		time.AfterFunc(time.Duration(len(s.answer))*time.Second/time.Duration(n), func() { close(carried) })
		s.events.busy = carried
	}
	return s.flush()
}
