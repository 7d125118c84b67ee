package buildroot

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
)

// standIn is a Buildroot that takes every configuration, and builds the programs as submix.mk has it do, and strips them, if this
// machine can.
const standIn = `export BR2_VERSION := %[1]s
go = $(O)/build/host-go-bin-%[2]s
defconfig:
	cp $(BR2_DEFCONFIG) $(O)/.config
submix-rebuild all:
	mkdir -p $(O)/images $(O)/target/usr/bin $(go)
	echo $(SUBMIX_RELEASE) >$(O)/images/submix.img
	cd %[3]s && CGO_ENABLED=0 go build -trimpath -buildvcs=false -ldflags '-s -w' -o $(O)/target/usr/bin/ ./cmd/submixd ./cmd/submixctl
	! command -v strip >$(O)/strip || strip $(O)/target/usr/bin/*
	echo "the terms of Go" >$(go)/LICENSE
show-info:
	@echo all
legal-info:
	mkdir -p $(O)/legal-info
`

// What image.sh adds to what Buildroot makes: a version that is newer than those before, and what the programs are made of.
func TestImageScript(t *testing.T) {
	dir, out := t.TempDir(), t.TempDir()
	top, err := filepath.Abs("..")
	if err != nil {
		t.Fatal(err)
	}
	makefile := fmt.Sprintf(standIn, pinned(t, "version"), pinned(t, "go"), top)
	for name, text := range map[string]string{"Makefile": makefile, "utils/generate-cyclonedx": "#!/bin/sh\ncat\n"} {
		if err := os.MkdirAll(filepath.Dir(filepath.Join(dir, name)), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	cmd := exec.Command("./image.sh", "rpi4", dir, out)
	cmd.Env = append(os.Environ(), "SUBMIX_RELEASE=75fccae-dirty", "SOURCE_DATE_EPOCH=1769860800")
	if said, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, said)
	}
	made := func(name string) string { return read(t, filepath.Join(out, name)) }
	const version = "0~20260131120000.75fccae+dirty"
	if shown := made("images/submix.img"); shown != version+"\n" {
		t.Errorf("the version is %q", shown)
	}
	var bill struct {
		Metadata   struct{ Component struct{ Version string } }
		Components []struct{ Name, Version string }
	}
	if err := json.Unmarshal([]byte(made("images/submix-programs.cdx.json")), &bill); err != nil || bill.Metadata.Component.Version != version {
		t.Errorf("bill of the programs: %v, %+v", err, bill)
	}
	if bill := made("images/submix.cdx.json"); bill != "all\n" {
		t.Errorf("bill of the image: %q", bill)
	}
	terms := made("legal-info/submix-programs.txt")
	if !strings.Contains(terms, "\nthe terms of Go\n") {
		t.Errorf("of Go nothing is said:\n%s", terms)
	}
	var billed []string
	for _, c := range bill.Components {
		if c.Name != "std" {
			billed = append(billed, c.Name+" "+c.Version)
		}
	}
	told := regexp.MustCompile(`(?m)^[^\s/]+\.[^\s/]+/\S+ v\S+$`).FindAllString(terms, -1)
	list, err := exec.Command("go", "list", "-deps", "-f", "{{with .Module}}{{if not .Main}}{{.Path}} {{.Version}}{{end}}{{end}}", "../cmd/submixd", "../cmd/submixctl").Output()
	if err != nil {
		t.Fatal(err)
	}
	modules := slices.Compact(slices.Sorted(strings.Lines(string(list))))
	want := strings.TrimSpace(strings.Join(modules, ""))
	for what, found := range map[string][]string{"bill": billed, "terms": told} {
		if got := strings.Join(found, "\n"); got != want {
			t.Errorf("the %s has the modules\n%s\nand not\n%s", what, got, want)
		}
	}
	t.Logf("version %s; the terms of Go and of %d modules, which are those in the programs", version, len(told))
}

// Of what no tag names the version is the commit's time, and where there is no commit, or more than that, the present one.
func TestVersion(t *testing.T) {
	dir := t.TempDir()
	script := filepath.Join(dir, "version.sh")
	if err := os.WriteFile(script, []byte(read(t, "deb/version.sh")), 0o755); err != nil {
		t.Fatal(err)
	}
	command := func(name string, args ...string) string {
		t.Helper()
		cmd := exec.Command(name, args...)
		cmd.Dir = dir
		cmd.Env = append(os.Environ(), "SOURCE_DATE_EPOCH=", "GIT_CEILING_DIRECTORIES="+filepath.Dir(dir), "GIT_COMMITTER_DATE=2026-01-31T12:00:00Z")
		out, err := cmd.CombinedOutput()
		if err != nil {
			t.Fatalf("%s %v: %v\n%s", name, args, err, out)
		}
		return strings.TrimSpace(string(out))
	}
	now := func(of, ending string) {
		t.Helper()
		const layout = "20060102150405"
		before := time.Now().UTC().Format(layout)
		got := command(script, of)
		made, ok := strings.CutPrefix(strings.TrimSuffix(got, ending), "0~")
		if after := time.Now().UTC().Format(layout); !ok || made < before || made > after || !strings.HasSuffix(got, ending) {
			t.Errorf("from %s to %s the version of %s is %s", before, after, of, got)
		}
	}
	now("devel", ".devel") // an archive of the sources
	command("git", "init", "-q")
	command("git", "-c", "user.name=x", "-c", "user.email=x@x.invalid", "commit", "-q", "--allow-empty", "-m", "x")
	if got := command(script, "75fccae"); got != "0~20260131120000.75fccae" {
		t.Errorf("the version of a commit is %s", got)
	}
	now("75fccae-dirty", ".75fccae+dirty")
}

// The packages for all boards have one version, also from an archive of the sources, which has no commit's time.
func TestOneVersion(t *testing.T) {
	dir := t.TempDir()
	if err := os.MkdirAll(filepath.Join(dir, "buildroot/deb"), 0o755); err != nil {
		t.Fatal(err)
	}
	for file, text := range map[string]string{"Makefile": read(t, "../Makefile"), "buildroot/deb/version.sh": read(t, "deb/version.sh"),
		"buildroot/deb/build.sh": "#!/bin/sh\nbuildroot/deb/version.sh $2\nsleep 1.1\n"} {
		if err := os.WriteFile(filepath.Join(dir, file), []byte(text), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	cmd := exec.Command("make", "-s", "-o", "man", "-o", "completion", "-o", "arm64", "-o", "amd64", "VERSION=devel", "deb")
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "SOURCE_DATE_EPOCH=", "GIT_CEILING_DIRECTORIES="+filepath.Dir(dir))
	out, err := cmd.CombinedOutput()
	versions := strings.Fields(string(out))
	if err != nil || len(versions) != 2 || versions[0] != versions[1] || !strings.HasPrefix(versions[0], "0~2") {
		t.Errorf("make deb: %v\n%s", err, out)
	}
}
