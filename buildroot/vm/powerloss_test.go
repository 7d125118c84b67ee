//go:build vm

package vm

import (
	"encoding/binary"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"slices"
)

// The log of qemu's blklogwrites, in the format of the kernel's dm-log-writes: a sector that is not used here, then for each
// request a sector that begins with an entry, little-endian, and what was written.
const (
	logSector  = 512
	logFlush   = 1 << 0
	logFUA     = 1 << 1 // it is on the disk when it is written
	logDiscard = 1 << 2 // nothing was written
)

type logEntry struct{ Sector, Sectors, Flags, Length uint64 }

// powerLoss does to the disk, as it was before, what the log says, until the power goes: what was written before the last
// flush is there, and of each sector that was written after it chance says whether it is.
func powerLoss(disk, log string, chance *rand.Rand) (loose, lost int, err error) {
	text, err := os.ReadFile(log)
	if err != nil {
		return 0, 0, err
	}
	image, err := os.ReadFile(disk)
	if err != nil {
		return 0, 0, err
	}
	cache := map[uint64][]byte{} // sectors that are not on the disk yet
	flush := func() {
		for sector, data := range cache {
			copy(image[sector*logSector:], data)
		}
		clear(cache)
	}
	for at := logSector; at+logSector <= len(text); {
		var e logEntry
		if _, err := binary.Decode(text[at:], binary.LittleEndian, &e); err != nil {
			return 0, 0, err
		}
		if e == (logEntry{}) {
			break
		}
		at += logSector
		if e.Flags&logFlush != 0 {
			flush()
		}
		if e.Flags&logDiscard != 0 || e.Sectors == 0 {
			continue
		}
		end := at + int(e.Sectors)*logSector
		if end > len(text) { // it was being written as qemu was killed
			break
		}
		if e.Sector+e.Sectors > uint64(len(image))/logSector {
			return 0, 0, fmt.Errorf("%s: %d sectors at %d are not on the disk", log, e.Sectors, e.Sector)
		}
		for i := range e.Sectors {
			data := text[at+int(i)*logSector:][:logSector]
			if e.Flags&logFUA != 0 {
				copy(image[(e.Sector+i)*logSector:], data)
			}
			cache[e.Sector+i] = data
		}
		at = end
	}
	loose = len(cache)
	for _, sector := range slices.Sorted(maps.Keys(cache)) {
		if chance.IntN(2) == 0 {
			delete(cache, sector)
			lost++
		}
	}
	flush()
	return loose, lost, os.WriteFile(disk, image, 0o600)
}
