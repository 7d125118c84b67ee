package main

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"sync"
	"syscall"
	"time"

	"submix/control"
	"submix/hw/serial"
	"submix/hw/uevent"
)

// listeners are the ways in which commands come in, the lights and the monitor.
type listeners struct {
	sync.WaitGroup
	letGo        func() // ends buttons, encoders and lights, and with them what is held down
	consoleEnded chan struct{}
}

// listen starts all of them; they end with ctx, and Wait returns then. What does
// not work is logged and tried again.
func listen(ctx context.Context, b *box, d *control.Dispatcher, socket *control.Socket, console io.ReadWriter, log *slog.Logger) *listeners {
	l := &listeners{consoleEnded: make(chan struct{})}
	cfg := b.config()
	hangup := make(chan os.Signal, 1)
	signal.Notify(hangup, syscall.SIGHUP)
	l.Go(func() { reloadOn(ctx, hangup, d) })
	l.Go(func() { logEnd(log, "control socket", socket.Run(ctx, d)) })
	if cfg.Serial.Port != "" {
		port := serial.Port{Path: cfg.Serial.Port, Baud: cfg.Serial.Baud, Changed: func(err error) {
			if err != nil {
				log.Warn("serial port", "error", err)
			} else {
				log.Info("serial port open", "port", cfg.Serial.Port)
			}
		}}
		l.Go(func() {
			logEnd(log, "serial port", port.Run(ctx, func(rw io.ReadWriter) error { return d.Serve(ctx, rw, "serial") }))
		})
	}
	l.letGo = within(ctx, func(ctx context.Context) { newHands(b, d, log).run(ctx, b) })
	l.Go(func() { monitor(ctx, b, log) })
	l.Go(func() {
		again(ctx, log, "events", "kernel", func() error {
			return uevent.Run(ctx, func(e uevent.Event) {
				if ofSound(e) {
					b.devices.ring()
				}
			})
		})
	})
	if console != nil { // not waited for: a read of the terminal cannot be ended
		go func() {
			logEnd(log, "console", serveConsole(ctx, d, console))
			close(l.consoleEnded)
		}()
	}
	return l
}

// reloadOn reloads at each hangup until ctx is done. The dispatcher logs how it went.
func reloadOn(ctx context.Context, hangup chan os.Signal, d *control.Dispatcher) {
	defer signal.Stop(hangup)
	for {
		select {
		case <-hangup:
			d.Do(ctx, "signal", "reload")
		case <-ctx.Done():
			return
		}
	}
}

func logEnd(log *slog.Logger, what string, err error) {
	if err != nil && !errors.Is(err, context.Canceled) {
		log.Error(what, "error", err)
	}
}

// ofSound reports that a sound device may have come, or may be opened now. A card that goes is noticed by who has it
// open.
func ofSound(e uevent.Event) bool {
	return e.Action == uevent.Missed || e.Subsystem == "sound" && e.Action != "remove" && e.Action != "unbind"
}

// again runs f until ctx is done, after pauses that grow when it has failed, which
// is logged when the reason is a new one.
func again(ctx context.Context, log *slog.Logger, kind, name string, f func() error) {
	told := ""
	for r := (retry{}); ctx.Err() == nil; {
		began := time.Now()
		if err := f(); err != nil && ctx.Err() == nil && err.Error() != told {
			told = err.Error()
			log.Warn(kind, "name", name, "error", err)
		}
		r.worked(time.Since(began))
		select {
		case <-ctx.Done():
		case <-time.After(r.pause()):
		}
	}
}
