package buildroot

import (
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// The image has the user of the unit, with the groups of the unit, and every file of systemd.
func TestService(t *testing.T) {
	unit := read(t, "../systemd/submixd.service")
	find := func(key string) string {
		_, after, _ := strings.Cut(unit, "\n"+key+"=")
		line, _, _ := strings.Cut(after, "\n")
		return line
	}
	user, groups := find("User"), strings.Fields(find("SupplementaryGroups"))
	for line := range strings.Lines(read(t, "board/common/users.table")) {
		f := strings.Fields(line)
		has := strings.Split(f[7], ",")
		slices.Sort(groups)
		slices.Sort(has)
		if f[0] != user || f[4] != "*" || !slices.Equal(has, groups) {
			t.Errorf("users.table: %s with the password %s in %v, but the unit wants %s, no password, %v", f[0], f[4], has, user, groups)
		}
	}
	if !strings.Contains(read(t, "package/submix/submix.mk"), "/systemd/install.sh $(TARGET_DIR)") {
		t.Error("submix.mk does not install the units")
	}
	installed := read(t, "../systemd/install.sh")
	units, _ := filepath.Glob("../systemd/*")
	for _, file := range units {
		name := filepath.Base(file)
		if ext := filepath.Ext(name); ext != ".go" && ext != ".sh" && !strings.Contains(installed, "\t"+name+" ") {
			t.Errorf("install.sh does not install %s", name)
		}
	}
}
