package main

import (
	"encoding/json"
	"fmt"
	"slices"

	"submix/cmd/submixctl/doctor"
)

// examination is what doctor has found, as JSON.
type examination struct {
	OK   bool             `json:"ok"`
	Data []doctor.Finding `json:"data"`
}

// examine prints what is found on this machine; args may hold the path of a configuration.
func examine(args []string, socket string, out printer) int {
	path := ""
	switch len(args) {
	case 0:
	case 1:
		path = args[0]
	default:
		fmt.Fprintln(out.stderr, "usage: submixctl doctor [CONFIGURATION]")
		return exitUsage
	}
	return out.findings(doctor.Here(path, socket, ask).Findings())
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
