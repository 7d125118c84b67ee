package control

import (
	"net"
	"sync/atomic"
	"time"
)

// A session is a connection that knows when its client was last heard, or sent to, and does
// not wait for ever for it to read.
type session struct {
	net.Conn
	writeTime time.Duration
	heard     atomic.Pointer[time.Time]
}

func newSession(c net.Conn, writeTime time.Duration) *session {
	s := &session{Conn: c, writeTime: writeTime}
	s.touch()
	return s
}

func (s *session) touch() {
	now := time.Now()
	s.heard.Store(&now)
}

func (s *session) Read(b []byte) (int, error) {
	n, err := s.Conn.Read(b)
	s.touch()
	return n, err
}

func (s *session) Write(b []byte) (int, error) {
	if err := s.SetWriteDeadline(time.Now().Add(s.writeTime)); err != nil {
		return 0, err
	}
	s.touch() // a client that meters are sent to is not idle; before it can answer
	return s.Conn.Write(b)
}
