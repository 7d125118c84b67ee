package buildroot

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// The console of the image leaves a port to the mixer where the owner's configuration says so: two programs on one port
// take the letters from each other.
func TestConsoleLeavesPort(t *testing.T) {
	dropIn := read(t, "board/common/overlay/usr/lib/systemd/system/submix-console@.service.d/image.conf")
	found := regexp.MustCompile(`(?m)^ExecCondition=/bin/sh -c '(.*)'$`).FindStringSubmatch(dropIn)
	if found == nil || strings.ContainsAny(found[1], `\'$`) { // what systemd would replace, before the shell sees it
		t.Fatalf("image.conf: no ExecCondition, or not as the shell is to have it: %q", found)
	}
	const owners = "/etc/submix/submix.toml"
	for _, c := range []struct {
		toml   string
		begins bool
	}{
		{"[serial]\nport = \"/dev/ttyAMA0\"\nbaud = 115200\n", false},
		{"[serial]\r\n\tport='/dev/ttyAMA0'\r\n", false},
		{"[serial]\nport = \"/dev/ttyAMA10\"\n", true},
		{"[serial]\n# port = \"/dev/ttyAMA0\"\n", true},
		{"[playback]\ndevice = \"hw:Out,0\"\n", true},
		{"", true}, // there is no file
	} {
		path := filepath.Join(t.TempDir(), "submix.toml")
		if c.toml != "" {
			if err := os.WriteFile(path, []byte(c.toml), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		if !strings.Contains(found[1], owners) {
			t.Fatalf("image.conf does not look into %s", owners)
		}
		err := exec.Command("/bin/sh", "-c", strings.NewReplacer("%I", "ttyAMA0", owners, path).Replace(found[1])).Run()
		if (err == nil) != c.begins {
			t.Errorf("with %q the console on ttyAMA0 begins: %v, want %v", c.toml, err == nil, c.begins)
		}
	}
}
