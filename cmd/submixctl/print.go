package main

import (
	"encoding/json"
	"fmt"
	"io"

	"submix/control"
)

// A printer writes replies for people or, as JSON, for programs.
type printer struct {
	stdout, stderr io.Writer
	json           bool
}

// accepted and refused are the two forms of a reply as JSON.
type accepted struct {
	OK   bool             `json:"ok"`
	Data []map[string]any `json:"data"`
}

type refused struct {
	OK    bool         `json:"ok"`
	Code  control.Code `json:"code"`
	Error string       `json:"error"`
}

// print prints the data lines of a reply, or what was refused.
func (p printer) print(r control.Reply) error {
	if p.json {
		return p.printJSON(r)
	}
	for _, line := range r.Data {
		if _, err := fmt.Fprintln(p.stdout, line); err != nil {
			return err
		}
	}
	if r.Err != nil {
		fmt.Fprintln(p.stderr, "submixctl:", r.Err.Text)
	}
	return nil
}

func (p printer) printJSON(r control.Reply) error {
	enc := json.NewEncoder(p.stdout)
	enc.SetEscapeHTML(false)
	if r.Err != nil {
		return enc.Encode(refused{Code: r.Err.Code, Error: r.Err.Text})
	}
	data, err := control.ParseData(r.Data)
	if err != nil {
		return err
	}
	return enc.Encode(accepted{OK: true, Data: data})
}
