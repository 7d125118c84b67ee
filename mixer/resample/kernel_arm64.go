package resample

// fastest returns the kernels for this machine: every arm64 has NEON.
func fastest() kernels { return kernels{mono: monoNEON, pair: pairNEON, split: splitNEON} }

//go:noescape
func monoNEON(s *span)

//go:noescape
func pairNEON(s *span)

//go:noescape
func splitNEON(x0, x1, src []float32)
