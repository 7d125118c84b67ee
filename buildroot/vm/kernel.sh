#!/bin/sh
# Prints the path of the test machine's kernel image, after building it if it is not in the cache.
# Built: Debian's linux-source-6.12 for arm64, with the image's patches, from tinyconfig and two fragments. Cached under
# ${SUBMIX_CACHE:-${XDG_CACHE_HOME:-~/.cache}/submix}, by its inputs; a cached kernel needs no network and no apt.
set -eu

here=$(cd "$(dirname "$0")" && pwd)
board=$here/../board
patches=$here/../patches/linux
fragments() { cat "$board/common/submix.fragment" "$board/vm/vm.fragment"; }

key=$({ fragments; cat "$patches"/*.patch "$here/kernel.sh" "$here/source.sh"; } | sha256sum | cut -c 1-16)
cache=${SUBMIX_CACHE:-${XDG_CACHE_HOME:-${HOME:?}/.cache}/submix}
kernel=$cache/kernel-$key
answer_if_there() {
	if [ -e "$kernel/Image" ]; then
		echo "$kernel/Image"
		exit 0
	fi
}
answer_if_there

# One build at a time: the next one finds the kernel of the first, and what builds left that were killed is rubbish.
mkdir -p "$cache"
exec 9>"$cache/kernel.lock"
flock 9
answer_if_there
rm -rf "$cache"/building.*

# Anything that is said goes to stderr: stdout is the answer.
exec 3>&1 1>&2
"$here/packages.sh"
work=$(mktemp -d "$cache/building.XXXXXX")
trap 'rm -rf "$work"' EXIT
trap 'exit 1' HUP INT TERM

kernel_make() { make -s -C "$work/linux" ARCH=arm64 CROSS_COMPILE=aarch64-linux-gnu- -j"$(nproc)" "$@"; }

# compile: work/linux becomes a kernel. Options whose needs are not met vanish without a word, so every line of
# the fragments is looked for in what came out.
compile() {
	kernel_make tinyconfig
	fragments >>"$work/linux/.config"
	kernel_make olddefconfig 2>/dev/null
	lost=$(fragments | grep -E '^(# )?CONFIG_' | grep -vxFf "$work/linux/.config" || true)
	if [ -n "$lost" ]; then
		echo "vm: the kernel's configuration did not take:" "$lost"
		return 1
	fi
	KBUILD_BUILD_TIMESTAMP=@0 KBUILD_BUILD_USER=submix KBUILD_BUILD_HOST=vm kernel_make Image
}

mkdir "$work/done"
"$here/source.sh" "$work" >"$work/done/version"
echo "vm: building the kernel from $(cat "$work/done/version"); this takes some minutes"
for change in "$patches"/*.patch; do
	patch -d "$work/linux" -p1 --fuzz=0 <"$change"
done
compile
cp "$work/linux/arch/arm64/boot/Image" "$work/linux/.config" "$work/done"
mv -T "$work/done" "$kernel"
echo "$kernel/Image" >&3
