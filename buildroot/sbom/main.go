// Sbom prints the bill of materials of Go programs: the modules that they were built with, as the programs themselves
// say, in CycloneDX 1.6. The same programs give the same bytes. make sbom runs it.
package main

import (
	"bufio"
	"debug/buildinfo"
	_ "embed"
	"encoding/json"
	"flag"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
)

//go:embed licences
var table string

type (
	bill struct {
		Format       string       `json:"bomFormat"`
		Spec         string       `json:"specVersion"`
		Version      int          `json:"version"`
		Metadata     metadata     `json:"metadata"`
		Components   []component  `json:"components"`
		Dependencies []dependency `json:"dependencies"`
	}
	metadata struct {
		Component component `json:"component"`
	}
	component struct {
		Type       string     `json:"type"`
		Ref        string     `json:"bom-ref"`
		Name       string     `json:"name"`
		Version    string     `json:"version"`
		PURL       string     `json:"purl,omitempty"`
		Licenses   []licensed `json:"licenses"`
		Properties []property `json:"properties,omitempty"`
	}
	licensed struct {
		License struct {
			ID string `json:"id"`
		} `json:"license"`
	}
	property struct {
		Name  string `json:"name"`
		Value string `json:"value"`
	}
	dependency struct {
		Ref string   `json:"ref"`
		On  []string `json:"dependsOn,omitempty"`
	}
)

func main() {
	version := flag.String("version", "devel", "the `version` of Submix")
	flag.Parse()
	b, err := describe(*version, flag.Args())
	if err == nil {
		out := json.NewEncoder(os.Stdout)
		out.SetIndent("", "  ")
		err = out.Encode(b)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "sbom:", err)
		os.Exit(1)
	}
}

// licences returns the SPDX name of each module's licence, by its path.
func licences() map[string]string {
	known := make(map[string]string)
	for lines := bufio.NewScanner(strings.NewReader(table)); lines.Scan(); {
		if f := strings.Fields(lines.Text()); len(f) == 2 && f[0] != "#" {
			known[f[0]] = f[1]
		}
	}
	return known
}

// describe returns the bill of the programs, one for all of them. A module whose licence is not in the table is an error.
func describe(version string, programs []string) (*bill, error) {
	known := licences()
	found := make(map[string]component)
	add := func(path, version, sum string) error {
		if known[path] == "" {
			return fmt.Errorf("the licence of %s is not known: look it up and add it to buildroot/sbom/licences", path)
		}
		c := newComponent("library", path, version, known[path])
		c.PURL = c.Ref
		if sum != "" {
			c.Properties = []property{{"go:sum", sum}}
		}
		found[path] = c
		return nil
	}
	for _, name := range programs {
		info, err := buildinfo.ReadFile(name)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		if err := add("std", info.GoVersion, ""); err != nil {
			return nil, err
		}
		for _, m := range info.Deps {
			if m.Replace != nil {
				m = m.Replace
			}
			if err := add(m.Path, m.Version, m.Sum); err != nil {
				return nil, err
			}
		}
	}
	main := newComponent("application", "submix", version, "MIT")
	b := &bill{Format: "CycloneDX", Spec: "1.6", Version: 1, Metadata: metadata{main}}
	all := dependency{Ref: main.Ref}
	for _, path := range slices.Sorted(maps.Keys(found)) {
		b.Components = append(b.Components, found[path])
		all.On = append(all.On, found[path].Ref)
	}
	b.Dependencies = []dependency{all}
	return b, nil
}

func newComponent(kind, name, version, licence string) component {
	c := component{Type: kind, Ref: "pkg:golang/" + name + "@" + version, Name: name, Version: version, Licenses: make([]licensed, 1)}
	c.Licenses[0].License.ID = licence
	return c
}
