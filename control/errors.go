package control

import (
	"errors"

	"submix/mixer"
)

// Code is the number of an error reply. Codes are stable: programs may rely on
// them, the text behind is for people.
type Code int

// The codes in use; [Codes] says what each means.
const (
	CodeNotText     Code = 1
	CodeTooLong     Code = 2
	CodeUnknown     Code = 3
	CodeUsage       Code = 4
	CodeName        Code = 10
	CodeNumber      Code = 11
	CodeRange       Code = 12
	CodeOption      Code = 13
	CodeDeviceName  Code = 14
	CodeNoStream    Code = 20
	CodeNoCommand   Code = 21
	CodeExists      Code = 30
	CodeEnded       Code = 31
	CodeRunning     Code = 32
	CodeSessions    Code = 33
	CodeConfig      Code = 34
	CodeNotNow      Code = 39
	CodeDevice      Code = 50
	CodeBusy        Code = 51
	CodeMissing     Code = 52
	CodeUnsuitable  Code = 53
	CodeStorage     Code = 54
	CodeInternal    Code = 90
	codeFirstLogged      = CodeNoStream // lower ones are slips of who typed the line
)

// CodeInfo is one line of the table of codes.
type CodeInfo struct {
	Code          Code
	Name, Meaning string
}

// Codes returns every code in use, in order.
func Codes() []CodeInfo {
	return []CodeInfo{
		{CodeNotText, "not-text", "the line holds a byte that is not printable ASCII"},
		{CodeTooLong, "too-long", "the line has more than 256 bytes"},
		{CodeUnknown, "unknown-command", "there is no command of that name"},
		{CodeUsage, "usage", "too few or too many words"},
		{CodeName, "bad-name", "not a name a stream can have"},
		{CodeNumber, "bad-number", "a number was expected"},
		{CodeRange, "out-of-range", "the number is too small or too large"},
		{CodeOption, "bad-option", "an option that is unknown, given twice or has a bad value"},
		{CodeDeviceName, "bad-device-name", "not a way to write a device"},
		{CodeNoStream, "no-such-stream", "no stream of that name"},
		{CodeNoCommand, "no-such-command", "help was asked for a command that is not there"},
		{CodeExists, "exists", "a stream of that name is in the mix already"},
		{CodeEnded, "ended", "the mix is ending or has ended"},
		{CodeRunning, "running", "a mix is running already"},
		{CodeSessions, "too-many-sessions", "the socket has as many sessions as it can"},
		{CodeConfig, "bad-configuration", "the configuration file has mistakes; nothing was changed"},
		{CodeNotNow, "not-now", "not possible now, for the reason given"},
		{CodeDevice, "device", "the device gave an error"},
		{CodeBusy, "device-busy", "another program uses the device"},
		{CodeMissing, "device-missing", "the device is not there"},
		{CodeUnsuitable, "device-unsuitable", "the device cannot do what the mix needs"},
		{CodeStorage, "storage", "what is to be kept could not be written to the disk"},
		{CodeInternal, "internal", "an error the command did not foresee; it is in the log"},
	}
}

// Error is an error with a code: what an ERR line says.
type Error struct {
	Code Code
	Text string
}

func (e *Error) Error() string { return e.Text }

// Errors that a [Box] returns, wrapped with what was found, to choose the code
// of the reply. Every other error is internal, code 90, and logged.
var (
	ErrBadDevice  = &Error{CodeDeviceName, "not a device"}
	ErrBadOption  = &Error{CodeOption, "bad option"}
	ErrNoSuch     = &Error{CodeNoStream, "no such stream"}
	ErrExists     = &Error{CodeExists, "stream is in the mix already"}
	ErrEnded      = &Error{CodeEnded, "the mix has ended"}
	ErrRunning    = &Error{CodeRunning, "the mix is running"}
	ErrConfig     = &Error{CodeConfig, "configuration not taken over"}
	ErrNotNow     = &Error{CodeNotNow, "not possible now"}
	ErrDevice     = &Error{CodeDevice, "device error"}
	ErrBusy       = &Error{CodeBusy, "device is busy"}
	ErrMissing    = &Error{CodeMissing, "device is not there"}
	ErrUnsuitable = &Error{CodeUnsuitable, "device is not suitable"}
	ErrStorage    = &Error{CodeStorage, "not saved"}
)

// asError finds the code of err: that of the first *Error in its chain, or that
// of an error of the mixer. The text is that of the whole chain.
func asError(err error) *Error {
	if err == nil {
		return nil
	}
	var e *Error
	if errors.As(err, &e) {
		return &Error{e.Code, err.Error()}
	}
	code := CodeInternal
	switch {
	case errors.Is(err, mixer.ErrExists):
		code = CodeExists
	case errors.Is(err, mixer.ErrEnded), errors.Is(err, mixer.ErrClosed):
		code = CodeEnded
	case errors.Is(err, mixer.ErrShape):
		code = CodeUnsuitable
	}
	return &Error{code, err.Error()}
}
