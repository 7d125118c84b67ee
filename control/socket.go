package control

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"sync"
	"syscall"
	"time"
)

// Limits of the control socket.
const (
	maxSessions   = 16
	idleAfter     = time.Minute     // when all are taken, a session idle for this long gives way
	writeTimeout  = 5 * time.Second // for a client that does not read its replies
	acceptBackoff = 100 * time.Millisecond
	maxSocketPath = 107 // bytes, sun_path of unix(7) without its final zero
)

// ErrInUse is returned by ListenSocket when another process answers there.
var ErrInUse = errors.New("socket is in use by a running process")

// Socket is the control socket: a unix stream socket on which every connection
// is a session of the line protocol.
type Socket struct {
	path     string
	listener *net.UnixListener

	mu       sync.Mutex
	sessions map[*session]struct{}
	stopped  bool

	limit     int
	idle      time.Duration
	writeTime time.Duration
}

// ListenSocket makes the socket file with mode 0660, owned by the group gid (-1:
// that of the process). It replaces a socket that nobody answers on, and nothing
// else. Connections wait until Run.
func ListenSocket(path string, gid int) (*Socket, error) {
	if err := vacant(path); err != nil {
		return nil, fmt.Errorf("control socket %s: %w", path, err)
	}
	// Made under another name: the file is there only with its mode and owner,
	// and takes the place of a stale one in a single step.
	fresh := path + ".new"
	if len(fresh) > maxSocketPath {
		return nil, fmt.Errorf("control socket %s: the path has %d bytes, at most %d are possible",
			path, len(path), maxSocketPath-len(".new"))
	}
	if err := os.Remove(fresh); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("control socket: %w", err)
	}
	l, err := net.ListenUnix("unix", &net.UnixAddr{Name: fresh, Net: "unix"})
	if err != nil {
		return nil, fmt.Errorf("control socket: %w", err)
	}
	l.SetUnlinkOnClose(false)
	if err := errors.Join(os.Chown(fresh, -1, gid), os.Chmod(fresh, 0o660), os.Rename(fresh, path)); err != nil {
		l.Close()
		os.Remove(fresh)
		return nil, fmt.Errorf("control socket: %w", err)
	}
	return &Socket{path: path, listener: l, sessions: map[*session]struct{}{},
		limit: maxSessions, idle: idleAfter, writeTime: writeTimeout}, nil
}

// vacant returns nil if nothing is at path, or a socket that nobody answers on.
func vacant(path string) error {
	info, err := os.Lstat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case err != nil:
		return err
	case info.Mode().Type() != fs.ModeSocket:
		return errors.New("there is a file of that name that is not a socket; remove it or choose another path")
	}
	c, err := net.DialTimeout("unix", path, time.Second)
	switch {
	case err == nil:
		c.Close()
		return ErrInUse
	case errors.Is(err, syscall.ECONNREFUSED), errors.Is(err, fs.ErrNotExist):
		return nil
	case errors.Is(err, syscall.EAGAIN), os.IsTimeout(err): // its queue is full: somebody listens
		return ErrInUse
	}
	return err
}

// Run serves connections with d until ctx is done. It then lets the commands
// under way answer, and returns nil when all sessions have ended and the socket
// file is removed.
func (s *Socket) Run(ctx context.Context, d *Dispatcher) error {
	var running sync.WaitGroup
	defer os.Remove(s.path)
	defer running.Wait()
	defer context.AfterFunc(ctx, s.stop)()
	defer s.stop()
	for ctx.Err() == nil {
		conn, err := s.listener.AcceptUnix()
		if errors.Is(err, net.ErrClosed) {
			break
		}
		if err != nil { // such as too many open files: it passes
			d.log.Warn("control socket: no connection accepted", "error", err.Error())
			select {
			case <-time.After(acceptBackoff):
			case <-ctx.Done():
			}
			continue
		}
		c := newSession(conn, s.writeTime)
		if !s.admit(c) {
			c.Write(Reply{Err: &Error{CodeSessions, fmt.Sprintf("%d sessions are open already", s.limit)}}.append(nil, "\n"))
			c.Close()
			continue
		}
		running.Go(func() {
			defer s.leave(c)
			if err := d.Serve(ctx, c, "socket"); errors.Is(err, os.ErrDeadlineExceeded) && ctx.Err() == nil {
				d.log.Warn("control socket: client dropped, it does not read its replies")
			}
		})
	}
	return nil
}

// stop ends accepting, and every session at its next read.
func (s *Socket) stop() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.stopped = true
	s.listener.Close()
	for c := range s.sessions {
		c.SetReadDeadline(time.Now())
	}
}

// admit takes in a session if there is room, or a session that has been idle
// for long: forgotten clients must not lock out the one that is needed now.
func (s *Socket) admit(c *session) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.stopped {
		return false
	}
	if len(s.sessions) >= s.limit {
		oldest := c
		for other := range s.sessions {
			if other.heard.Load().Before(*oldest.heard.Load()) {
				oldest = other
			}
		}
		if time.Since(*oldest.heard.Load()) < s.idle {
			return false
		}
		oldest.Close()
		delete(s.sessions, oldest)
	}
	s.sessions[c] = struct{}{}
	return true
}

func (s *Socket) leave(c *session) {
	c.Close()
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.sessions, c)
}

// Close removes the socket. It is for a Socket that was never run.
func (s *Socket) Close() error {
	return errors.Join(s.listener.Close(), os.Remove(s.path))
}
