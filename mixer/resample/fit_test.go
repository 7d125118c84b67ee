package resample

import "math"

// amplitude of all test tones: -1 dBFS.
var amplitude = math.Pow(10, -1.0/20)

// tone returns frames of a sine.
func tone(hz, rate float64, frames int) []float32 {
	x := make([]float32, frames)
	for i := range x {
		x[i] = float32(amplitude * math.Sin(2*math.Pi*hz/rate*float64(i)))
	}
	return x
}

// snrDB is the level of the sine of hz in x over that of all else but a constant.
func snrDB(x []float32, hz, rate float64) float64 {
	sine, rest := sineFit(x, hz, rate)
	return 20 * math.Log10(sine/math.Sqrt2/rest)
}

// gainDB is the level of the sine of hz in x over that of a tone.
func gainDB(x []float32, hz, rate float64) float64 {
	sine, _ := sineFit(x, hz, rate)
	return 20 * math.Log10(sine/amplitude)
}

// levelDB is the RMS of x over that of a tone.
func levelDB(x []float32) float64 {
	sum := 0.0
	for _, v := range x {
		sum += float64(v) * float64(v)
	}
	return 10 * math.Log10(sum/float64(len(x))/(amplitude*amplitude/2))
}

// sineFit returns the amplitude of the sine of hz in x, by least squares beside a
// constant, and the RMS of what is left.
func sineFit(x []float32, hz, rate float64) (sine, rest float64) {
	var a [3][4]float64 // normal equations of sine, cosine, constant
	basis := func(i int) [3]float64 {
		s, c := math.Sincos(2 * math.Pi * hz / rate * float64(i))
		return [3]float64{s, c, 1}
	}
	for i, v := range x {
		b := basis(i)
		for j := range a {
			for k := range b {
				a[j][k] += b[j] * b[k]
			}
			a[j][3] += b[j] * float64(v)
		}
	}
	for j := range a { // Gauss and Jordan's elimination
		for k := range a {
			f := a[k][j] / a[j][j]
			for l := range a[k] {
				if k != j {
					a[k][l] -= f * a[j][l]
				}
			}
		}
	}
	var p [3]float64
	for j := range p {
		p[j] = a[j][3] / a[j][j]
	}
	for i, v := range x {
		b := basis(i)
		d := float64(v) - p[0]*b[0] - p[1]*b[1] - p[2]*b[2]
		rest += d * d
	}
	return math.Hypot(p[0], p[1]), math.Sqrt(rest / float64(len(x)))
}
