// Package control is how the box is worked: one command language for the serial
// line, the unix socket and the buttons, described in PROTOCOL.md.
//
//	bytes   -> Dispatcher.Serve -+
//	buttons -> Button.Run -------+-> Dispatcher.Do -> command table -> Box -> Light.Lit -> lights
//	knobs   -> Encoder.Run ------+
//
// A [Dispatcher] runs one command at a time, whichever input it comes from. The
// mixing goroutine never waits for it.
package control
