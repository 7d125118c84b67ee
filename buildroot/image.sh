#!/bin/sh
# image.sh BOARD BUILDROOT OUTPUT: builds the image of BOARD (the B of configs/submix_B_defconfig) in OUTPUT, which is a
# folder outside of the repository, with the Buildroot release that the file release names: BUILDROOT is its folder, or
# its tarball, which is checked and unpacked. SUBMIX_RELEASE, as git describe has it, becomes the version that the image
# shows: as a package's (deb/version.sh), so that each is newer than the one before.
# Updates: SUBMIX_CA is the certificate of whom the image takes them from; with SUBMIX_CERTIFICATE and SUBMIX_KEY, of a
# signer that SUBMIX_CA vouches for, the image is also made into one: submix-BOARD-VERSION.raucb. All are whole paths.
#
# Needs a network, some 15 GB, half an hour to two hours, and of Debian's packages, for Buildroot builds all else by itself:
#   apt-get install bc bzip2 cpio file g++ git gzip libncurses-dev make patch perl python3 rsync tar unzip wget xz-utils
# In OUTPUT/images are afterwards: submix.img, the card; submix.img.sha256; submix.cdx.json, its bill of materials, and
# submix-programs.cdx.json, that of Submix's programs, which are one thing for Buildroot. In OUTPUT/legal-info are the
# licences, and in submix-programs.txt there those of the works in the programs.
#
# With the argument configure after the others it stops before anything is fetched.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
pinned() { sed -n "s/^$1=//p" "$here/release"; }
version=$(pinned version)
sha256=$(pinned sha256)

fail() {
	echo "image: $*" >&2
	exit 1
}

[ -n "${2-}" ] || fail "say what for and with what: make image BOARD=rpi4 BUILDROOT=/path/buildroot-$version.tar.xz"
board=$1
buildroot=$2
mkdir -p "$3"
output=$(cd "$3" && pwd)
[ -e "$here/configs/submix_${board}_defconfig" ] ||
	fail "there is no board $board; there are: $(cd "$here/configs" && echo submix_*_defconfig | sed 's/submix_\([^ ]*\)_defconfig/\1/g')"
case $output/ in
"${here%/*}"/*) fail "$output is inside the repository, all of which is copied into the build: choose another O=" ;;
esac

if [ -f "$buildroot" ]; then
	echo "$sha256  $buildroot" | sha256sum -c --quiet ||
		fail "$buildroot is not Buildroot $version as it was released: its sha256 is to be $sha256"
	tar -xf "$buildroot" -C "$output"
	buildroot=$output/buildroot-$version
fi
found=$(sed -n 's/^export BR2_VERSION := //p' "$buildroot/Makefile") || fail "$buildroot is not a Buildroot"
[ "$found" = "$version" ] || fail "$buildroot is Buildroot ${found:-of no version}; images are built with $version (buildroot/release)"

build() { make -C "$buildroot" O="$output" BR2_EXTERNAL="$here" "$@"; }

# Options that the release does not know, or whose needs are not met, vanish without a word: every line is looked for.
cat "$here/configs/common" "$here/configs/submix_${board}_defconfig" >"$output/defconfig"
build -s BR2_DEFCONFIG="$output/defconfig" defconfig >&2
lost=$(grep -E '^(# )?BR2_' "$output/defconfig" | grep -vxFf "$output/.config" || true)
[ -z "$lost" ] || fail "Buildroot did not take: $lost"
[ "${4-}" != configure ] || exit 0

SUBMIX_RELEASE=$("$here/deb/version.sh" "${SUBMIX_RELEASE:-devel}")
export SUBMIX_RELEASE
# The tree as it is now, not as it was when OUTPUT was last used.
build submix-rebuild all
build -s --no-print-directory show-info | "$buildroot/utils/generate-cyclonedx" >"$output/images/submix.cdx.json"
build legal-info
cd "$output/images"
sha256sum submix.img >submix.img.sha256
echo "image: $output/images/submix.img"

# With Buildroot's go, whose licence is where it was unpacked.
cd "$here/.."
export PATH="$output/host/bin:$PATH" CGO_ENABLED=0
go run ./buildroot/sbom -version "$SUBMIX_RELEASE" "$output/target/usr/bin/submixd" "$output/target/usr/bin/submixctl" \
	>"$output/images/submix-programs.cdx.json"
buildroot/deb/copyright.sh "$output/build/host-go-bin-$(pinned go)" >"$output/legal-info/submix-programs.txt"
