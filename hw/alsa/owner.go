package alsa

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"submix/hw/pcm"
)

// owner says who holds a device.
func (sys system) owner(a address) string { return sys.program(sys.ownerPID(a)) }

// ownerPID is the process that holds a device; 0 if it is not known. The kernel has the thread that has opened it
// (snd_pcm_attach_substream in sound/core/pcm.c), which may have ended.
func (sys system) ownerPID(a address) int {
	thread := ""
	for sub := 0; thread == ""; sub++ {
		status := sys.info(a, fmt.Sprintf("sub%d/status", sub))
		if status == "" { // no more, or a kernel without SND_VERBOSE_PROCFS
			return 0
		}
		thread = field(status, "owner_pid")
	}
	status, _ := os.ReadFile(filepath.Join(sys.proc, thread, "status"))
	pid, _ := strconv.Atoi(field(string(status), "Tgid"))
	return pid
}

// program names a process, for people.
func (sys system) program(pid int) string {
	if pid == 0 {
		return "another program"
	}
	comm, err := os.ReadFile(filepath.Join(sys.proc, strconv.Itoa(pid), "comm"))
	if err != nil {
		return fmt.Sprintf("pid %d", pid)
	}
	return fmt.Sprintf("%s (pid %d)", strings.TrimSpace(string(comm)), pid)
}

// setTo is what a device in use is set to; nil if it is not known.
func (sys system) setTo(a address) *Offer {
	for sub := 0; ; sub++ {
		params := sys.info(a, fmt.Sprintf("sub%d/hw_params", sub))
		if params == "" {
			return nil
		}
		name := field(params, "format")
		if name == "" { // "closed", or "no setup"
			continue
		}
		o := Offer{Rate: only(params, "rate"), Channels: only(params, "channels"),
			PeriodFrames: only(params, "period_size"), BufferFrames: only(params, "buffer_size")}
		ours := DefaultFormats()
		if i := slices.IndexFunc(ours, func(f pcm.Format) bool { return f.String() == name }); i >= 0 {
			o.Formats = []pcm.Format{ours[i]}
		} else {
			o.OtherFormats = []string{name}
		}
		return &o
	}
}

// only reads a number, which may be followed by other words.
func only(text, key string) Range {
	word, _, _ := strings.Cut(field(text, key), " ")
	n, _ := strconv.Atoi(word)
	return Range{n, n}
}
