package state

import (
	"bytes"
	"encoding/json"
	"reflect"
	"testing"
)

// Whatever the file holds, it is refused; or every section of it, also one that
// nobody here knows, is the same after a save, and the file after a second one.
func FuzzDecode(f *testing.F) {
	f.Add([]byte(`{"version":1,"sequence":3,"drift":{"hw:Mic,0":1.5}}`))
	f.Add([]byte(`{"version" : 1, "a": [ {"b": "\u003c<"} ], "a": null}`))
	f.Add([]byte(`{"version":1,"mix":{"gain":-6,"mute":true},"later":[1e400,"\xff"]}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		first, sequence, err := decode(data)
		if err != nil {
			return
		}
		saved, err := encode(first, sequence)
		if err != nil {
			t.Fatalf("%q is read as %q, and cannot be saved: %v", data, first, err)
		}
		second, same, err := decode(saved)
		if err != nil || len(second) != len(first) || same != sequence {
			t.Fatalf("%q is read as %q, saved as %q and then read as %q, %v", data, first, saved, second, err)
		}
		for name, section := range first {
			if again := second[name]; !reflect.DeepEqual(value(t, section), value(t, again)) {
				t.Fatalf("%q: section %q was %s, and is %s", data, name, section, again)
			}
		}
		if again, err := encode(second, same); err != nil || !bytes.Equal(saved, again) {
			t.Fatalf("%q is saved as %q, and then as %q, %v", data, saved, again, err)
		}
	})
}

// value keeps numbers as they are written.
func value(t *testing.T, section json.RawMessage) (v any) {
	d := json.NewDecoder(bytes.NewReader(section))
	d.UseNumber()
	if err := d.Decode(&v); err != nil {
		t.Fatalf("%q: %v", section, err)
	}
	return v
}
