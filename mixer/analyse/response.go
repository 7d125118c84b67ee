package analyse

// What a system is tried with.
const (
	responseAmplitude = 0.5
	responseSeconds   = 0.5 // of which the middle half is fitted: the ends are of filters that fill and empty
)

// Response returns the gain in dB of a system at each of the frequencies hz, one
// after the other, each in a signal of its own of half a second. system returns
// what it makes of x, from the beginning; outRate may differ from rate, and be up
// to 2500 ppm off. The system may delay by up to an eighth of a second.
func Response(system func(x []float64) []float64, rate, outRate float64, hz ...float64) []float64 {
	gain := make([]float64, len(hz))
	for i, h := range hz {
		x := Synthesise(int(responseSeconds*rate), rate, Tone{h, responseAmplitude, 0})
		y := system(x)
		in := FitSines(x[len(x)/4:len(x)*3/4], rate, h)
		out := FitSines(y[len(y)/4:len(y)*3/4], outRate, h)
		gain[i] = Gain(in, out)[0]
	}
	return gain
}
