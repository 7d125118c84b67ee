package control_test

import (
	"context"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"testing/synctest"

	"submix/control"
	"submix/control/controltest"
)

// examples returns the fenced blocks of PROTOCOL.md that begin with a request.
func examples(t *testing.T) []string {
	doc, err := os.ReadFile("PROTOCOL.md")
	if err != nil {
		t.Fatal(err)
	}
	var blocks []string
	for i, part := range strings.Split(string(doc), "```\n") {
		if i%2 == 1 && strings.HasPrefix(part, "> ") {
			blocks = append(blocks, part)
		}
	}
	return blocks
}

func requests(example string) (lines []string) {
	for line := range strings.Lines(example) {
		if line, ok := strings.CutPrefix(line, "> "); ok {
			lines = append(lines, strings.TrimSpace(line))
		}
	}
	return lines
}

func TestExamplesOfProtocol(t *testing.T) {
	for _, example := range examples(t) {
		t.Run(requests(example)[0], func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				box := controltest.New()
				var got strings.Builder
				for _, line := range requests(example) {
					fmt.Fprintf(&got, "> %s\n%s", line, box.Dispatcher.Do(context.Background(), "serial", line))
				}
				if got.String() != example {
					t.Errorf("the box says\n%s\nPROTOCOL.md says\n%s", got.String(), example)
				}
			})
		})
	}
}

func TestEveryCommandHasAnExample(t *testing.T) {
	var shown, there []string
	for _, example := range examples(t) {
		lines := requests(example)
		shown = append(shown, strings.Fields(lines[len(lines)-1])[0])
	}
	box := controltest.New()
	for _, line := range box.Dispatcher.Do(context.Background(), "test", "help").Data {
		name, _, _ := strings.Cut(line, ":")
		there = append(there, name)
	}
	if !slices.IsSorted(there) {
		t.Errorf("commands are not sorted: %q", there)
	}
	if !slices.Equal(shown, there) {
		t.Errorf("PROTOCOL.md has examples of\n%q, the commands are\n%q", shown, there)
	}
	doc, _ := os.ReadFile("PROTOCOL.md")
	for _, name := range there {
		r := box.Dispatcher.Do(context.Background(), "test", "help "+name)
		usage := strings.TrimPrefix(r.Data[0], "usage: ")
		if !strings.Contains(string(doc), "\n### "+usage+"\n") {
			t.Errorf("PROTOCOL.md has no section %q", usage)
		}
	}
}

func TestCodesOfProtocol(t *testing.T) {
	doc, err := os.ReadFile("PROTOCOL.md")
	if err != nil {
		t.Fatal(err)
	}
	_, rows, _ := strings.Cut(string(doc), "|---|---|---|\n")
	rows, _, _ = strings.Cut(rows, "\n\n")
	var want strings.Builder
	for _, c := range control.Codes() {
		fmt.Fprintf(&want, "| %d | %s | %s |\n", c.Code, c.Name, c.Meaning)
	}
	if rows+"\n" != want.String() {
		t.Errorf("PROTOCOL.md has\n%s\nthe table is\n%s", rows, want.String())
	}
}

func TestEventsOfProtocol(t *testing.T) {
	doc, err := os.ReadFile("PROTOCOL.md")
	if err != nil {
		t.Fatal(err)
	}
	_, rows, _ := strings.Cut(string(doc), "| event | meaning |\n|---|---|\n")
	rows, _, _ = strings.Cut(rows, "\n\n")
	var want strings.Builder
	var names []string
	for _, e := range control.Events() {
		fmt.Fprintf(&want, "| %s | %s |\n", e.Event, e.Meaning)
		names = append(names, string(e.Event))
	}
	if rows+"\n" != want.String() {
		t.Errorf("PROTOCOL.md has\n%s\nthe table is\n%s", rows, want.String())
	}
	if !slices.IsSorted(names) {
		t.Errorf("events are not sorted: %q", names)
	}
}
