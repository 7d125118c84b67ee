#!/bin/sh
# Prints the path of an archive of a small Debian root, after making it if it is not in the cache, which is
# ${SUBMIX_CACHE:-${XDG_CACHE_HOME:-~/.cache}/submix}, by this script. Needs root, mmdebstrap and a Debian mirror: the one
# that apt's sources name.
set -eu

suite=trixie
key=$(sha256sum <"$0" | cut -c 1-16)
cache=${SUBMIX_CACHE:-${XDG_CACHE_HOME:-${HOME:?}/.cache}/submix}
root=$cache/debroot-$suite-$key.tar.gz
if ! [ -e "$root" ]; then
	# apt, not the shell, fills in this format.
	# shellcheck disable=SC2016
	mirror=$(apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' 'Origin: Debian' 'Label: Debian' | head -n 1)
	[ -n "$mirror" ] || {
		echo "root: apt knows no mirror of Debian" >&2
		exit 1
	}
	mkdir -p "$cache"
	rm -f "$cache/debroot-"*
	# What no test looks at is half of the files.
	# shellcheck disable=SC2016
	mmdebstrap --variant=minbase --include=systemd,udev \
		--customize-hook='rm -rf "$1"/usr/share/doc/* "$1"/usr/share/locale/* "$1"/usr/share/man/*' \
		"$suite" "$root.new.gz" "$mirror" >&2
	mv "$root.new.gz" "$root"
fi
echo "$root"
