#!/bin/sh
# Prints the path of a root file system of Debian packages for arm64, after making it if it is not in the cache: what
# stands in for Buildroot's where no Buildroot is, so that the real units and the real overlay boot with the real systemd.
# Its shell and small tools are busybox's, as in the image. Unpacked only, not configured: no program of arm64 runs here.
# Cached under ${SUBMIX_CACHE:-${XDG_CACHE_HOME:-~/.cache}/submix}, by this file; a cached one needs no network and no apt.
set -eu

suite=trixie
packages='systemd systemd-sysv udev dbus kmod busybox mount util-linux fdisk e2fsprogs dosfstools rauc rauc-service libubootenv-tool lrzsz'
# Of busybox, where no package has the program.
applets='sh ash [ awk basename cat chgrp chmod chown cmp cp cut date dd df dirname echo env expr false find grep head hostname id
ln ls md5sum mkdir mkfifo mknod mktemp mv od printf ps pwd readlink realpath rm rmdir sed seq sha256sum sleep sort stat stty sync
tail tar tee test touch tr true tty uname uniq unlink vi wc which xargs yes'

here=$(cd "$(dirname "$0")" && pwd)
key=$(sha256sum <"$here/debian.sh" | cut -c 1-16)
cache=${SUBMIX_CACHE:-${XDG_CACHE_HOME:-${HOME:?}/.cache}/submix}
tree=$cache/debian-$key
answer_if_there() {
	if [ -d "$tree" ]; then
		echo "$tree"
		exit 0
	fi
}
answer_if_there

# One at a time: the next one finds the tree of the first.
mkdir -p "$cache"
exec 9>"$cache/debian.lock"
flock 9
answer_if_there
rm -rf "$cache"/debian-unpacking.*

# Anything that is said goes to stderr: stdout is the answer.
exec 3>&1 1>&2
work=$(mktemp -d "$cache/debian-unpacking.XXXXXX")
trap 'rm -rf "$work"' EXIT
trap 'exit 1' HUP INT TERM
apt=$work/apt
root=$work/root
mkdir -p "$apt/lists/partial" "$apt/archives/partial" "$root"

# The mirror is the one that the host's Debian comes from; lists, cache and status are our own.
# apt, not the shell, fills in this format.
# shellcheck disable=SC2016
apt-get indextargets --format '$(REPO_URI) $(RELEASE)' 'Created-By: Packages' |
	awk -v suite="$suite" '$2 !~ /-/ { print "deb", $1, suite, "main" }' | sort -u >"$apt/sources.list"
: >"$apt/status"
apt_get() {
	apt-get -q -o APT::Architecture=arm64 -o APT::Architectures=arm64 -o APT::Sandbox::User=root \
		-o Dir::State="$apt" -o Dir::State::status="$apt/status" -o Dir::Cache="$apt" \
		-o Dir::Etc::SourceList="$apt/sources.list" -o Dir::Etc::SourceParts=/dev/null "$@"
}
apt_get update || true # one bad source of many is no reason to give up
# The names are separate words on purpose.
# shellcheck disable=SC2086
apt_get install -y --no-install-recommends --download-only $packages

# /usr holds what packages have in /bin, /sbin and /lib, which are links, as in every system with systemd.
for dir in bin sbin lib; do
	mkdir -p "$root/usr/$dir"
	ln -s "usr/$dir" "$root/$dir"
done
for deb in "$apt"/archives/*.deb; do
	dpkg-deb --fsys-tarfile "$deb" | tar -x -C "$root" --keep-directory-symlink --exclude './usr/share/doc/*' --exclude './usr/share/man/*' \
		--exclude './usr/share/locale/*' --exclude './usr/share/bash-completion/*' --exclude './usr/share/i18n/*' --exclude './usr/lib/*/gconv/*' \
		--exclude './usr/share/zsh/*' --exclude './usr/share/lintian/*' --exclude './usr/share/perl*' --exclude './usr/lib/*/perl*'
done
for applet in $applets; do
	[ -e "$root/usr/bin/$applet" ] || [ -e "$root/usr/sbin/$applet" ] || ln -s busybox "$root/usr/bin/$applet"
done
mv -T "$root" "$tree"
echo "$tree" >&3
