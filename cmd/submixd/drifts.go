package main

import (
	"log/slog"
	"maps"
	"math"
	"sync"
	"time"

	"submix/cmd/submixd/config"
	"submix/control/state"
	"submix/mixer/drift"
)

const (
	driftSection = "drift" // of the state file: device to ppm
	driftWorth   = 0.5     // ppm: a smaller change is not put down before the end
	driftPause   = time.Minute
	maxDriftPPM  = drift.Limit * 1e6 // what the mixer corrects, either way
	maxDrifts    = 256               // devices, far more than a box has sockets
)

// drifts is how fast the clock of each device is against that of the playback
// card, in ppm, as learned in this run or before it. Any goroutine may use it.
type drifts struct {
	file *state.File
	log  *slog.Logger

	mu    sync.Mutex
	known map[string]float64 // by Device.String
	put   map[string]float64 // those of them that the file has
	next  time.Time          // not to be put down before
}

func newDrifts(file *state.File, log *slog.Logger) *drifts {
	d := &drifts{file: file, log: log, known: map[string]float64{}}
	if err := file.Get(driftSection, &d.put); err != nil {
		log.Warn("drift is learned anew", "error", err)
		d.put = nil
	}
	maps.DeleteFunc(d.put, func(_ string, ppm float64) bool { return !isDrift(ppm) })
	maps.Copy(d.known, d.put)
	return d
}

// isDrift is false for what is not a number, too.
func isDrift(ppm float64) bool { return math.Abs(ppm) <= maxDriftPPM }

// of returns what is known of a device, 0 if that is nothing.
func (d *drifts) of(dev config.Device) float64 {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.known[dev.String()]
}

// learn takes in what was measured.
func (d *drifts) learn(dev config.Device, ppm float64) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if _, is := d.known[dev.String()]; isDrift(ppm) && (is || len(d.known) < maxDrifts) {
		d.known[dev.String()] = math.Round(ppm*100) / 100
	}
}

// keep puts down what has been learned: what has changed by little, or a short
// time ago, only with all.
func (d *drifts) keep(now time.Time, all bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	due := all && !maps.Equal(d.known, d.put)
	for dev, ppm := range d.known {
		was, is := d.put[dev]
		due = due || !now.Before(d.next) && (!is || math.Abs(ppm-was) > driftWorth)
	}
	if !due {
		return
	}
	d.put, d.next = maps.Clone(d.known), now.Add(driftPause)
	if err := d.file.Put(driftSection, d.put); err != nil {
		d.log.Error("drift is not kept", "error", err)
	}
}
