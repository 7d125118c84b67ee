//go:build vm

package buildroot

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// Config.in is read as Buildroot reads it, among options that stand in for Buildroot's: what a board sets must be taken,
// and kconfig must have nothing to say.
func TestKconfig(t *testing.T) {
	for _, board := range boards {
		dir := t.TempDir()
		options := configuration(t, board)
		if err := os.WriteFile(filepath.Join(dir, "Config.in"), []byte(standInKconfig(t, options)), 0o644); err != nil {
			t.Fatal(err)
		}
		var lines strings.Builder
		for _, o := range options {
			if o.value == "" || o.value == "y" {
				fmt.Fprintf(&lines, "%s=%s\n", o.name, strings.Replace("n"+o.value, "ny", "y", 1))
			} else {
				fmt.Fprintf(&lines, "%s=%q\n", o.name, o.value)
			}
		}
		if err := os.WriteFile(filepath.Join(dir, "defconfig"), []byte(lines.String()), 0o644); err != nil {
			t.Fatal(err)
		}
		t.Logf("%s: %s", board, strings.TrimSpace(run(t, "/usr/bin/python3", "-c", loadKconfig, dir)))
	}
}

// standInKconfig returns a Config.in that defines every option of a configuration and of our own Config.in as free to be
// set, and then has our own.
func standInKconfig(t *testing.T, options []option) string {
	t.Helper()
	kinds := make(map[string]string)
	for _, name := range regexp.MustCompile(`BR2_\w+`).FindAllString(read(t, "package/submix/Config.in"), -1) {
		kinds[name] = `bool "-"`
	}
	kinds["BR2_PACKAGE_HOST_GO_TARGET_ARCH_SUPPORTS"] = "def_bool y" // nobody sets it
	for _, o := range options {
		kinds[o.name] = `bool "-"`
		if o.value != "" && o.value != "y" {
			kinds[o.name] = `string "-"`
		}
	}
	delete(kinds, "BR2_PACKAGE_SUBMIX")
	var b strings.Builder
	for name, kind := range kinds {
		fmt.Fprintf(&b, "config %s\n\t%s\n", name, kind)
	}
	b.WriteString("source \"Config.in\"\n") // relative to $srctree, which is this folder
	return b.String()
}

// loadKconfig is what is done with Debian's python3-kconfiglib: any warning ends it, and so does a line that is not taken.
const loadKconfig = `
import os, sys, kconfiglib
os.environ.update(BR2_EXTERNAL_SUBMIX_PATH=os.getcwd(), CONFIG_="")
k = kconfiglib.Kconfig(os.path.join(sys.argv[1], "Config.in"), warn_to_stderr=False)
k.load_config(os.path.join(sys.argv[1], "defconfig"))
for s in k.unique_defined_syms:
    if s.user_value is not None and s.str_value != (s.user_value if s.type == kconfiglib.STRING else "nmy"[s.user_value]):
        k.warnings.append("%s is %s, and not what was set" % (s.name, s.str_value))
if k.syms["BR2_PACKAGE_SUBMIX"].str_value != "y":
    k.warnings.append("BR2_PACKAGE_SUBMIX is off")
if k.warnings:
    sys.exit("\n".join(k.warnings))
print(len(k.unique_defined_syms), "options")
`
