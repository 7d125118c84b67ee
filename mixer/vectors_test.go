package mixer

import (
	"context"
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"testing/synctest"
	"time"
)

// A vector is a conformance case: what streams deliver and when, what is done
// to the mixer, and the output.
type vector struct {
	Name        string
	SampleRate  int `json:"sample_rate"`
	NumChannels int `json:"num_channels"`
	Blocksize   int
	TimeoutMS   int `json:"stream_timeout_ms"`
	Capacity    int
	ConsumeFrom float64 `json:"consume_from_ms"`
	RunMS       int     `json:"run_ms"`
	Streams     map[string]struct {
		Frames []vectorFrame
		EndsAt *float64 `json:"ends_at_ms"`
	}
	Events []vectorEvent
	Output []struct{ Samples []int16 }
	Ended  bool
}

type vectorEvent struct {
	AtMS   float64 `json:"at_ms"`
	Op     string
	Stream string
}

type vectorFrame struct {
	AtMS    float64 `json:"at_ms"`
	Samples []int16
}

func TestVectors(t *testing.T) {
	dirs := []string{"testdata/vectors"}
	if dir := os.Getenv("SUBMIX_VECTORS"); dir != "" {
		dirs = append(dirs, dir)
	}
	for _, dir := range dirs {
		files, err := filepath.Glob(filepath.Join(dir, "*.json"))
		if err != nil || len(files) == 0 {
			t.Fatalf("%s holds no vectors (%v)", dir, err)
		}
		for _, file := range files {
			t.Run(filepath.Base(file), func(t *testing.T) {
				data, err := os.ReadFile(file)
				if err != nil {
					t.Fatal(err)
				}
				var v vector
				if err := json.Unmarshal(data, &v); err != nil {
					t.Fatal(err)
				}
				synctest.Test(t, func(t *testing.T) { v.run(t) })
			})
		}
	}
}

func (v *vector) run(t *testing.T) {
	m, err := New(Config{Rate: v.SampleRate, Channels: v.NumChannels, Block: v.Blocksize,
		StreamTimeout: ms(v.TimeoutMS), Capacity: v.Capacity})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	start := time.Now()
	events := v.Events
	for len(events) > 0 && events[0].AtMS == 0 { // before the first block
		v.apply(ctx, t, m, events[0], start)
		events = events[1:]
	}
	go m.Run(ctx)
	go func() {
		for _, e := range events {
			until(start, e.AtMS)
			v.apply(ctx, t, m, e, start)
		}
	}()
	until(start, v.ConsumeFrom)
	read := ctx
	if v.RunMS > 0 {
		var stop context.CancelFunc
		read, stop = context.WithDeadline(ctx, start.Add(ms(v.RunMS)))
		defer stop()
	}
	got, err := readAll(read, m)
	if ended := err == io.EOF; ended != v.Ended {
		t.Errorf("ended: %v (%v), want %v", ended, err, v.Ended)
	}
	if len(got) != len(v.Output) {
		t.Fatalf("%d blocks, want %d", len(got), len(v.Output))
	}
	for i, block := range got {
		if !slices.Equal(block, v.Output[i].Samples) {
			t.Fatalf("block %d is %v..., want %v...", i, block[:min(8, len(block))], v.Output[i].Samples[:min(8, len(block))])
		}
	}
	cancel()
	synctest.Wait()
}

func (v *vector) apply(ctx context.Context, t *testing.T, m *Mixer, e vectorEvent, start time.Time) {
	switch e.Op {
	case "add":
		v.add(ctx, t, m, e.Stream, start)
	case "end_input":
		m.EndInput()
	default:
		t.Errorf("unknown op %q", e.Op)
	}
}

// add puts a stream into the mix and starts its producer, which delivers each
// frame at its time, or as soon as there is room for it.
func (v *vector) add(ctx context.Context, t *testing.T, m *Mixer, name string, start time.Time) {
	stream := v.Streams[name]
	feed := NewFeed(v.NumChannels, 1)
	_, err := m.Add(StreamConfig{Name: name, Source: feed, Format: Format{v.SampleRate, v.NumChannels}})
	if err != nil {
		t.Error(err)
		return
	}
	go func() {
		for _, f := range stream.Frames {
			until(start, f.AtMS)
			if feed.Write(ctx, floats(f.Samples)) != nil {
				return
			}
		}
		if stream.EndsAt != nil {
			until(start, *stream.EndsAt)
			feed.CloseWrite(nil)
		}
	}()
}

// readAll reads blocks as 16-bit samples until Read errs.
func readAll(ctx context.Context, m *Mixer) (blocks [][]int16, err error) {
	block := make([]float32, m.cfg.Block*m.cfg.Channels)
	for {
		if err := m.Read(ctx, block); err != nil {
			return blocks, err
		}
		blocks = append(blocks, ints(block))
	}
}

func ms(n int) time.Duration { return time.Duration(n) * time.Millisecond }

// until waits, in virtual time, for a time after start.
func until(start time.Time, atMS float64) {
	time.Sleep(time.Until(start.Add(time.Duration(atMS * float64(time.Millisecond)))))
}

func floats(x []int16) []float32 {
	y := make([]float32, len(x))
	for i, v := range x {
		y[i] = float32(v) / 32768
	}
	return y
}

func ints(x []float32) []int16 {
	y := make([]int16, len(x))
	for i, v := range x {
		y[i] = int16(max(-32768, min(32767, v*32768)))
	}
	return y
}

// few is the first of a table under the race detector, which finds what it does in any, and otherwise all of it.
func few[T any](table []T) []T { return table[:max(1, len(table)/share)] }
