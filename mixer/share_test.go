//go:build !race

package mixer

// share is one in how many of the longest tables is tried: all.
const share = 1
