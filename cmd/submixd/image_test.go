package main

import (
	"os"
	"path/filepath"
	"slices"
	"testing"

	"submix/control"
)

func TestSystem(t *testing.T) {
	root := t.TempDir()
	put := func(path, content string) {
		path = filepath.Join(root, path)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	put("proc/cmdline", "console=ttyAMA0 root=PARTUUID=5ab31c00-06 rauc.slot=B\n")
	put("etc/os-release", "ID=debian\nVERSION_ID=\"12\"\n")
	if got := system(root); got != (control.System{}) {
		t.Errorf("Debian is %+v", got)
	}
	put("etc/os-release", "NAME=Submix\nID=submix\nVERSION_ID=\"1.2\"\nVARIANT_ID=rpi4\n")
	if got, want := system(root), (control.System{Version: "1.2", Board: "rpi4", Slot: "B"}); got != want {
		t.Errorf("the image is %+v, want %+v", got, want)
	}
	if got := systemNotices(root); got != nil {
		t.Errorf("%q", got)
	}
	put(noticesDir+"/update", "1.2 was given up\n")
	put(noticesDir+"/storage", "one\ntwo\n")
	if got, want := systemNotices(root), []control.Notice{{Topic: "storage", Text: "one"}, {Topic: "storage", Text: "two"}, {Topic: "update", Text: "1.2 was given up"}}; !slices.Equal(got, want) {
		t.Errorf("%q", got)
	}
}
