package control

import (
	"math"
	"time"

	"submix/control/screen"
)

// What live pictures may use of the line to the terminal.
const (
	bytesPerPicture = 200 // on average
	partOfLine      = 0.8 // at most, if its speed is known
)

// Live shows the streams and the output as they change.
type Live struct {
	Do             func(line string) (Reply, error)
	Size           func() (width, height int)
	Rate           int // pictures a second, unless they need more bytes than they may
	BytesPerSecond int // of the line to the terminal; 0: not known
	Hint           string
	Painter        screen.Painter

	holds screen.Holds
}

// Run paints until wait, which waits for a time, says that it is enough.
func (l *Live) Run(wait func(d time.Duration) (enough bool, err error)) error {
	limit := float64(bytesPerPicture * l.Rate)
	if l.BytesPerSecond > 0 {
		limit = min(limit, partOfLine*float64(l.BytesPerSecond))
	}
	period := time.Second / time.Duration(l.Rate)
	defer l.Painter.End()
	for {
		start := time.Now()
		n, err := l.paint(start)
		if err != nil {
			return err
		}
		pause := max(period, time.Duration(float64(n)/limit*float64(time.Second)))
		if enough, err := wait(pause - time.Since(start)); enough || err != nil {
			return err
		}
	}
}

func (l *Live) paint(now time.Time) (n int, err error) {
	m, err := ReadMix(l.Do)
	if err != nil {
		return 0, err
	}
	l.holds.Mark(&m, now)
	width, height := l.Size()
	lines := screen.Picture(m, width-1, height-1) // what is written in the last column may scroll
	lines = append(lines, l.Hint[:min(len(l.Hint), max(0, width-1))])
	return l.Painter.Paint(lines, width, height)
}

// ReadMix asks for what a picture shows.
func ReadMix(do func(line string) (Reply, error)) (screen.Mix, error) {
	var m screen.Mix
	for _, line := range []string{"status", "streams"} {
		reply, err := do(line)
		if err == nil && reply.Err != nil {
			err = reply.Err
		}
		if err != nil {
			return m, err
		}
		objects, err := ParseData(reply.Data)
		if err != nil {
			return m, err
		}
		for _, o := range objects {
			switch o["type"] {
			case "stream":
				m.Streams = append(m.Streams, strip(o))
			case nil: // the pairs of status; a log of a crash may stand behind them
				m.State, _ = o["state"].(string)
				uptime, _ := o["uptime"].(float64)
				m.Uptime = time.Duration(uptime) * time.Second
				m.Out = strip(o)
				m.Out.State = ""
			}
		}
	}
	return m, nil
}

func strip(o map[string]any) screen.Strip {
	number := func(key string) float64 { x, _ := o[key].(float64); return x }
	s := screen.Strip{
		PeakDB: math.Inf(-1), Clips: number("clips"), GainDB: number("gain"), DriftPPM: number("drift"),
		LatencyMS: number("latency"), Xruns: number("xruns"),
	}
	if peak, ok := o["peak"].(float64); ok {
		s.PeakDB = peak
	}
	s.Name, _ = o["name"].(string)
	s.State, _ = o["state"].(string)
	s.Mute, _ = o["mute"].(bool)
	return s
}
