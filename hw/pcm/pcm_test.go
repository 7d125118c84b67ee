package pcm

import (
	"bytes"
	"encoding/binary"
	"math"
	"testing"

	"pgregory.net/rapid"
)

var formats = []Format{S16LE, S24LE, S24_3LE, S32LE, FloatLE}

func encode(f Format, x ...float32) []byte {
	b := make([]byte, len(x)*f.Bytes())
	f.Encode(b, x)
	return b
}

func decode(f Format, b ...byte) []float32 {
	x := make([]float32, len(b)/f.Bytes())
	f.Decode(x, b)
	return x
}

func TestEncode(t *testing.T) {
	nan, inf := float32(math.NaN()), float32(math.Inf(1))
	for _, c := range []struct {
		f    Format
		x    float32
		want []byte
	}{
		{S16LE, 0, []byte{0, 0}},
		{S16LE, 1.0 / 32768, []byte{1, 0}},
		{S16LE, -1.0 / 32768, []byte{0xff, 0xff}},
		{S16LE, 0.5 / 32768, []byte{0, 0}}, // ties go to the even neighbour
		{S16LE, 1.5 / 32768, []byte{2, 0}},
		{S16LE, 2.5 / 32768, []byte{2, 0}},
		{S16LE, -0.5 / 32768, []byte{0, 0}},
		{S16LE, -1.5 / 32768, []byte{0xfe, 0xff}},
		{S16LE, 0.50001 / 32768, []byte{1, 0}},
		{S16LE, 32766.5 / 32768, []byte{0xfe, 0x7f}},
		{S16LE, 32766.6 / 32768, []byte{0xff, 0x7f}},
		{S16LE, 1, []byte{0xff, 0x7f}},
		{S16LE, -1, []byte{0x00, 0x80}},
		{S16LE, 70000, []byte{0xff, 0x7f}},
		{S16LE, -70000, []byte{0x00, 0x80}},
		{S16LE, inf, []byte{0xff, 0x7f}},
		{S16LE, -inf, []byte{0x00, 0x80}},
		{S16LE, math.MaxFloat32, []byte{0xff, 0x7f}},
		{S16LE, -math.MaxFloat32, []byte{0x00, 0x80}},
		{S16LE, math.SmallestNonzeroFloat32, []byte{0, 0}},
		{S16LE, nan, []byte{0, 0}},

		{S24LE, 1.0 / (1 << 23), []byte{1, 0, 0, 0}},
		{S24LE, -1.0 / (1 << 23), []byte{0xff, 0xff, 0xff, 0xff}},
		{S24LE, 1.5 / (1 << 23), []byte{2, 0, 0, 0}},
		{S24LE, 2.5 / (1 << 23), []byte{2, 0, 0, 0}},
		{S24LE, 1, []byte{0xff, 0xff, 0x7f, 0}},
		{S24LE, -1, []byte{0, 0, 0x80, 0xff}},
		{S24LE, inf, []byte{0xff, 0xff, 0x7f, 0}},
		{S24LE, nan, []byte{0, 0, 0, 0}},

		{S24_3LE, 0x123456p-23, []byte{0x56, 0x34, 0x12}},
		{S24_3LE, -2, []byte{0, 0, 0x80}},
		{S24_3LE, 2, []byte{0xff, 0xff, 0x7f}},
		{S24_3LE, nan, []byte{0, 0, 0}},

		{S32LE, 0x123456p-23, []byte{0, 0x56, 0x34, 0x12}},
		{S32LE, 1.0 / (1 << 31), []byte{1, 0, 0, 0}},
		{S32LE, 2.5 / (1 << 31), []byte{2, 0, 0, 0}},
		{S32LE, 1, []byte{0xff, 0xff, 0xff, 0x7f}},
		{S32LE, -1, []byte{0, 0, 0, 0x80}},
		{S32LE, -inf, []byte{0, 0, 0, 0x80}},
		{S32LE, nan, []byte{0, 0, 0, 0}},

		{FloatLE, 0.5, []byte{0, 0, 0, 0x3f}},
		{FloatLE, 2, []byte{0, 0, 0x80, 0x3f}},
		{FloatLE, -inf, []byte{0, 0, 0x80, 0xbf}},
		{FloatLE, nan, []byte{0, 0, 0, 0}},
	} {
		// Alone, and in all places of a run: loops that take several at a time must agree with the one for the rest.
		for n := 1; n <= 9; n++ {
			run := make([]float32, n)
			for i := range run {
				run[i] = c.x
			}
			if got, want := encode(c.f, run...), bytes.Repeat(c.want, n); !bytes.Equal(got, want) {
				t.Errorf("%v of %d x %g: % x, want % x", c.f, n, c.x, got, want)
			}
		}
	}
}

