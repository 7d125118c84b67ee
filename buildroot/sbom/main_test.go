package main

import (
	"debug/buildinfo"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// permitted are the licences that let Submix be used, changed and given away by anybody, with what only their texts have.
var permitted = map[string][]string{
	"MIT":          {"Permission is hereby granted, free of charge"},
	"BSD-3-Clause": {"Redistribution and use in source and binary forms", "may be used to endorse or promote products"},
	"Apache-2.0":   {"Apache License", "Version 2.0, January 2004"},
}

// build compiles the programs that ship and returns their paths.
func build(t *testing.T) []string {
	t.Helper()
	dir := t.TempDir()
	cmd := exec.Command("go", "build", "-trimpath", "-buildvcs=false", "-o", dir+"/", "./cmd/submixd", "./cmd/submixctl")
	cmd.Dir, cmd.Env = "../..", append(os.Environ(), "CGO_ENABLED=0", "GOOS=linux")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v: %v\n%s", cmd.Args, err, out)
	}
	return []string{filepath.Join(dir, "submixd"), filepath.Join(dir, "submixctl")}
}

// Every module that is in a program is in the bill, with its version and a licence.
func TestBill(t *testing.T) {
	programs := build(t)
	b, err := describe("1.2.3", programs)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := json.Marshal(b); err != nil {
		t.Fatal(err)
	}
	for _, program := range programs {
		info, err := buildinfo.ReadFile(program)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range info.Deps {
			if !slices.ContainsFunc(b.Components, func(c component) bool {
				return c.Name == m.Path && c.Version == m.Version && c.Properties[0].Value == m.Sum
			}) {
				t.Errorf("%s %s is in %s, but not in the bill", m.Path, m.Version, program)
			}
		}
	}
	if n := len(licences()); n != len(b.Components) {
		t.Errorf("licences has %d modules, the programs have %d", n, len(b.Components))
	}
	if len(b.Dependencies[0].On) != len(b.Components) {
		t.Error("the bill has components that nothing depends on")
	}
	t.Logf("%d components", len(b.Components))
}

// The table says what the modules' own files say, and all of it is permitted.
func TestLicences(t *testing.T) {
	for module, licence := range licences() {
		marks, ok := permitted[licence]
		if !ok {
			t.Errorf("%s: %s is not among the licences that are permitted", module, licence)
			continue
		}
		text := licenceOf(t, module)
		for _, mark := range marks {
			if !strings.Contains(text, mark) {
				t.Errorf("%s: its file is not that of %s: %q is not there", module, licence, mark)
			}
		}
		t.Logf("%s: %s", module, licence)
	}
}

// licenceOf returns the text of a module's licence, with single blanks.
func licenceOf(t *testing.T, module string) string {
	t.Helper()
	args := []string{"list", "-m", "-f", "{{.Dir}}", module}
	if module == "std" {
		args = []string{"env", "GOROOT"}
	}
	dir, err := exec.Command("go", args...).Output()
	if err != nil {
		t.Fatalf("go %v: %v", args, err)
	}
	for _, name := range []string{"LICENSE", "COPYING"} {
		if text, err := os.ReadFile(filepath.Join(strings.TrimSpace(string(dir)), name)); err == nil {
			return strings.Join(strings.Fields(string(text)), " ")
		}
	}
	t.Errorf("%s: has no file with its licence", module)
	return ""
}
