package resample

import "golang.org/x/sys/cpu"

// fastest returns the kernels for this machine.
func fastest() kernels {
	if cpu.X86.HasAVX2 && cpu.X86.HasFMA {
		return kernels{mono: monoAVX2, pair: pairAVX2, split: split}
	}
	return plain
}

//go:noescape
func monoAVX2(s *span)

//go:noescape
func pairAVX2(s *span)
