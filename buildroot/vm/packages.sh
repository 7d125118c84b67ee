#!/bin/sh
# Makes sure that the tools of the test machine are there: installs the Debian packages that are missing
# where it may (root with apt-get), and says what to install where it may not. With the argument run: only what runs the
# machine, as for a kernel that is in the cache; with card: what makes a card and looks into it, and what the kernel is
# configured with; with update: what makes and boots a card that is updated; else what runs the machine and builds its kernel.
set -eu
PATH=$PATH:/usr/sbin:/sbin # of some, which not every user has

# What is looked for, and the package it comes with.
wanted='qemu-system-aarch64:qemu-system-arm /usr/sbin/mke2fs:e2fsprogs aarch64-linux-gnu-gcc:gcc-aarch64-linux-gnu gcc:gcc make:make
flex:flex bison:bison patch:patch bc:bc perl:perl xz:xz-utils ar:binutils tar:tar find:findutils flock:util-linux
/usr/include/stdio.h:libc6-dev'
[ "${1-}" != card ] || wanted="$wanted genimage:genimage mkdosfs:dosfstools mcopy:mtools sfdisk:fdisk mksquashfs:squashfs-tools
systemctl:systemd systemd-sysusers:systemd dropbear:dropbear-bin ssh:openssh-client ip:iproute2 unshare:util-linux /usr/bin/python3:python3 /usr/lib/python3/dist-packages/kconfiglib.py:python3-kconfiglib"
run='qemu-system-aarch64:qemu-system-arm /usr/sbin/mke2fs:e2fsprogs flock:util-linux'
[ "${1-}" != run ] || wanted=$run
[ "${1-}" != update ] || wanted="$run rauc:rauc genimage:genimage mkdosfs:dosfstools mksquashfs:squashfs-tools mkimage:u-boot-tools
fw_printenv:libubootenv-tool mformat:mtools sfdisk:fdisk sz:lrzsz rz:lrzsz systemctl:systemd systemd-sysusers:systemd
/usr/lib/u-boot/qemu_arm64/u-boot.bin:u-boot-qemu"

missing=
for pair in $wanted; do
	case ${pair%%:*} in
	/*) [ -e "${pair%%:*}" ] ;;
	*) command -v "${pair%%:*}" >/dev/null ;;
	esac || missing="$missing ${pair#*:}"
done
[ -n "$missing" ] || exit 0

if [ "$(id -u)" -ne 0 ] || ! command -v apt-get >/dev/null; then
	echo "vm: the test machine needs packages that are not installed; as root: apt-get install$missing" >&2
	exit 1
fi
export DEBIAN_FRONTEND=noninteractive
apt-get update
# The names are separate words on purpose.
# shellcheck disable=SC2086
apt-get install -y --no-install-recommends $missing
