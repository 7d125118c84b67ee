package pcm

import (
	"encoding/binary"
	"math"
)

const (
	scale24 = 1.0 / (1 << 23)
	scale32 = 1.0 / (1 << 31)
)

// The top byte of a sample in 4 bytes is not part of it (a device may leave anything there): it is shifted out.
func decodeS24(dst []float32, src []byte) {
	for i := range dst {
		dst[i] = float32(int32(binary.LittleEndian.Uint32(src[4*i:4*i+4])<<8)>>8) * scale24
	}
}

func decodeS24x3(dst []float32, src []byte) {
	for i := range dst {
		b := src[3*i : 3*i+3]
		v := int32(uint32(b[0])<<8|uint32(b[1])<<16|uint32(b[2])<<24) >> 8
		dst[i] = float32(v) * scale24
	}
}

func decodeS32(dst []float32, src []byte) {
	for i := range dst {
		dst[i] = float32(int32(binary.LittleEndian.Uint32(src[4*i:4*i+4]))) * scale32
	}
}

func decodeFloat(dst []float32, src []byte) {
	for i := range dst {
		x := math.Float32frombits(binary.LittleEndian.Uint32(src[4*i : 4*i+4]))
		if !(x >= -math.MaxFloat32 && x <= math.MaxFloat32) {
			x = 0
		}
		dst[i] = x
	}
}

func encodeS24(dst []byte, src []float32) {
	for i, x := range src {
		binary.LittleEndian.PutUint32(dst[4*i:4*i+4], uint32(round(x, 1<<23)))
	}
}

func encodeS24x3(dst []byte, src []float32) {
	for i, x := range src {
		v := uint32(round(x, 1<<23))
		b := dst[3*i : 3*i+3]
		b[0], b[1], b[2] = byte(v), byte(v>>8), byte(v>>16)
	}
}

func encodeS32(dst []byte, src []float32) {
	for i, x := range src {
		binary.LittleEndian.PutUint32(dst[4*i:4*i+4], uint32(round(x, 1<<31)))
	}
}

func encodeFloat(dst []byte, src []float32) {
	for i, x := range src {
		switch {
		case x != x:
			x = 0
		case x > 1:
			x = 1
		case x < -1:
			x = -1
		}
		binary.LittleEndian.PutUint32(dst[4*i:4*i+4], math.Float32bits(x))
	}
}

// round scales x by full, a power of two, and rounds it, ties to even, as round16 does; a float32 has too few bits for
// that with more than 22 bits of integer, so this is done in float64.
func round(x float32, full float64) int32 {
	const magic = 3 << 51
	y := float64(x) * full
	if !(y > -full) {
		return low(x, int32(-full))
	}
	if y >= full-1 {
		return int32(full - 1)
	}
	return int32(uint32(math.Float64bits(y + magic)))
}
