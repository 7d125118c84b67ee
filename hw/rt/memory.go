package rt

import (
	"errors"
	"fmt"
	"math"

	"golang.org/x/sys/unix"
)

// LockMemory keeps every page that the process has touched, or will touch, in memory (mlockall(2)).
//
// It locks pages when they are first touched (MCL_ONFAULT). Without that the kernel would fill, at once, all that Go
// maps: heap in arenas of 64 MiB, of which a small program touches a few, so that a box of 512 MiB would be full of
// zeros.
//
// Refused, it returns an error that wraps unix.EPERM and says which setting is missing. A limit other than infinity is
// refused too: Linux counts the address space, not the pages, and once the limit is reached Go's next piece of heap
// would be denied, which ends the process.
func LockMemory() error {
	var limit unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_MEMLOCK, &limit); err != nil {
		return fmt.Errorf("locked memory: %w", err)
	}
	free, err := mayLockAll()
	if err != nil {
		return fmt.Errorf("locked memory: %w", err)
	}
	if limit.Cur != math.MaxUint64 && !free {
		return refused(limit.Cur)
	}
	err = unix.Mlockall(unix.MCL_CURRENT | unix.MCL_FUTURE | unix.MCL_ONFAULT)
	if errors.Is(err, unix.EPERM) || errors.Is(err, unix.ENOMEM) { // a capability that holds in a container only
		return refused(limit.Cur)
	}
	if err != nil {
		return fmt.Errorf("locked memory: %w", err)
	}
	return nil
}

func refused(limit uint64) error {
	return fmt.Errorf("locked memory: %w: the limit is %d KiB; it takes LimitMEMLOCK=infinity in the unit (ulimit -l), or CAP_IPC_LOCK",
		unix.EPERM, limit>>10)
}

// mayLockAll tells whether the calling thread has CAP_IPC_LOCK, which lifts the limit.
func mayLockAll() (bool, error) {
	header := unix.CapUserHeader{Version: unix.LINUX_CAPABILITY_VERSION_3}
	var data [2]unix.CapUserData
	if err := unix.Capget(&header, &data[0]); err != nil {
		return false, fmt.Errorf("capabilities: %w", err)
	}
	return data[0].Effective&(1<<unix.CAP_IPC_LOCK) != 0, nil
}