func TestDecode(t *testing.T) {
	for _, c := range []struct {
		f    Format
		b    []byte
		want float32
	}{
		{S16LE, []byte{0x00, 0x80}, -1},
		{S16LE, []byte{0xff, 0x7f}, 32767.0 / 32768},
		{S16LE, []byte{0x01, 0x00}, 1.0 / 32768},
		{S24LE, []byte{0, 0, 0x80, 0xff}, -1},
		{S24LE, []byte{0, 0, 0x80, 0x55}, -1}, // the fourth byte is no part of the sample
		{S24LE, []byte{1, 0, 0, 0xaa}, 1.0 / (1 << 23)},
		{S24_3LE, []byte{0, 0, 0x80}, -1},
		{S24_3LE, []byte{0xff, 0xff, 0xff}, -1.0 / (1 << 23)},
		{S32LE, []byte{0, 0, 0, 0x80}, -1},
		{S32LE, []byte{0, 0, 0, 0x40}, 0.5},
		{FloatLE, []byte{0, 0, 0, 0x40}, 2},
		{FloatLE, []byte{0, 0, 0xc0, 0x7f}, 0}, // NaN
		{FloatLE, []byte{0, 0, 0x80, 0xff}, 0}, // -Inf
	} {
		for n := 1; n <= 9; n++ {
			for i, got := range decode(c.f, bytes.Repeat(c.b, n)...) {
				if got != c.want {
					t.Errorf("%v % x, sample %d of %d: %g, want %g", c.f, c.b, i, n, got, c.want)
				}
			}
		}
	}
}

// Every 16-bit sample is v/32768 inside, and itself again outside.
func TestS16IsExact(t *testing.T) {
	b := make([]byte, 2<<16)
	for i := range 1 << 16 {
		binary.LittleEndian.PutUint16(b[2*i:], uint16(i))
	}
	x := decode(S16LE, b...)
	for i := range x {
		if want := float32(int16(i)) / 32768; x[i] != want {
			t.Fatalf("%d decodes to %g, want %g", int16(i), x[i], want)
		}
	}
	if !bytes.Equal(encode(S16LE, x...), b) {
		t.Error("16-bit samples do not come back as they went in")
	}
}

func TestRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		f := rapid.SampledFrom(formats).Draw(t, "format")
		v := rapid.SliceOfN(rapid.Int32(), 0, 33).Draw(t, "samples")
		in := make([]byte, 0, 4*len(v))
		for _, v := range v {
			switch f {
			case S16LE:
				in = binary.LittleEndian.AppendUint16(in, uint16(v))
			case S24LE:
				in = binary.LittleEndian.AppendUint32(in, uint32(v>>8))
			case S24_3LE:
				in = append(in, byte(v>>8), byte(v>>16), byte(v>>24))
			case S32LE: // the bits a float32 holds
				in = binary.LittleEndian.AppendUint32(in, uint32(v&^0xff))
			case FloatLE:
				in = binary.LittleEndian.AppendUint32(in, math.Float32bits(float32(v)/(1<<31)))
			}
		}
		if out := encode(f, decode(f, in...)...); !bytes.Equal(in, out) {
			t.Fatalf("%v: % x became % x", f, in, out)
		}
	})
}

// Against the plainest definition, for any float at all: to the nearest integer, within the range.
func TestRounding(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		x := rapid.OneOf(rapid.Float32Range(-1.1, 1.1), rapid.Float32()).Draw(t, "x")
		for f, bits := range map[Format]int{S16LE: 16, S24LE: 24, S24_3LE: 24, S32LE: 32} {
			full := math.Ldexp(1, bits-1)
			want := min(max(math.RoundToEven(float64(x)*full), -full), full-1)
			b := append(make([]byte, 4), encode(f, x)...)
			got := float64(int32(binary.LittleEndian.Uint32(b[len(b)-4:])) >> max(0, 32-8*f.Bytes()))
			if got != want {
				t.Fatalf("%v of %g: %g, want %g", f, x, got, want)
			}
		}
	})
}

func TestNames(t *testing.T) {
	for f, want := range map[Format]string{S16LE: "S16_LE 2", S24LE: "S24_LE 4", S24_3LE: "S24_3LE 3", S32LE: "S32_LE 4", FloatLE: "FLOAT_LE 4", 0: "Format(0) 0"} {
		if got := f.String() + " " + string(rune('0'+f.Bytes())); got != want {
			t.Errorf("format %d is %q, want %q", f, got, want)
		}
	}
}

func TestNoAllocation(t *testing.T) {
	x, b := make([]float32, 480), make([]byte, 4*480)
	for _, f := range formats {
		if n := testing.AllocsPerRun(10, func() { f.Decode(x, b); f.Encode(b, x) }); n != 0 {
			t.Errorf("%v allocates %g times", f, n)
		}
	}
}

// One block of 480 stereo frames.
func BenchmarkDecode(b *testing.B) {
	for _, f := range formats {
		x, raw := make([]float32, 960), make([]byte, 960*4)
		b.Run(f.String(), func(b *testing.B) {
			b.SetBytes(int64(960 * f.Bytes()))
			for b.Loop() {
				f.Decode(x, raw)
			}
		})
	}
}

func BenchmarkEncode(b *testing.B) {
	for _, f := range formats {
		x, raw := make([]float32, 960), make([]byte, 960*4)
		for i := range x {
			x[i] = float32(math.Sin(float64(i)))
		}
		b.Run(f.String(), func(b *testing.B) {
			b.SetBytes(int64(960 * f.Bytes()))
			for b.Loop() {
				f.Encode(raw, x)
			}
		})
	}
}
