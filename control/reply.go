package control

import "strconv"

// Reply is the answer to one command.
type Reply struct {
	Data []string // data lines, without line ends
	Err  *Error   // nil: OK
}

// String returns the reply as it is sent, each line ended by a LF.
func (r Reply) String() string { return string(r.append(nil, "\n")) }

// append appends the reply with the given line end to b.
func (r Reply) append(b []byte, end string) []byte {
	for _, line := range r.Data {
		b = append(append(b, line...), end...)
	}
	if r.Err == nil {
		return append(append(b, "OK"...), end...)
	}
	b = append(strconv.AppendInt(append(b, "ERR "...), int64(r.Err.Code), 10), ' ')
	return append(append(b, oneLine(r.Err.Text)...), end...)
}

func (r *Reply) pair(key string, v any) { r.Data = append(r.Data, Pair(key, v)) }

func (r *Reply) thing(kind, name string, fields ...any) {
	r.Data = append(r.Data, Thing(kind, name, fields...))
}
