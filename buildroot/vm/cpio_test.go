package vm

import (
	"bytes"
	"errors"
	"io"
	"strings"
	"testing"
)

// The archive of one small file, as cpio -o -H newc writes it but for the inode's number and the links.
func TestCPIOBytes(t *testing.T) {
	want := "070701" + "00000001" + "000081ed" + "00000000" + "00000000" + "00000001" + "00000000" + "00000005" +
		"00000000" + "00000000" + "00000000" + "00000000" + "00000005" + "00000000" + "init\x00\x00" + "hello\x00\x00\x00" +
		"070701" + "00000002" + "00000000" + "00000000" + "00000000" + "00000001" + "00000000" + "00000000" +
		"00000000" + "00000000" + "00000000" + "00000000" + "0000000b" + "00000000" + "TRAILER!!!\x00\x00\x00\x00"
	var got bytes.Buffer
	if err := writeCPIO(&got, []File{{Name: "init", Mode: executable, Content: []byte("hello")}}); err != nil {
		t.Fatal(err)
	}
	if got.String() != want {
		t.Errorf("archive:\n%q, want\n%q", got.String(), want)
	}
}

// Headers begin at multiples of four, whatever the lengths of names and contents.
func TestCPIOAlignment(t *testing.T) {
	for n := range 8 {
		var got bytes.Buffer
		files := []File{{Name: strings.Repeat("n", n+1), Content: make([]byte, n)}, {Name: "bin", Mode: directory}}
		if err := writeCPIO(&got, files); err != nil {
			t.Fatal(err)
		}
		rest, headers := got.String(), 0
		for ; len(rest) >= 4; rest = rest[4:] {
			if strings.HasPrefix(rest, "070701") {
				headers++
			}
		}
		if headers != 3 || len(rest) != 0 {
			t.Errorf("%d: %d headers at multiples of four and %d bytes left over, want 3 and 0", n, headers, len(rest))
		}
	}
}

func TestCPIOError(t *testing.T) {
	r, w := io.Pipe()
	full := errors.New("disk full")
	r.CloseWithError(full)
	if err := writeCPIO(w, []File{{Name: "init"}}); !errors.Is(err, full) || !strings.Contains(err.Error(), "init") {
		t.Errorf("error is %v, want one that names the file and wraps %v", err, full)
	}
}
