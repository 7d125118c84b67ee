//go:build vm

package vm

import (
	"context"
	"flag"
	"fmt"
	"os"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"
)

const root = "../.."

var (
	long = flag.Bool("long", false, "have tests run for as long, and cut the power as often, as they are meant to")
	seed = flag.Int("seed", 1, "`N`: of the machine's chance, and when its tests begin: another N shows what passes by luck")
)

// scenarios are the boots: one for each set of kernel parameters, or for tests that shall not share a machine. Those that
// take longest come first.
var scenarios = []struct {
	name    string
	run     string   // which of the guest's tests, as for go test -run, without blanks
	params  []string // more kernel parameters
	devices string   // more arguments of qemu
	usb     bool     // has a USB socket
}{
	{name: "drift", run: "^TestDrift"},
	// Cards take the lowest number that is free.
	{name: "plug", run: "^TestPlug", params: []string{"snd_aloop.index=-1,-1,-1,-1"}, usb: true},
	{name: "mix", run: "^Test(Mix|Serial|NoOutput|Bad|Setup|Reload)"},
	{name: "chaos", run: "^Test(Chaos|Console)"},
	{name: "xrun", run: "^TestXrun"},
	{name: "hands", run: "^Test(Button|Knob)"},
	{name: "health", run: "^TestHealth"},
	{name: "overload", run: "^TestShed", params: []string{"snd_aloop.pcm_substreams=8,1,1,1"}},
	{name: "cost", run: "^TestCost", params: []string{"snd_aloop.pcm_substreams=8,1,1,1"}},
	{name: "load", run: "^TestLatency"},
	{name: "clocks", run: "^TestClock[A-Z]"},
	{name: "drivers", run: "^Test(Smoke|ALSA|HW|Resample|RingOut)"},
	// SrcB has Dummy for a clock: it moves only while something plays on Dummy with the same period.
	{name: "clocked", run: "^TestClocked", params: []string{"snd_aloop.timer_source=,Dummy.0.0"}},
	// Two cards at a hub, which only play. It is one of full speed, the only kind that qemu has.
	{name: "hub", run: "^TestHub", devices: `-device qemu-xhci,id=usb -audiodev none,id=quiet -device usb-hub,bus=usb.0,port=1
		-device usb-audio,audiodev=quiet,bus=usb.0,port=1.1 -device usb-audio,audiodev=quiet,bus=usb.0,port=1.4`},
}

// processors are taken by machines.
var processors = make(chan struct{}, runtime.GOMAXPROCS(0))

// limit ends a machine that hangs. It is of the host's time, and far more than one takes, as a host that is busy
// otherwise is slower.
const limit = 20 * time.Minute

// The machines begin in the order of the list, one for each processor at a time: the order in which tests go on that have
// called Parallel is another, and if one that takes long came last it would be alone in the end.
func TestMachine(t *testing.T) {
	t.Parallel()
	for _, s := range scenarios {
		t.Run(s.name, func(t *testing.T) {
			r, booted := (*Report)(nil), make(chan error, 1)
			processors <- struct{}{}
			go func() {
				defer func() { <-processors }()
				var err error
				r, err = run(Machine{Params: s.params, Devices: strings.Fields(s.devices), USB: s.usb, Limit: limit}, s.run)
				booted <- err
			}()
			t.Parallel()
			if err := <-booted; err != nil {
				t.Fatal(err)
			}
			report(t, r)
		})
	}
}

// report makes a subtest of each test of the guest, with what it printed.
func report(t *testing.T, r *Report) {
	for _, test := range r.Tests {
		t.Run(test.Name, func(t *testing.T) {
			t.Logf("%v of virtual time\n%s", test.Elapsed, test.Output)
			if p := test.Problem(); p != "" {
				t.Error(p)
			}
		})
	}
	t.Logf("the boot took %.1f s of the host's time", r.Host.Seconds())
	for _, p := range r.Problems() {
		t.Error(p)
	}
	if t.Failed() {
		t.Logf("the end of the console:\n%s", r.Tail())
	}
}

// images are the kernel and the initramfs, made once for all boots.
var images = sync.OnceValues(func() (m Machine, err error) {
	m.Seed = *seed
	if m.Kernel, err = Kernel(root); err == nil {
		m.Initramfs, err = Build(root, workDir)
	}
	return m, err
})

var workDir string // for images, removed after the tests

func TestMain(m *testing.M) {
	var err error
	if workDir, err = os.MkdirTemp("", "submix-vm-images"); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	go endWithParent(os.Getppid())
	code := m.Run()
	os.RemoveAll(workDir)
	os.Exit(code)
}

// endWithParent ends the tests, and by its death signal qemu, when the go command that started them was killed.
func endWithParent(parent int) {
	for range time.Tick(time.Second) {
		if os.Getppid() != parent {
			os.RemoveAll(workDir)
			os.Exit(1)
		}
	}
}

// boot boots a machine with the images, when there is a processor for it.
func boot(t *testing.T, tests string, limit time.Duration, params ...string) *Report {
	t.Helper()
	processors <- struct{}{}
	defer func() { <-processors }()
	r, err := run(Machine{Params: params, Limit: limit}, tests)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// run boots a machine that is m with the images and the tests, for who has taken a processor.
func run(m Machine, tests string) (*Report, error) {
	made, err := images()
	if err != nil {
		return nil, err
	}
	m.Kernel, m.Initramfs, m.Seed = made.Kernel, made.Initramfs, made.Seed
	// Of virtual time, which flies while nothing runs in the guest and it waits for the hand at the USB socket: 30 min were
	// seen on a busy host. What hangs is ended by m.Limit.
	m.Args = []string{"-test.v=test2json", "-test.timeout=24h", "-test.run=" + tests, fmt.Sprintf("-long=%v", *long), fmt.Sprintf("-seed=%d", m.Seed)}
	return m.Run(context.Background())
}
