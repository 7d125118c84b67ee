// Package vm runs tests of Submix on real kernel drivers, without hardware: it boots the arm64 programs that
// ship in an emulated machine and brings the results of the tests that ran inside back to the host.
//
// The machine is qemu's "virt" board with one processor in virtual time (-icount shift=0,sleep=off): an
// instruction takes one nanosecond and idle time is skipped, so that latency, jitter and use of the processor
// measured inside are the same on every host, loaded or not, and may be asserted. Inside are sound cables
// (snd-aloop), gpio-sim, and the two ends of one serial cable, ttyS0 and ttyS1.
//
// Two boots are the same to the nanosecond until one takes something from the host in the host's own time. Of the
// devices here only the serial cable does that: its bytes pass through the host, and while the guest is idle its
// clock leaps from timer to timer meanwhile. Tests that time what follows a command on the cable run beside
// slowTime, a thread of lowest priority that leaves no time idle and makes a second of the guest longer than one
// of the host. The ports have a speed to be set, but do not keep to it: 1100 bytes take about 1 ms.
//
// A boot has four parts: kernel.sh makes the kernel, Build the initramfs, Machine.Run one boot, and the Report
// that it returns holds what the tests in package guest did. The scenarios are in vm_test.go.
package vm
