package alsa

import (
	"unsafe"

	yobert "github.com/yobert/alsa"
	"github.com/yobert/alsa/alsatype"
	status "github.com/yobert/alsa/pcm"
	"github.com/yobert/alsa/pcm/state"

	"submix/hw/pcm"
)

// Numbers and layouts of the kernel's PCM interface, from include/uapi/sound/asound.h and asm-generic/ioctl.h.
const (
	iocWrite = 1 << 30
	iocRead  = 2 << 30
	iocType  = 'A' << 8

	reqHwRefine = iocRead | iocWrite | unsafe.Sizeof(hwParams{})<<16 | iocType | 0x10
	reqHwParams = iocRead | iocWrite | unsafe.Sizeof(hwParams{})<<16 | iocType | 0x11
	reqSwParams = iocRead | iocWrite | unsafe.Sizeof(alsatype.SwParams{})<<16 | iocType | 0x13
	reqStatus   = iocRead | unsafe.Sizeof(status.Status{})<<16 | iocType | 0x20
	reqSyncPtr  = iocRead | iocWrite | unsafe.Sizeof(syncPtr{})<<16 | iocType | 0x23
	reqPrepare  = iocType | 0x40
	reqStart    = iocType | 0x42
	reqDrop     = iocType | 0x43
	reqDrain    = iocType | 0x44
	reqRewind   = iocWrite | unsafe.Sizeof(alsatype.Uframes(0))<<16 | iocType | 0x46
	reqResume   = iocType | 0x47
	reqWriteI   = iocWrite | unsafe.Sizeof(xferI{})<<16 | iocType | 0x50
	reqReadI    = iocRead | unsafe.Sizeof(xferI{})<<16 | iocType | 0x51
)

// Parameters of struct snd_pcm_hw_params.
const (
	paramAccess     = 0
	paramFormat     = 1
	paramChannels   = 10
	paramRate       = 11
	paramPeriodSize = 13
	paramBufferSize = 17

	firstInterval = 8
	lastInterval  = 19
)

// What a driver may say of itself, in hwParams.info: that its buffer is not where the card takes each frame from, that it
// must hear of all that is written, and that nothing can be taken back. Each makes REWIND useless; USB is of the first two.
const (
	inBatches   = 0x10                          // SNDRV_PCM_INFO_BATCH
	forwardOnly = inBatches | 0x20 | 0x20000000 // _SYNC_APPLPTR | _NO_REWINDS
)

// xferI is struct snd_xferi. The library's has an uintptr for the buffer, which keeps nothing alive.
type xferI struct {
	result alsatype.Sframes
	buf    unsafe.Pointer
	frames alsatype.Uframes
}

// syncOnlyTell is SNDRV_PCM_SYNC_PTR_APPL | SNDRV_PCM_SYNC_PTR_AVAIL_MIN without _HWSYNC: SYNC_PTR changes nothing and
// does not have the driver look at the card, it tells what the kernel knows.
const syncOnlyTell = 2 | 4

// syncPtr is struct snd_pcm_sync_ptr of a 64-bit kernel, with struct snd_pcm_mmap_status and _control in it. arm64 has no
// other way to them, as it does not let their pages be mapped (sound/core/pcm_native.c).
type syncPtr struct {
	flags  uint32
	_      uint32
	state  state.State
	_      uint32
	hw     alsatype.Uframes  // the card's position as the driver has told it last ...
	tstamp alsatype.Timespec // ... and when that was; of CLOCK_MONOTONIC, as setSoftware has it
	_      [32]byte
	appl   alsatype.Uframes // the program's position
	_      [56]byte
}

// mask is struct snd_mask, a set of numbers.
type mask [8]uint32

func (m *mask) has(n int) bool { return m[n/32]&(1<<(n%32)) != 0 }
func (m *mask) only(n int)     { *m = mask{}; m[n/32] = 1 << (n % 32) }

// interval is struct snd_interval.
type interval struct {
	min, max uint32
	flags    yobert.Flags
}

func (i interval) limits() Range {
	r := Range{int(i.min), int(i.max)}
	if i.flags&yobert.OpenMin != 0 {
		r.Min++
	}
	if i.flags&yobert.OpenMax != 0 {
		r.Max--
	}
	return r
}

// hwParams is struct snd_pcm_hw_params, a set of configurations. HW_REFINE narrows it to those the device can do, or
// answers EINVAL if there is none; HW_PARAMS chooses one.
type hwParams struct {
	flags     uint32
	masks     [3]mask
	_         [5]mask
	intervals [lastInterval - firstInterval + 1]interval
	_         [9]interval
	rmask     uint32
	cmask     uint32
	info      uint32
	msbits    uint32
	rateNum   uint32
	rateDen   uint32
	fifoSize  alsatype.Uframes
	_         [64]byte
}

// allParams is the set of everything.
func allParams() hwParams {
	var p hwParams
	for i := range p.masks {
		for j := range p.masks[i] {
			p.masks[i][j] = ^uint32(0)
		}
	}
	for i := range p.intervals {
		p.intervals[i].max = ^uint32(0)
	}
	p.rmask = ^uint32(0)
	return p
}

func (p *hwParams) limits(param int) Range { return p.intervals[param-firstInterval].limits() }

// within narrows a parameter to whole numbers in r.
func (p *hwParams) within(param int, r Range) {
	p.intervals[param-firstInterval] = interval{uint32(r.Min), uint32(r.Max), yobert.Integer}
	p.rmask = ^uint32(0)
}

// formatNumber is SNDRV_PCM_FORMAT_*; -1 if the kernel has none. The library stops short of S24_3LE.
func formatNumber(f pcm.Format) int {
	switch f {
	case pcm.S16LE:
		return int(yobert.S16_LE)
	case pcm.S24LE:
		return int(yobert.S24_LE)
	case pcm.S24_3LE:
		return 32
	case pcm.S32LE:
		return int(yobert.S32_LE)
	case pcm.FloatLE:
		return int(yobert.FLOAT_LE)
	}
	return -1
}
