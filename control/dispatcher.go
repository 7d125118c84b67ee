package control

import (
	"context"
	"log/slog"
	"strings"
	"time"
)

// Dispatcher runs commands on a [Box], one at a time. Its methods may be called
// from any goroutine.
type Dispatcher struct {
	box   Box
	table []command
	log   *slog.Logger
	start time.Time

	turn chan struct{} // holds one while a command acts; no mutex, so that simulated time goes on while another waits
}

// NewDispatcher returns a dispatcher for box; status counts the uptime from now.
func NewDispatcher(box Box) *Dispatcher {
	return &Dispatcher{box: box, table: table(), log: slog.New(box.Log), start: time.Now(), turn: make(chan struct{}, 1)}
}

// Do runs the command in line, which has no line end. Origin says in the log
// where it came from: "serial", "socket", "button red".
func (d *Dispatcher) Do(ctx context.Context, origin, line string) Reply {
	return d.do(ctx, line, func(cmd *command, err *Error) { d.note(cmd, origin, line, err) })
}

// do runs the command in line, and tells done how it went before another can run.
func (d *Dispatcher) do(ctx context.Context, line string, done func(*command, *Error)) Reply {
	cmd, act, err := parse(d.table, line)
	if err != nil {
		return Reply{Err: asError(err)}
	}
	d.turn <- struct{}{}
	defer func() { <-d.turn }()
	var r Reply
	if err := act(ctx, d, &r); err != nil {
		r = Reply{Err: d.suggest(cmd, line, asError(err))}
	} else if cmd.changes {
		d.box.Changed()
	}
	done(cmd, r.Err)
	return r
}

// note logs a command that changed something, or was not able to.
func (d *Dispatcher) note(cmd *command, origin, line string, err *Error) {
	line = strings.Trim(line, " \t") // completion leaves a blank
	switch {
	case err == nil && cmd.changes:
		d.log.Info("command", EventCommand.Attr(), "origin", origin, "line", line)
	case err != nil && err.Code == CodeInternal:
		d.log.Error("command", EventRefused.Attr(), "origin", origin, "line", line, "code", int(err.Code), "error", err.Text)
	case err != nil && cmd.changes && err.Code >= codeFirstLogged:
		d.log.Warn("command refused", EventRefused.Attr(), "origin", origin, "line", line, "code", int(err.Code), "error", err.Text)
	}
}

// Check returns the *Error that a command of the line, which is one or more with ;
// between them, would be answered with whatever the state of the box, or nil. It
// is for lines in a configuration.
func Check(line string) error {
	commands := Lines(line)
	for _, c := range commands {
		if c == "" && len(commands) > 1 {
			return &Error{CodeUnknown, "; stands between two commands"}
		}
		if _, _, err := parse(table(), c); err != nil {
			return err
		}
	}
	return nil
}
