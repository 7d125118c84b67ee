//go:build race

package mixer

// share is one in how many of the longest tables is tried: the race detector makes them
// fifteen times slower, and finds what it does in few.
const share = 10
