//go:build vm

package vm

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// elsewhere are the tests of the guest that are named by tests of their own, those of package image too.
var elsewhere = regexp.MustCompile("^Test(Harness|Power|Person|Image)")

// A test of the guest that no scenario names would never run, and nobody would notice.
func TestScenariosNameEveryTest(t *testing.T) {
	paths, err := filepath.Glob("guest/*_test.go")
	if err != nil || len(paths) == 0 {
		t.Fatalf("no tests of the guest: %v", err)
	}
	for _, path := range paths {
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		for _, decl := range file.Decls {
			f, ok := decl.(*ast.FuncDecl)
			if !ok || f.Recv != nil || !strings.HasPrefix(f.Name.Name, "Test") || f.Name.Name == "TestMain" {
				continue
			}
			var names []string
			for _, s := range scenarios {
				if regexp.MustCompile(s.run).MatchString(f.Name.Name) {
					names = append(names, s.name)
				}
			}
			other := elsewhere.MatchString(f.Name.Name)
			if other && len(names) > 0 || !other && len(names) == 0 {
				t.Errorf("%s: %s runs in the scenarios %q", path, f.Name.Name, names)
			}
		}
	}
}
