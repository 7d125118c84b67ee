package main

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"submix/cmd/submixctl/doctor"
	"submix/control"
)

// examination is what doctor has found, as JSON.
type examination struct {
	OK   bool             `json:"ok"`
	Data []doctor.Finding `json:"data"`
}

const doctorUsage = "usage: submixctl doctor [CONFIGURATION]"

// examine prints what is found on this machine; args may hold the path of a configuration.
func examine(args []string, socket string, out printer) int {
	all, ok := look(args, socket)
	if !ok {
		fmt.Fprintln(out.stderr, doctorUsage)
		return exitUsage
	}
	return out.findings(all)
}

// examined is a reply for the console: how bad each finding is, and beside that what it is.
func examined(args []string, socket string) (reply control.Reply) {
	all, ok := look(args, socket)
	if !ok {
		return control.Reply{Err: &control.Error{Code: control.CodeUsage, Text: doctorUsage}}
	}
	for _, f := range all {
		reply.Data = append(reply.Data, strings.Replace(f.String(), " ", ": ", 1))
	}
	return reply
}

// look is false for more words than a path.
func look(args []string, socket string) ([]doctor.Finding, bool) {
	if len(args) > 1 {
		return nil, false
	}
	return doctor.Here(strings.Join(args, ""), socket, ask).Findings(), true
}

func (p printer) findings(all []doctor.Finding) int {
	status := exitOK
	if slices.ContainsFunc(all, func(f doctor.Finding) bool { return f.Level == doctor.Bad }) {
		status = exitRefused
	}
	var err error
	if p.json {
		enc := json.NewEncoder(p.stdout)
		enc.SetEscapeHTML(false)
		err = enc.Encode(examination{status == exitOK, all})
	} else {
		for _, f := range all {
			_, err = fmt.Fprintln(p.stdout, f)
		}
	}
	if err != nil {
		fmt.Fprintln(p.stderr, "submixctl: findings not printed:", err)
		return exitRefused
	}
	return status
}
