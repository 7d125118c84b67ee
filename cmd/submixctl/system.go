package main

import (
	"context"
	"fmt"
	"io"
	"strings"

	"submix/cmd/submixctl/update"
	"submix/control"
)

// updateSystem carries out a command of update.
func updateSystem(words []string, socket string, out printer) int {
	reply, err := box(socket, out.stderr).Do(context.Background(), words)
	if err != nil {
		fmt.Fprintln(out.stderr, updateUsage())
		return exitUsage
	}
	return show(reply, out)
}

// box is the one that this program runs on.
func box(socket string, progress io.Writer) *update.Box {
	return update.Here(func(line string) (control.Reply, error) { return ask(socket, line) }, progress)
}

func updateUsage() string {
	var all []string
	for _, c := range update.Commands() {
		if c.Person {
			all = append(all, "submixctl update "+c.Usage)
		}
	}
	return "usage: " + strings.Join(all, "\n       ")
}
