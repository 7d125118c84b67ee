package main

import (
	"os"
	"path/filepath"
	"strings"

	"submix/control"
)

// noticesDir is where the parts of the image that run before submixd and beside it, as root, leave what the owner has to
// know: a file for each, in memory, with a line for each thing.
const noticesDir = "run/submix-notices"

// system says which image runs, and from which slot; nothing where Submix is a package of another system.
func system(root string) (s control.System) {
	release, _ := os.ReadFile(filepath.Join(root, "etc/os-release"))
	values := map[string]string{}
	for line := range strings.Lines(string(release)) {
		key, value, _ := strings.Cut(strings.TrimSpace(line), "=")
		values[key] = strings.Trim(value, `"`)
	}
	if values["ID"] != "submix" {
		return s
	}
	s.Version, s.Board = values["VERSION_ID"], values["VARIANT_ID"]
	cmdline, _ := os.ReadFile(filepath.Join(root, "proc/cmdline"))
	for word := range strings.FieldsSeq(string(cmdline)) {
		if slot, ok := strings.CutPrefix(word, "rauc.slot="); ok {
			s.Slot = slot
		}
	}
	return s
}

// systemNotices reads what was left, in the order of the files' names.
func systemNotices(root string) (all []control.Notice) {
	dir := filepath.Join(root, noticesDir)
	files, _ := os.ReadDir(dir)
	for _, f := range files {
		content, _ := os.ReadFile(filepath.Join(dir, f.Name()))
		for line := range strings.Lines(string(content)) {
			all = append(all, control.Notice{Topic: f.Name(), Text: strings.TrimSpace(line)})
		}
	}
	return all
}

// startedWith notes that the configuration in use is not that of the file, for a reason; "" that it is.
func (b *box) startedWith(instead string) {
	b.mu.Lock()
	b.instead = instead
	b.mu.Unlock()
	for _, n := range b.notices() {
		b.log.Warn(n.Text, "about", n.Topic)
	}
}

// notices is what the owner has to know, of the configuration too.
func (b *box) notices() []control.Notice {
	all := systemNotices("/")
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.instead != "" {
		all = append(all, control.Notice{Topic: "config", Text: b.instead})
	}
	return all
}
