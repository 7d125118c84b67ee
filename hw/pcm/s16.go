package pcm

import (
	"encoding/binary"
	"math"
)

// The S16 loops take four samples, one 64-bit word, at a time: one load or store in place of four, and no bounds check
// a sample. They are most of what a box with 16-bit cards converts.

const scale16 = 1.0 / (1 << 15)

func decodeS16(dst []float32, src []byte) {
	for len(dst) >= 4 && len(src) >= 8 {
		w := binary.LittleEndian.Uint64(src)
		dst[0] = float32(int16(w)) * scale16
		dst[1] = float32(int16(w>>16)) * scale16
		dst[2] = float32(int16(w>>32)) * scale16
		dst[3] = float32(int64(w)>>48) * scale16
		dst, src = dst[4:], src[8:]
	}
	for i := range dst {
		dst[i] = float32(int16(binary.LittleEndian.Uint16(src[2*i:]))) * scale16
	}
}

func encodeS16(dst []byte, src []float32) {
	for len(src) >= 4 && len(dst) >= 8 {
		w := uint64(uint16(round16(src[0]))) | uint64(uint16(round16(src[1])))<<16 |
			uint64(uint16(round16(src[2])))<<32 | uint64(uint16(round16(src[3])))<<48
		binary.LittleEndian.PutUint64(dst, w)
		src, dst = src[4:], dst[8:]
	}
	for i, x := range src {
		binary.LittleEndian.PutUint16(dst[2*i:], uint16(round16(x)))
	}
}

// round16 scales x by 2^15 and rounds it, ties to even. Added to 1.5 * 2^23, a float32 has no bits left below one, so
// that the addition itself rounds, and the low bits of the sum are the integer. The product is exact, and so it does
// not matter whether the compiler fuses the two.
func round16(x float32) int32 {
	const magic = 3 << 22
	y := x * (1 << 15)
	if !(y > -1<<15) { // true for NaN as well
		return low(x, -1<<15)
	}
	if y >= 1<<15-1 {
		return 1<<15 - 1
	}
	return int32(math.Float32bits(y+magic)) - 0x4B400000
}

// low is what a sample that is not above the bottom of the range, lowest, becomes: 0 if it is NaN.
func low(x float32, lowest int32) int32 {
	if x != x {
		return 0
	}
	return lowest
}
