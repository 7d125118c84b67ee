//go:build vm

package buildroot

import (
	"strings"
	"testing"
)

// Each line of a board's kernel fragments is in the configuration that comes of them, with Debian's source of the same
// kernel. Raspberry's own configuration and drivers are not there: the fragments name only what the kernel itself has.
func TestFragments(t *testing.T) {
	for _, board := range boards {
		options := configuration(t, board)
		base, fragments := "defconfig", ""
		if custom, ok := value(options, "BR2_LINUX_KERNEL_CUSTOM_CONFIG_FILE"); ok {
			base, fragments = "alldefconfig", custom+" "
		}
		more, ok := value(options, "BR2_LINUX_KERNEL_CONFIG_FRAGMENT_FILES")
		if !ok || !strings.Contains(more, "board/common/submix.fragment") {
			t.Errorf("%s: its kernel has nothing of submix.fragment", board)
		}
		args := append([]string{base}, strings.Fields(strings.ReplaceAll(fragments+more, external, ""))...)
		t.Logf("%s: %s", board, strings.TrimSpace(run(t, "vm/fragments.sh", args...)))
	}
}
