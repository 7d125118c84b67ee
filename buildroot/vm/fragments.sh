#!/bin/sh
# fragments.sh BASE FRAGMENT...: whether a configuration of the kernel for arm64 with the fragments on top of it has every
# line of them. BASE is how make is to begin it: defconfig, or alldefconfig for one that consists of the fragments alone.
# Prints how many lines there were, or those that were lost; then it fails. What came out well is remembered in the
# kernel's cache, by its inputs. The first time it takes a minute, for the source is unpacked; a board then takes 10 s.
#
# A line is lost when the kernel does not know the option, or when its needs are not met: without a word.
set -eu

here=$(cd "$(dirname "$0")" && pwd)
cache=${SUBMIX_CACHE:-${XDG_CACHE_HOME:-${HOME:?}/.cache}/submix}
base=$1
shift
key=$({ echo "$base"; cat "$here/fragments.sh" "$here/source.sh" "$@"; } | sha256sum | cut -c 1-16)
if [ -e "$cache/fragments-$key" ]; then
	cat "$cache/fragments-$key"
	exit 0
fi
"$here/packages.sh" >&2
mkdir -p "$cache"
exec 9>"$cache/fragments.lock"
flock 9

# Of the source only what configures it is kept, for the next board.
tree=$cache/kconfig-$(sha256sum <"$here/source.sh" | cut -c 1-16)
if [ ! -e "$tree" ]; then
	rm -rf "$cache"/kconfig-unpacking.*
	work=$(mktemp -d "$cache/kconfig-unpacking.XXXXXX")
	trap 'rm -rf "$work"' EXIT
	trap 'exit 1' HUP INT TERM
	"$here/source.sh" "$work" >"$work/package"
	find "$work/linux" -type f -not -path '*/scripts/*' -not -name 'Kconfig*' -not -name 'Makefile*' \
		-not -name 'Kbuild*' -not -name '*defconfig' -delete
	find "$work/linux" -type d -empty -delete
	mv "$work/package" "$work/linux"
	mv -T "$work/linux" "$tree"
	rm -rf "$work"
fi
out=$(mktemp -d)
trap 'rm -rf "$out"' EXIT
kernel_make() { make -s -C "$tree" O="$out" ARCH=arm64 CROSS_COMPILE=aarch64-linux-gnu- "$@" >&2; }
kernel_make "$base"
"$tree/scripts/kconfig/merge_config.sh" -m -O "$out" "$out/.config" "$@" >/dev/null
kernel_make olddefconfig
lines=$(cat "$@" | grep -cE '^(# )?CONFIG_')
lost=$(cat "$@" | grep -E '^(# )?CONFIG_' | grep -vxFf "$out/.config" || true)
if [ -n "$lost" ]; then
	echo "$lost"
	exit 1
fi
echo "$lines lines are in the configuration of $(cat "$tree/package")" | tee "$cache/fragments-$key"
