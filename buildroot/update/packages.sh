#!/bin/sh
# Makes sure that what the tests of updates run is there: installs the Debian packages that are missing where it may (root
# with apt-get), and says what to install where it may not.
set -eu
wanted='rauc:rauc genimage:genimage mkdosfs:dosfstools mksquashfs:squashfs-tools mkimage:u-boot-tools fw_printenv:libubootenv-tool mformat:mtools
sfdisk:fdisk sz:lrzsz rz:lrzsz qemu-system-aarch64:qemu-system-arm systemctl:systemd
/usr/lib/u-boot/qemu_arm64/u-boot.bin:u-boot-qemu'
missing=
for pair in $wanted; do
	case ${pair%%:*} in
	/*) [ -e "${pair%%:*}" ] ;;
	*) command -v "${pair%%:*}" >/dev/null ;;
	esac || missing="$missing ${pair#*:}"
done
[ -n "$missing" ] || exit 0
if [ "$(id -u)" -ne 0 ] || ! command -v apt-get >/dev/null; then
	echo "update: the tests need packages that are not installed; as root: apt-get install$missing" >&2
	exit 1
fi
export DEBIAN_FRONTEND=noninteractive
apt-get -q update
# The names are separate words on purpose.
# shellcheck disable=SC2086
apt-get -q install -y --no-install-recommends $missing
