#!/bin/sh
# post-image.sh IMAGES BOARD: lays out the two FAT partitions of the board in IMAGES/card and makes the card of them
# and of IMAGES/rootfs.squashfs: IMAGES/submix.img. Called by Buildroot, and by the tests with files that stand in.
#
# A board with U-Boot has its firmware, U-Boot and its script on AUTOBOOT and the kernel in the slot; the firmware of
# the others goes to the slot by itself, so all that is its own is there. Files that a board brings as they are:
# board/{common,BOARD}/{autoboot,boot}.
set -eu
images=$1
name=$2
common=$(cd "$(dirname "$0")" && pwd)
board=$common/../$name
signature=$(sed -n 's/.*disk-signature = 0x//p' "$common/genimage.cfg")

card=$images/card
rm -rf "$card" "$images/genimage.tmp"
mkdir -p "$card/autoboot" "$card/boot"

# take FOLDER FILE...: those that there are, into the folder of the card.
take() {
	folder=$card/$1
	shift
	for file; do
		[ ! -e "$file" ] || cp -r "$file" "$folder/"
	done
}

firmware=boot
if [ -e "$images/u-boot.bin" ]; then
	firmware=autoboot
	take autoboot "$images/u-boot.bin" "$images/boot.scr"
fi
take boot "$images/Image"
for folder in autoboot boot; do
	take $folder "$common/$folder"/* "$board/$folder"/*
done

# Raspberry's firmware, and what it is told.
if [ -d "$images/rpi-firmware" ]; then
	take $firmware "$images/rpi-firmware"/* "$images"/*.dtb
	cat "$common/config.txt" "$board/config.txt" >"$card/$firmware/config.txt"
fi

# The kernel's command line, without the root for U-Boot's script, which knows the slot; else one for each slot.
line="$(cat "$board/cmdline" "$common/cmdline" | tr '\n' ' ')"
if [ $firmware = autoboot ]; then
	printf 'bootargs=%s\n' "${line% }" >"$card/boot/boot.env"
else
	printf '%sroot=PARTUUID=%s-05 rauc.slot=A\n' "$line" "$signature" >"$card/boot/cmdline-a.txt"
	printf '%sroot=PARTUUID=%s-06 rauc.slot=B\n' "$line" "$signature" >"$card/boot/cmdline-b.txt"
	printf '[boot_partition=2]\ncmdline=cmdline-a.txt\n[boot_partition=3]\ncmdline=cmdline-b.txt\n' >>"$card/boot/config.txt"
fi

# FAT keeps times: none that depends on when the card is made, by default the first that FAT knows.
export SOURCE_DATE_EPOCH="${SOURCE_DATE_EPOCH:-315532800}"
find "$card" -exec touch -h -d "@$SOURCE_DATE_EPOCH" {} +
truncate -s 16M "$images/blank"
TZ=UTC0 genimage --rootpath "$card" --tmppath "$images/genimage.tmp" --inputpath "$images" --outputpath "$images" \
	--config "$common/genimage.cfg"
rm -rf "$images/genimage.tmp" "$images/blank"
# What storage looks for at the first start.
echo 'submix: new' | dd of="$images/submix.img" bs=512 seek=65 conv=notrunc status=none

# The same system as an update for boxes that have another, if somebody is there to sign it: see bundle.sh.
if [ -n "${SUBMIX_KEY:-}" ]; then
	"$common/bundle.sh" "$name" "$SUBMIX_RELEASE" "$images/boot.vfat" "$images/rootfs.squashfs" "$SUBMIX_CERTIFICATE" "$SUBMIX_KEY" \
		"$images/submix-$name-$SUBMIX_RELEASE.raucb"
fi
