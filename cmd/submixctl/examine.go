package main

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
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
	if len(args) > 1 {
		fmt.Fprintln(out.stderr, doctorUsage)
		return exitUsage
	}
	return out.findings(doctor.Here(strings.Join(args, ""), socket, ask).Findings())
}

// examined is a reply for the console: how bad each finding is, and beside that what it is. It is a program of its own that
// looks: a console lasts, and the library for GPIO says of a line in all its life who had it when it was first seen.
func examined(args []string, socket string) (reply control.Reply) {
	if len(args) > 1 {
		return control.Reply{Err: &control.Error{Code: control.CodeUsage, Text: doctorUsage}}
	}
	self, err := os.Executable()
	var found []byte
	if err == nil {
		cmd := exec.Command(self, append([]string{"-socket", socket, "doctor"}, args...)...)
		cmd.Args[0] = "submixctl"
		found, err = cmd.Output() // an error too where something is bad
	}
	if len(found) == 0 {
		return control.Reply{Err: &control.Error{Code: control.CodeInternal, Text: fmt.Sprintf("doctor: %v", err)}}
	}
	for line := range strings.Lines(string(found)) {
		reply.Data = append(reply.Data, strings.Replace(strings.TrimSpace(line), " ", ": ", 1))
	}
	return reply
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
