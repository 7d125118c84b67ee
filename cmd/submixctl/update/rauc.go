package update

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"strings"
	"time"
)

// Its service does one thing at a time, and says so instead of having others wait.
const (
	busy     = "already processing a different method"
	busyFor  = 30 * time.Second // is waited for: no question takes it longer
	busyPoll = 300 * time.Millisecond
)

// rauc has the service do what is asked, when it has time.
func rauc(ctx context.Context, progress io.Writer, args ...string) ([]byte, error) {
	for begin := time.Now(); ; {
		out, err := raucOnce(ctx, progress, args...)
		if err == nil || !strings.Contains(err.Error(), busy) || time.Since(begin) > busyFor {
			return out, err
		}
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-time.After(busyPoll):
		}
	}
}

// raucOnce runs the program of that name.
func raucOnce(ctx context.Context, progress io.Writer, args ...string) ([]byte, error) {
	var out, said bytes.Buffer
	cmd := exec.CommandContext(ctx, "rauc", args...)
	cmd.Stdout, cmd.Stderr = &out, &said
	if progress != nil {
		cmd.Stdout = io.MultiWriter(&out, &steps{w: progress})
	}
	err := cmd.Run()
	switch {
	case errors.Is(err, exec.ErrNotFound):
		return nil, fmt.Errorf("there is no rauc: this is not a system that is updated as a whole")
	case err != nil:
		return nil, fmt.Errorf("rauc: %s", reason(out.String()+"\n"+said.String(), err))
	}
	return out.Bytes(), nil
}

// steps lets rauc's lines of progress through, as " 40% Verifying signature done.": each step once, for it may be the
// console of a box that they go to.
type steps struct {
	w    io.Writer
	last string
}

func (s *steps) Write(p []byte) (int, error) {
	for line := range strings.Lines(string(p)) {
		if _, step, ok := strings.Cut(line, "% "); ok && step != s.last {
			io.WriteString(s.w, line)
			s.last = step
		}
	}
	return len(p), nil
}

// reason finds in rauc's words why it refused: what its service says first; else its last line.
func reason(said string, err error) string {
	last := err.Error()
	for line := range strings.Lines(said) {
		line = strings.TrimSpace(line)
		if why, ok := strings.CutPrefix(line, "LastError: "); ok && why != "" {
			return why
		}
		if line != "" && !strings.HasPrefix(line, "rauc-Message") && !strings.Contains(line, "% ") {
			last = line
		}
	}
	return last
}
