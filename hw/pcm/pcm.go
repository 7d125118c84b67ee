// Package pcm converts samples between the formats of sound devices and files and the float32 used inside.
//
// Full scale is 1.0: an integer sample v of n bits is v / 2^(n-1), exactly. Back, samples are rounded to the nearest
// integer, ties to the even one, and saturate at the ends of the range; they never wrap. Every S16 and S24 sample comes
// back as it went in; an S32 sample comes back rounded to the 24 significant bits of a float32.
//
// All functions are pure and allocate nothing.
package pcm

import "fmt"

// Format is how one sample lies in memory. The zero value is no format. All are little endian, as Linux names them in
// include/uapi/sound/asound.h.
type Format uint8

const (
	S16LE   Format = iota + 1 // 16 bits in 2 bytes
	S24LE                     // 24 bits in the low three of 4 bytes
	S24_3LE                   // 24 bits in 3 bytes
	S32LE                     // 32 bits in 4 bytes
	FloatLE                   // IEEE 754 single precision, 4 bytes, full scale 1.0
)

// Bytes returns the size of one sample, in bytes; 0 for no format.
func (f Format) Bytes() int {
	switch f {
	case S16LE:
		return 2
	case S24_3LE:
		return 3
	case S24LE, S32LE, FloatLE:
		return 4
	}
	return 0
}

// String returns the name ALSA uses for the format, such as S24_3LE.
func (f Format) String() string {
	switch f {
	case S16LE:
		return "S16_LE"
	case S24LE:
		return "S24_LE"
	case S24_3LE:
		return "S24_3LE"
	case S32LE:
		return "S32_LE"
	case FloatLE:
		return "FLOAT_LE"
	}
	return fmt.Sprintf("Format(%d)", uint8(f))
}

// Decode fills dst with samples read from src, which must hold at least len(dst)*f.Bytes() bytes: it panics if it does
// not, or if f is no format. Samples of FloatLE that are no finite number become 0, lest they poison what they are
// mixed with; others may be beyond full scale.
func (f Format) Decode(dst []float32, src []byte) {
	src = src[:len(dst)*f.Bytes()]
	switch f {
	case S16LE:
		decodeS16(dst, src)
	case S24LE:
		decodeS24(dst, src)
	case S24_3LE:
		decodeS24x3(dst, src)
	case S32LE:
		decodeS32(dst, src)
	case FloatLE:
		decodeFloat(dst, src)
	default:
		panic("pcm: Decode of " + f.String())
	}
}

// Encode fills dst with the samples of src; dst must hold at least len(src)*f.Bytes() bytes: it panics if it does not,
// or if f is no format. Samples beyond full scale saturate (FloatLE: at -1 and 1), and NaN becomes 0.
func (f Format) Encode(dst []byte, src []float32) {
	dst = dst[:len(src)*f.Bytes()]
	switch f {
	case S16LE:
		encodeS16(dst, src)
	case S24LE:
		encodeS24(dst, src)
	case S24_3LE:
		encodeS24x3(dst, src)
	case S32LE:
		encodeS32(dst, src)
	case FloatLE:
		encodeFloat(dst, src)
	default:
		panic("pcm: Encode to " + f.String())
	}
}
