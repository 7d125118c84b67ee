package buildroot

import (
	"strings"
	"testing"
)

// An image starts with no service on the network and nobody who can log in; what is built twice is the same.
func TestClosed(t *testing.T) {
	for _, board := range boards {
		options := configuration(t, board)
		for name, want := range map[string]string{
			"BR2_TARGET_ENABLE_ROOT_LOGIN":         "",
			"BR2_TARGET_GENERIC_GETTY":             "",
			"BR2_TARGET_GENERIC_REMOUNT_ROOTFS_RW": "",
			"BR2_PACKAGE_SYSTEMD_RESOLVED":         "",
			"BR2_DOWNLOAD_FORCE_CHECK_HASHES":      "y",
			"BR2_REPRODUCIBLE":                     "y",
			"BR2_TARGET_ROOTFS_SQUASHFS":           "y",
			"BR2_INIT_SYSTEMD":                     "y",
		} {
			if got, said := value(options, name); !said || got != want {
				t.Errorf("%s: %s is %q, not %q", board, name, got, want)
			}
		}
		for _, name := range []string{"BR2_TARGET_GENERIC_ROOT_PASSWD", "BR2_SYSTEM_DHCP", "BR2_PACKAGE_OPENSSH"} {
			if got, said := value(options, name); said {
				t.Errorf("%s: %s is %q", board, name, got)
			}
		}
	}

	overlay := "board/common/overlay/usr/lib/systemd/"
	preset := strings.TrimSpace(read(t, overlay+"system-preset/00-submix.preset"))
	if !strings.HasSuffix(preset, "\ndisable *") {
		t.Error("00-submix.preset: does not end with what disables the rest")
	}
	for _, name := range []string{"networkd", "dropbear", "ssh", "socket"} {
		if strings.Contains(preset, "enable "+name) || strings.Contains(preset, "systemd-"+name) {
			t.Errorf("00-submix.preset: enables %s", name)
		}
	}
	// Both are wanted at each start, and begin only when the owner has opened them.
	for unit, condition := range map[string]string{
		"system/systemd-networkd.service.d/submix.conf": "\nConditionPathExistsGlob=/boot/submix/network/*.network\n",
		"system/submix-ssh.service":                     "\nConditionPathExists=/boot/submix/authorized_keys\n",
	} {
		if !strings.Contains(read(t, overlay+unit), condition) {
			t.Errorf("%s: begins without%s", unit, condition)
		}
	}
	if ssh := read(t, overlay+"system/submix-ssh.service"); !strings.Contains(ssh, "dropbear -F -E -R -s ") {
		t.Error("submix-ssh.service: takes passwords")
	}
}
