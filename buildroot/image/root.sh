#!/bin/sh
# root.sh PROGRAMS OUT: writes the root file system of the test machine's image to OUT, as squashfs: the Debian packages of
# debian.sh, the repository's overlay and units as they are, the programs that lie in the folder PROGRAMS, and the guest's
# tests as a service. The same input gives the same bytes.
set -eu

here=$(cd "$(dirname "$0")" && pwd)
top=$here/../..
programs=$1
out=$2
debian=$("$here/debian.sh")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'exit 1' HUP INT TERM
root=$work/root

mkdir "$root"
cp -a "$debian/." "$root"
"$top/systemd/install.sh" "$root"
rm -f "$root/etc/machine-id"
cp -a "$top/buildroot/board/common/overlay/." "$root"
find "$root" -name .empty -delete
cp "$programs"/* "$root/usr/bin"
cp "$here/guest.service" "$root/usr/lib/systemd/system"
ln -s ../guest.service -t "$root/usr/lib/systemd/system/sysinit.target.wants"
# An older systemd-sysusers, as the host may have, knows no users that are locked.
sed -i 's/^u!/u/' "$root"/usr/lib/sysusers.d/*.conf
systemd-sysusers --root="$root" 2>"$work/said" || {
	cat "$work/said" >&2
	exit 1
}

systemctl -q --root="$root" preset-all

# No owner, time or order of this machine gets in.
rm -f "$out"
mksquashfs "$root" "$out" -quiet -no-progress -comp zstd -Xcompression-level 3 -all-root -all-time 0 -mkfs-time 0 -no-xattrs \
	-processors "$(nproc)" >&2
