package main

import (
	"os"
	"path/filepath"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// machineClock returns how long the machine runs, and whether the time of day is known: a
// board without a battery begins at a time that is long over, and says so nowhere.
func machineClock() (boot time.Duration, known bool) {
	var at unix.Timespec
	unix.ClockGettime(unix.CLOCK_BOOTTIME, &at) // has no error to return: the clock is there, and so is at
	return time.Duration(at.Nano()), isSynchronized() || setFromBattery("/sys/class/rtc")
}

// isSynchronized reports that a time server keeps the kernel's clock, see adjtimex(2):
// systemd-timesyncd, chrony and ntpd then take STA_UNSYNC away.
func isSynchronized() bool {
	var t unix.Timex
	_, err := unix.Adjtimex(&t)
	return err == nil && t.Status&unix.STA_UNSYNC == 0
}

// setFromBattery reports that the kernel has set its clock from one of those in dir
// at the start (CONFIG_RTC_HCTOSYS).
func setFromBattery(dir string) bool {
	found, _ := filepath.Glob(filepath.Join(dir, "*", "hctosys")) // the pattern is a good one
	for _, file := range found {
		if b, err := os.ReadFile(file); err == nil && strings.TrimSpace(string(b)) == "1" {
			return true
		}
	}
	return false
}
