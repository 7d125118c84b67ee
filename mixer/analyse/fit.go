package analyse

import "math"

// A Fit is the sum of tones and a constant that comes nearest to a signal in
// least squares, and what it leaves.
type Fit struct {
	Tones       []Tone // in the order of the frequencies asked for
	DC          float64
	ResidualRMS float64 // of the signal less tones and DC: noise, distortion, anything
}

// SNR is the power of tone i against that of the residual, in dB; -Inf in
// silence.
func (f Fit) SNR(i int) float64 {
	if f.Tones[i].Amplitude == 0 {
		return math.Inf(-1) // and not 0/0 in silence
	}
	return decibel(f.Tones[i].Amplitude/math.Sqrt2, f.ResidualRMS)
}

// THDN is total harmonic distortion and noise: all but tone 0 and DC against
// tone 0, in dB, over the whole band up to half the rate.
func (f Fit) THDN() float64 {
	power := f.ResidualRMS * f.ResidualRMS
	for _, t := range f.Tones[1:] {
		power += t.Amplitude * t.Amplitude / 2
	}
	return decibel(math.Sqrt(power), f.Tones[0].Amplitude/math.Sqrt2)
}

// Gain is the level of each tone of out against the same tone of in, in dB.
func Gain(in, out Fit) []float64 {
	gain := make([]float64, len(in.Tones))
	for i := range gain {
		gain[i] = decibel(out.Tones[i].Amplitude, in.Tones[i].Amplitude)
	}
	return gain
}

// FitSines finds the tones of x near the frequencies hz, which may be 2500 ppm
// off, all tones together. len(x) is the window: for its time T, a tone must be
// at least 2/T from 0, from half the rate and from the next tone, and constant
// in frequency and level. Two guesses must be further apart than their tones are
// off. A tone that is more than 20 dB below another one may be mistaken for it where
// their distance is a multiple of rate/64, to within 3000 ppm of its frequency.
// Clean tones leave a residual below -200 dB; a tone that is not there has about
// the level of the noise. It panics if x is empty.
func FitSines(x []float64, rate float64, hz ...float64) Fit {
	return newFitter(rate, len(x), hz).fit(x)
}

// Limits of the fit.
const (
	searchReach = 3000e-6 // of a tone's frequency: how far from the guess it is searched for
	searchFrom  = 0.25    // cycles in the window: from so far off, the refinement might not converge
	maxPasses   = 6       // over the signal; two or three do
	maxSteps    = 20      // of the refinement between them; four do
	// stepEnd ends the refinement: radians between centre and end of the window. A
	// phase that is off by so much there leaves less than -200 dB.
	stepEnd = 1e-10
	// passEnd ends the passes. A block at a frequency d radians a frame off that of
	// the last pass is right to the first order of d but for its moments, which makes
	// the frequency found 64^2/frames^2 of d wrong, and the phase at the end of the
	// window half of 64^2/frames: radians.
	passEnd = 1e-9
)

// A fitter fits the same tones to windows of one length. It is of one goroutine.
//
// It goes over the signal only to fold it into blocks (see blocks.go), at the
// frequencies known so far; all else works on the blocks, a 64th of the data.
type fitter struct {
	rate   float64
	frames int
	tones  []tone
	sum    float64 // of the samples
	fft    *fft
	bins   []complex128 // room for the search
	even   *system      // 1, then cos and n sin of each tone
	odd    *system      // sin and n cos of each tone
}

func newFitter(rate float64, frames int, hz []float64) *fitter {
	blocks := (frames + blockFrames - 1) / blockFrames
	f := &fitter{rate: rate, frames: frames, tones: make([]tone, len(hz)), fft: newFFT(blocks),
		even: newSystem(2*len(hz) + 1), odd: newSystem(2 * len(hz))}
	f.bins = make([]complex128, f.fft.size())
	for i := range f.tones {
		t := &f.tones[i]
		reach := searchReach * hz[i]
		for j := range hz {
			if j != i {
				reach = min(reach, math.Abs(hz[i]-hz[j])/2)
			}
		}
		t.guess, t.reach = 2*math.Pi*hz[i]/rate, 2*math.Pi*reach/rate
		t.sums, t.moments = make([]complex128, blocks), make([]complex128, blocks)
	}
	return f
}

// fit returns the fit to x, of f.frames frames.
func (f *fitter) fit(x []float64) Fit {
	for i := range f.tones {
		f.tones[i].omega = f.tones[i].guess
	}
	for passes := range maxPasses {
		f.pass(x)
		if passes == 0 {
			f.search()
		}
		f.refine()
		if f.settled() {
			break
		}
	}
	return f.result(x)
}

// settled reports that the last pass was made near enough to the frequencies
// found.
func (f *fitter) settled() bool {
	for i := range f.tones {
		d := math.Abs(f.tones[i].omega - f.tones[i].passed)
		if d*blockFrames*blockFrames/2 > passEnd*float64(f.frames) {
			return false
		}
	}
	return true
}

// refine moves the frequencies to those of the least squares, by Gauss-Newton
// steps.
func (f *fitter) refine() {
	for range maxSteps {
		largest := f.step()
		if largest*float64(f.frames)/2 < stepEnd {
			return
		}
	}
}

// result solves for levels and phases at the frequencies found, and measures
// what they leave of x.
func (f *fitter) result(x []float64) Fit {
	f.project()
	dc := f.solveLevels()
	fit := Fit{Tones: make([]Tone, len(f.tones)), DC: dc}
	for i := range f.tones {
		t := &f.tones[i]
		amplitude, phase := math.Hypot(t.a, t.b), math.Atan2(-t.b, t.a) // at the centre
		cycles := (phase - t.omega*float64(f.frames-1)/2) / (2 * math.Pi)
		fit.Tones[i] = Tone{Hz: t.omega * f.rate / (2 * math.Pi), Amplitude: amplitude, Phase: 2 * math.Pi * fraction(cycles)}
	}
	fit.ResidualRMS = math.Sqrt(f.residual(x, dc) / float64(f.frames))
	return fit
}
