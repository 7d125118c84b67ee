//go:build vm

package buildroot

import (
	"os/exec"
	"regexp"
	"strings"
	"testing"
)

// The daemon of submix-ssh.service, told what the unit tells it, lets in root, who has no password, with the key that is on
// the owner's FAT partition, and nobody else. It runs in namespaces of its own, with a network that is only itself.
func TestSSH(t *testing.T) {
	unit := read(t, "board/common/overlay/usr/lib/systemd/system/submix-ssh.service")
	command := regexp.MustCompile(`(?m)^ExecStart=(.*)$`).FindStringSubmatch(unit)[1]
	cmd := exec.Command("unshare", "--mount", "--net", "bash", "-eu", "-c", tryKeys, "bash", t.TempDir(), command)
	said, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, said)
	}
	want := []string{"owner: in as root", "stranger: refused", "password: refused", "no key: refused"}
	for _, line := range want {
		if !strings.Contains(string(said), "\n"+line+"\n") {
			t.Errorf("nothing says %q", line)
		}
	}
	if t.Failed() {
		t.Logf("%s", said)
	}
	t.Log(strings.Join(want, "; "))
}

// tryKeys is given an empty folder and the daemon's command. The overlay has /root/.ssh and /etc/dropbear as links.
const tryKeys = `
cd "$1"
for who in owner stranger; do ssh-keygen -q -t ed25519 -N '' -f $who; done
mount --make-rprivate /
mount -t tmpfs -o mode=755 tmpfs /root
mkdir -p /etc/dropbear /root/.ssh
mount -t tmpfs tmpfs /etc/dropbear
mount -t tmpfs -o mode=755 tmpfs /root/.ssh # as the partition is mounted: everybody may read it, root alone write
cp owner.pub /root/.ssh/authorized_keys
sed 's/^root:[^:]*:/root:*:/' /etc/shadow >shadow # as Buildroot leaves it when root has no login
chmod 600 shadow
mount --bind shadow /etc/shadow
ip link set lo up
$2 -p 127.0.0.1:22 &
until (: </dev/tcp/127.0.0.1/22) 2>/dev/null; do kill -0 $!; done
try() {
	who=$1
	shift
	ssh -F none -o UserKnownHostsFile=/dev/null -o StrictHostKeyChecking=no -o BatchMode=yes -o IdentitiesOnly=yes "$@" \
		root@127.0.0.1 'echo; echo '"$who"': in as $(id -un)' || printf '\n%s: refused\n' "$who"
}
try owner -i owner
try stranger -i stranger
try password -o PreferredAuthentications=password,keyboard-interactive
rm /root/.ssh/authorized_keys
try "no key" -i owner
kill $!
`
