package rt

import (
	"errors"
	"fmt"
	"os"
	"runtime"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// priorities returns how many threads of this process have which real-time priority; 0 is an ordinary thread.
func priorities() (map[int]int, error) {
	entries, err := os.ReadDir("/proc/self/task")
	if err != nil {
		return nil, err
	}
	count := map[int]int{}
	for _, entry := range entries {
		tid, err := strconv.Atoi(entry.Name())
		if err != nil {
			return nil, err
		}
		attr, err := unix.SchedGetAttr(tid, 0)
		if errors.Is(err, unix.ESRCH) {
			continue
		}
		if err != nil {
			return nil, err
		}
		if attr.Policy == unix.SCHED_FIFO || attr.Policy == unix.SCHED_RR {
			count[int(attr.Priority)]++
		} else {
			count[0]++
		}
	}
	return count, nil
}

// block starts n goroutines that each keep a thread of their own in a system call until the process ends.
func block(n int) error {
	for range n {
		var pipe [2]int
		if err := unix.Pipe(pipe[:]); err != nil {
			return err
		}
		running := make(chan struct{})
		go func() {
			runtime.LockOSThread()
			close(running)
			unix.Read(pipe[0], make([]byte, 1))
		}()
		<-running
	}
	return nil
}

func threadChild() error {
	if err := Thread(audioPrio); err != nil {
		return mustBeEPERM(err)
	}
	if err := block(20); err != nil { // asked for by the bound thread
		return err
	}
	count, err := priorities()
	if err != nil {
		return err
	}
	if own, err := unix.SchedGetAttr(0, 0); err != nil || own.Policy != unix.SCHED_FIFO || own.Priority != audioPrio {
		return fmt.Errorf("own attributes %+v, %v", own, err)
	}
	if count[audioPrio] != 1 || count[0] < 20 {
		return fmt.Errorf("threads by priority: %v; want one of %d, and the others ordinary", count, audioPrio)
	}
	return nil
}

func processChild() error {
	stop, stopped := make(chan struct{}), make(chan error, 1)
	go func() { // threads that come into being while the list is read
		for {
			select {
			case <-stop:
				stopped <- nil
				return
			default:
				if err := block(1); err != nil {
					stopped <- err
					return
				}
				runtime.Gosched()
			}
		}
	}()
	audio := make(chan error)
	go func() {
		audio <- Thread(audioPrio)
		select {}
	}()
	if err := <-audio; err != nil {
		return mustBeEPERM(err)
	}
	err := Process(commonPrio)
	close(stop)
	if err := errors.Join(err, <-stopped); err != nil {
		return mustBeEPERM(err)
	}
	if err := block(20); err != nil {
		return err
	}
	count, err := priorities()
	if err != nil {
		return err
	}
	if count[0] != 0 || count[commonPrio] < 20 || count[audioPrio] != 1 {
		return fmt.Errorf("threads by priority: %v; want one of %d, and the others of %d", count, audioPrio, commonPrio)
	}
	return nil
}

func memoryChild() error {
	if err := LockMemory(); err != nil {
		return mustBeEPERM(err)
	}
	before, err := kib("VmRSS:")
	if err != nil {
		return err
	}
	heap := make([]byte, 256<<20) // and not touched
	after, err := kib("VmRSS:")
	if err != nil {
		return err
	}
	locked, err := kib("VmLck:")
	if err != nil {
		return err
	}
	if locked < len(heap)>>10 {
		return fmt.Errorf("%d KiB are locked, less than the heap", locked)
	}
	if after-before > 64<<10 {
		return fmt.Errorf("resident memory went from %d to %d KiB though nothing was touched", before, after)
	}
	runtime.KeepAlive(heap)
	return nil
}

func kib(field string) (int, error) {
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return 0, err
	}
	return strconv.Atoi(strings.TrimSuffix(statusField(string(status), field), " kB"))
}

func mustBeEPERM(err error) error {
	if !errors.Is(err, unix.EPERM) {
		return fmt.Errorf("refused, but for another reason than rights: %v", err)
	}
	return err
}
