//go:build !amd64 && !arm64

package resample

func fastest() kernels { return plain }
